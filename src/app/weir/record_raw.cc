// The format of `weir decode --raw`: every field with its element, its length and its bytes, uninterpreted, so that
// two decoders can be compared byte by byte.
#include <fmt/format.h>

#include <iterator>

#include "app/weir/record_format.h"
#include "decode/sflow/layout.h"
#include "decode/sflow/text.h"
#include "decode/sflow/values.h"
#include "flow/element_json.h"

namespace weir::app {
namespace {

std::string_view protocol_of(flow::FlowType type) {
  switch (type) {
    case flow::FlowType::netflow_v1:
      return "v1";
    case flow::FlowType::netflow_v5:
      return "v5";
    case flow::FlowType::netflow_v7:
      return "v7";
    case flow::FlowType::netflow_v9:
      return "v9";
    case flow::FlowType::ipfix:
      return "ipfix";
    case flow::FlowType::sflow_v5:
      return "sflow5";
    case flow::FlowType::unknown:
      break;
  }
  return "unknown";
}

bool has_templates(flow::FlowType type) { return type == flow::FlowType::netflow_v9 || type == flow::FlowType::ipfix; }

void append_field(std::string& out, const decode::FieldView& field, flow::FlowType type) {
  if (field.scope && type == flow::FlowType::netflow_v9) {
    fmt::format_to(std::back_inserter(out), "[\"scope:{}\",{},\"", field.element, field.value.size());
  } else {
    fmt::format_to(std::back_inserter(out), "[\"{}{}:{}\",{},\"", field.scope ? "scope " : "", field.enterprise,
                   field.element, field.value.size());
  }
  flow::append_hex(out, field.value);
  out += "\"]";
}

void append_counts(std::string& out, std::string_view name, const std::map<std::string, uint64_t>& counts) {
  fmt::format_to(std::back_inserter(out), "\"{}\":{{", name);
  for (std::string_view separator; const auto& [key, count] : counts) {
    fmt::format_to(std::back_inserter(out), "{}\"{}\":{}", separator, key, count);
    separator = ",";
  }
  out += '}';
}

void append_sflow(std::string& out, const SflowTotals& totals) {
  out += ",\"sflow\":{";
  append_counts(out, "samples", totals.samples);
  out += ',';
  append_counts(out, "records", totals.records);
  fmt::format_to(std::back_inserter(out), ",\"scaled_bytes\":{},\"scaled_packets\":{}}}", totals.scaled_bytes,
                 totals.scaled_packets);
}

// The formats of a sample and of its records, in the order of the wire.
void append_formats(std::string& out, const decode::sflow::Sample& sample) {
  fmt::format_to(std::back_inserter(out), "\"sample\":\"{}\",\"records\":[", decode::sflow::format_text(sample.format));
  decode::sflow::RecordCutter records(sample);
  std::string_view separator;
  for (decode::sflow::Record record; records.next(record); separator = ",") {
    fmt::format_to(std::back_inserter(out), "{}\"{}\"", separator, decode::sflow::format_text(record.format));
  }
  out += "],";
}

class RawFormat : public RecordFormat {
 public:
  void record(std::string& out, const decode::RecordView& record) override {
    fmt::format_to(std::back_inserter(out),
                   R"({{"dgram":{},"exporter":"{}","odid":{},"set":{},"rec":{},"kind":"{}{}",)", record.datagram,
                   record.exporter.to_string(), record.domain, record.set_id, record.number, protocol_of(record.type),
                   record.options ? "-options" : "");
    if (record.sflow != nullptr) append_formats(out, record.sflow->sample);
    if (!has_templates(record.type)) {
      out += "\"raw\":\"";
      flow::append_hex(out, record.raw);
      out += "\",";
    }
    out += "\"fields\":[";
    for (size_t i = 0; i < record.fields.size(); ++i) {
      if (i != 0) out += ',';
      append_field(out, record.fields[i], record.type);
    }
    out += "]}\n";
  }

  void end(std::string& out, const DecodeSummary& summary) override {
    fmt::format_to(std::back_inserter(out),
                   R"({{"totals":true,"datagrams":{},"records":{},"option_records":{},"undecodable_sets":{},"sums":{{)",
                   summary.export_datagrams(), summary.records, summary.option_records,
                   summary.counters.undecodable_sets);
    bool first = true;
    for (const auto& [element, sum] : summary.sums) {
      fmt::format_to(std::back_inserter(out), "{}\"{}\":{}", first ? "" : ",", element, sum);
      first = false;
    }
    out += '}';
    if (!summary.sflow.samples.empty()) append_sflow(out, summary.sflow);
    out += ",\"anomalies\":";
    append_anomalies_json(out, summary.counters.anomalies);
    out += "}\n";
  }
};

}  // namespace

void SflowTotals::add(const decode::sflow::SampleView& view) {
  const decode::sflow::Sample& sample = view.sample;
  ++samples[decode::sflow::format_text(sample.format)];
  const bool counters = sample.kind == decode::sflow::SampleKind::counters;
  bool scaled = false;
  decode::sflow::RecordCutter cutter(sample);
  for (decode::sflow::Record record; cutter.next(record);) {
    ++records[(counters ? "counter " : "flow ") + decode::sflow::format_text(record.format)];
    if (counters || scaled || record.format != decode::sflow::kRawHeader || record.body.size() < 8) continue;
    scaled = true;
    scaled_bytes += uint64_t{decode::sflow::word_at(record.body, 1)} * sample.sampling_rate;
    scaled_packets += sample.sampling_rate;
  }
}

std::unique_ptr<RecordFormat> make_raw_format() { return std::make_unique<RawFormat>(); }

}  // namespace weir::app
