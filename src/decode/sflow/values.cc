#include "decode/sflow/values.h"

#include <fmt/format.h>

#include <memory>
#include <string>

#include "decode/packet/packet.h"
#include "decode/sflow/flow_records.h"
#include "decode/sflow/layout.h"
#include "decode/sflow/text.h"

namespace weir::decode::sflow {
namespace {

const Layout* layout_of(SampleKind kind, uint32_t format) {
  return kind == SampleKind::counters ? counter_layout(format) : flow_layout(format);
}

void visit_interface(std::string_view name, const Interface& interface, ValueVisitor& visitor) {
  visitor.begin_object(name);
  switch (interface.format) {
    case 0:
      if (interface.value == kInternal)
        visitor.flag("internal", true);
      else
        visitor.number("index", interface.value);
      break;
    case 1:
      visitor.number("discarded", interface.value);
      visitor.text("reason", drop_reason_name(interface.value));
      break;
    case 2:
      visitor.number("several", interface.value);
      break;
    default:
      visitor.number("format", interface.format);
      visitor.number("value", interface.value);
      break;
  }
  visitor.end_object();
}

void visit_headers(std::string_view name, const packet::Headers& headers, ValueVisitor& visitor) {
  visitor.begin_object(name);
  if (headers.ethernet) {
    visitor.text("dst_mac", mac_to_string(headers.dst_mac));
    visitor.text("src_mac", mac_to_string(headers.src_mac));
  }
  for (size_t i = 0; i < std::min<size_t>(headers.vlan_count, headers.vlan.size()); ++i) {
    visitor.number(i == 0 ? "vlan" : "inner_vlan", headers.vlan[i]);
    visitor.number(i == 0 ? "vlan_priority" : "inner_vlan_priority", headers.vlan_priority[i]);
  }
  if (headers.etype != 0) visitor.number("etype", headers.etype);
  if (headers.label_count > 0) {
    visitor.begin_list("mpls_labels");
    for (size_t i = 0; i < std::min<size_t>(headers.label_count, headers.labels.size()); ++i)
      visitor.number({}, headers.labels[i]);
    visitor.end_list();
  }
  if (headers.ip) {
    visitor.text("src_addr", headers.src_addr.to_string());
    visitor.text("dst_addr", headers.dst_addr.to_string());
    visitor.number("proto", headers.proto);
    visitor.number("tos", headers.tos);
    visitor.number("ttl", headers.ttl);
  }
  if (headers.fragment_known) {
    visitor.number("fragment_id", headers.fragment_id);
    visitor.number("fragment_offset", headers.fragment_offset);
  }
  if (headers.ports) {
    visitor.number("src_port", headers.src_port);
    visitor.number("dst_port", headers.dst_port);
  }
  if (headers.tcp) visitor.number("tcp_flags", headers.tcp_flags);
  if (headers.icmp) {
    visitor.number("icmp_type", headers.icmp_type);
    visitor.number("icmp_code", headers.icmp_code);
  }
  visitor.end_object();
}

void visit_packet(ByteView header, packet::Link link, ValueVisitor& visitor) {
  const auto packet = std::make_unique<packet::Packet>();
  packet::dissect(header, link, *packet);
  visit_headers("packet", packet->outer, visitor);
  if (packet->tunnel == packet::TunnelType::none) return;
  visitor.text("tunnel_type", packet::name(packet->tunnel));
  if (packet->has_tunnel_id) visitor.number("tunnel_id", packet->tunnel_id);
  visit_headers("inner_packet", packet->inner, visitor);
}

void visit_labels(ByteView labels, ValueVisitor& visitor) {
  for (size_t i = 0; i < word_count(labels); ++i) {
    const Label label = label_of(word_at(labels, i));
    visitor.begin_object({});
    visitor.number("label", label.label);
    visitor.number("traffic_class", label.traffic_class);
    visitor.number("ttl", label.ttl);
    visitor.end_object();
  }
}

void visit_tags(ByteView tags, ValueVisitor& visitor) {
  for (size_t i = 0; i < word_count(tags); ++i) {
    const Tag tag = tag_of(word_at(tags, i));
    visitor.begin_object({});
    visitor.text("tpid", fmt::format("0x{:04x}", tag.tpid));
    visitor.number("vlan", tag.vlan);
    visitor.number("priority", tag.priority);
    visitor.end_object();
  }
}

void visit_adapters(ByteView adapters, ValueVisitor& visitor) {
  XdrReader in(adapters);
  for (Adapter adapter; next_adapter(in, adapter);) {
    visitor.begin_object({});
    visitor.number("if_index", adapter.if_index);
    visitor.begin_list("mac_addresses");
    for (XdrReader macs(adapter.macs); macs.remaining() > 0;)
      visitor.text({}, mac_to_string(load_be_sized(*macs.fixed(6))));
    visitor.end_list();
    visitor.end_object();
  }
}

void visit_lanes(ByteView lanes, ValueVisitor& visitor) {
  for (XdrReader in(lanes); in.remaining() > 0;) {
    visitor.begin_object({});
    for (const std::string_view name : kLaneFields) visitor.number(name, *in.u32());
    visitor.end_object();
  }
}

void visit_list(const Field& field, const Value& value, ValueVisitor& visitor) {
  visitor.begin_list(field.name);
  if (field.kind == Kind::labels) visit_labels(value.bytes, visitor);
  if (field.kind == Kind::tags) visit_tags(value.bytes, visitor);
  if (field.kind == Kind::adapters) visit_adapters(value.bytes, visitor);
  if (field.kind == Kind::lanes) visit_lanes(value.bytes, visitor);
  visitor.end_list();
}

void visit_field(const Field& field, const Value& value, ValueVisitor& visitor) {
  std::string text;
  AsPathEnds ends;
  switch (field.kind) {
    case Kind::u32:
    case Kind::u64:
      visitor.number(field.name, value.number);
      break;
    case Kind::percent:
      visitor.real(field.name, static_cast<double>(value.number) / 100);
      break;
    case Kind::i32:
    case Kind::real:
      visitor.real(field.name, value.real);
      break;
    case Kind::mac:
      visitor.text(field.name, mac_to_string(value.number));
      break;
    case Kind::ipv4:
    case Kind::ipv6:
    case Kind::address:
      visitor.text(field.name, value.has_address ? value.address.to_string() : "unknown");
      break;
    case Kind::text:
      visitor.text(field.name, std::string(value.bytes.begin(), value.bytes.end()));
      break;
    case Kind::uuid:
    case Kind::bytes:
      visitor.bytes(field.name, value.bytes);
      break;
    case Kind::as_path:
      append_as_path(value.bytes, SIZE_MAX, text, ends);
      visitor.text(field.name, text);
      break;
    case Kind::communities:
      append_communities(value.bytes, SIZE_MAX, text);
      visitor.text(field.name, text);
      break;
    case Kind::labels:
    case Kind::tags:
    case Kind::adapters:
    case Kind::lanes:
      visit_list(field, value, visitor);
      break;
  }
}

void visit_record(SampleKind kind, const Record& record, ValueVisitor& visitor) {
  visitor.begin_object({});
  visitor.text("format", format_text(record.format));
  const Layout* layout = layout_of(kind, record.format);
  Values values;
  const size_t fields = layout == nullptr ? 0 : read_fields(*layout, record.body, values);
  if (layout != nullptr) visitor.text("name", layout->name);
  for (size_t i = 0; i < fields; ++i) visit_field(layout->fields[i], values[i], visitor);
  if (fields == 0) {
    if (layout != nullptr) visitor.flag("damaged", true);
    visitor.bytes("octets", record.body);
  } else if (kind != SampleKind::counters && record.format == kRawHeader) {
    visit_packet(values[3].bytes, link_of(static_cast<uint32_t>(values[0].number)), visitor);
  }
  visitor.end_object();
}

}  // namespace

std::string_view name(SampleKind kind) {
  switch (kind) {
    case SampleKind::flow:
      return "flow_sample";
    case SampleKind::counters:
      return "counter_sample";
    case SampleKind::discard:
      return "discarded_packet";
    case SampleKind::unknown:
      break;
  }
  return "unknown_sample";
}

void visit(const SampleView& view, ValueVisitor& visitor) {
  const Sample& sample = view.sample;
  visitor.text("agent", view.datagram.agent.to_string());
  visitor.number("sequence", view.datagram.sequence);
  visitor.number("uptime_ms", view.datagram.uptime_ms);
  visitor.text("format", format_text(sample.format));
  if (sample.kind == SampleKind::unknown) {
    visitor.bytes("octets", sample.raw);
    return;
  }
  visitor.number("sample_sequence", sample.sequence);
  visitor.number("source_type", sample.source_type);
  visitor.number("source_index", sample.source_index);
  if (sample.kind == SampleKind::flow) {
    visitor.number("sampling_rate", sample.sampling_rate);
    visitor.number("sample_pool", sample.sample_pool);
  }
  if (sample.kind != SampleKind::counters) {
    visitor.number("drops", sample.drops);
    visit_interface("input", sample.input, visitor);
    visit_interface("output", sample.output, visitor);
  }
  if (sample.kind == SampleKind::discard) {
    visitor.number("reason", sample.reason);
    visitor.text("reason_name", drop_reason_name(sample.reason));
  }
  visitor.begin_list("records");
  RecordCutter cutter(sample);
  for (Record record; cutter.next(record);) visit_record(sample.kind, record, visitor);
  visitor.end_list();
  if (cutter.damaged()) visitor.flag("damaged", true);
}

void check_records(const Sample& sample, RecordCutter& records, flow::AnomalyCounts& anomalies) {
  Values values;
  for (Record record; records.next(record);) {
    const Layout* layout = layout_of(sample.kind, record.format);
    if (layout == nullptr)
      anomalies.add(flow::Anomaly::unknown_sample_record);
    else if (read_fields(*layout, record.body, values) == 0)
      anomalies.add(flow::Anomaly::bad_sample_record);
  }
}

}  // namespace weir::decode::sflow
