#include "decode/sflow/counter_records.h"

#include <fmt/format.h>

#include "decode/sflow/text.h"
#include "decode/template/convert.h"

namespace weir::decode::sflow {
namespace {

using flow::Anomaly;
using flow::CounterColumn;
using flow::FlowBatch;

template <CounterColumn column, class T>
void put(FlowBatch& batch, size_t row, T value) {
  batch.values<column>()[row] = static_cast<flow::ValueOf<column>>(value);
  batch.set_valid(column, row, 1);
}

std::string hex(ByteView bytes) {
  std::string text;
  for (const uint8_t byte : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

// RFC 9562 section 4: 8-4-4-4-12 hexadecimal digits.
std::string uuid_text(ByteView bytes) {
  const std::string digits = hex(bytes);
  const std::string_view view = digits;
  return fmt::format("{}-{}-{}-{}-{}", view.substr(0, 8), view.substr(8, 4), view.substr(12, 4), view.substr(16, 4),
                     view.substr(20));
}

}  // namespace

uint64_t CounterRecords::put_sample(const Sample& sample, RecordCutter& records, const IpAddress& agent,
                                    const MessageContext& message, flow::BatchBuilder& rows,
                                    flow::AnomalyCounts& anomalies) {
  uint64_t count = 0;
  for (Record record; records.next(record);) {
    const Layout* layout = counter_layout(record.format);
    if (layout == nullptr) {
      anomalies.add(Anomaly::unknown_sample_record);
      continue;
    }
    count += put_record(*layout, record.body, {sample, agent, message, layout->name, rows, anomalies});
  }
  return count;
}

uint64_t CounterRecords::put_record(const Layout& layout, ByteView body, const Origin& origin) {
  const size_t fields = read_fields(layout, body, values_);
  if (fields == 0) origin.anomalies.add(Anomaly::bad_sample_record);
  uint64_t count = 0;
  for (size_t i = 0; i < fields; ++i) {
    if (!is_unknown(layout.fields[i].kind, values_[i])) count += put_value(layout.fields[i], values_[i], origin);
  }
  return count;
}

uint64_t CounterRecords::put_value(const Field& field, const Value& value, const Origin& origin) {
  if (field.kind == Kind::adapters) return put_adapters(value.bytes, origin);
  if (field.kind == Kind::lanes) return put_lanes(value.bytes, origin);
  const Row row = begin_row(field.name, origin);
  switch (field.kind) {
    case Kind::percent:
      put<CounterColumn::real>(row.batch, row.row, static_cast<double>(value.number) / 100);
      break;
    case Kind::i32:
    case Kind::real:
      put<CounterColumn::real>(row.batch, row.row, value.real);
      break;
    case Kind::text:
      put_text(row, value.bytes, origin.anomalies);
      break;
    case Kind::mac:
      put<CounterColumn::text>(row.batch, row.row, row.batch.add_text(mac_to_string(value.number)));
      break;
    case Kind::uuid:
      put<CounterColumn::text>(row.batch, row.row, row.batch.add_text(uuid_text(value.bytes)));
      break;
    default:
      put<CounterColumn::value>(row.batch, row.row, value.number);
      break;
  }
  return 1;
}

// A row for each MAC address: the interface as the value, the address as the text.
uint64_t CounterRecords::put_adapters(ByteView adapters, const Origin& origin) {
  uint64_t count = 0;
  XdrReader in(adapters);
  for (Adapter adapter; next_adapter(in, adapter);) {
    for (XdrReader macs(adapter.macs); macs.remaining() > 0; ++count) {
      const Row row = begin_row("mac_address", origin);
      const ByteView mac = *macs.fixed(6);
      put<CounterColumn::value>(row.batch, row.row, adapter.if_index);
      put<CounterColumn::text>(row.batch, row.row, row.batch.add_text(mac_to_string(load_be_sized(mac))));
    }
  }
  return count;
}

// Rows named lane_1_rx_power_uw: the first word of a lane is its number.
uint64_t CounterRecords::put_lanes(ByteView lanes, const Origin& origin) {
  uint64_t count = 0;
  for (XdrReader in(lanes); in.remaining() > 0;) {
    const uint32_t lane = *in.u32();
    for (const std::string_view name : std::span(kLaneFields).subspan(1)) {
      const uint32_t value = *in.u32();
      if (value == UINT32_MAX) continue;
      const Row row = begin_row(fmt::format("lane_{}_{}", lane, name), origin);
      put<CounterColumn::value>(row.batch, row.row, value);
      ++count;
    }
  }
  return count;
}

CounterRecords::Row CounterRecords::begin_row(std::string_view name, const Origin& origin) {
  FlowBatch& batch = origin.rows.batch_for(origin.message.received);
  const size_t row = batch.append(1, origin.message.stream.endpoint.address);
  put<CounterColumn::time_received>(batch, row, to_us(origin.message.received));
  put<CounterColumn::sampler_address>(batch, row, origin.message.stream.endpoint.address);
  if (!origin.agent.is_unspecified()) put<CounterColumn::agent_address>(batch, row, origin.agent);
  put<CounterColumn::sub_agent_id>(batch, row, origin.message.stream.domain);
  put<CounterColumn::source_type>(batch, row, origin.sample.source_type);
  put<CounterColumn::source_index>(batch, row, origin.sample.source_index);
  put<CounterColumn::record>(batch, row, batch.add_text(origin.record));
  put<CounterColumn::name>(batch, row, batch.add_text(name));
  return {batch, row};
}

void CounterRecords::put_text(const Row& row, ByteView bytes, flow::AnomalyCounts& anomalies) {
  if (bytes.size() > limits_.text_length) {
    bytes = bytes.first(limits_.text_length);
    anomalies.add(Anomaly::list_limit);
  }
  text_.clear();
  append_utf8(bytes, text_);
  put<CounterColumn::text>(row.batch, row.row, row.batch.add_text(text_));
}

}  // namespace weir::decode::sflow
