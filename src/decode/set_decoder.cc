#include "decode/set_decoder.h"

#include <algorithm>

#include "base/big_endian.h"
#include "decode/record_cutter.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using flow::FlowBatch;

// Fields cut before they are decoded: enough to make decoding by columns worth it, small enough for the cache.
constexpr size_t kFieldsAtOnce = 4096;
constexpr size_t kRecordsAtOnce = 64;

bool all_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
}

}  // namespace

SetResult SetDecoder::decode(const CompiledTemplate& compiled, const SetView& set, const MessageContext& message,
                             Session& session, const Output& output) {
  const Template& layout = compiled.layout;
  flow::ExporterCounters& counters = session.exporter->counters;
  SetResult result;
  ByteView rest;
  bool overran = false;
  if (output.rows != nullptr && !layout.options && !layout.variable) {
    const size_t whole = set.body.size() / layout.min_length * layout.min_length;
    result.records = decode_rows(compiled, set.body.first(whole), message, session, *output.rows);
    rest = set.body.subspan(whole);
  } else {
    RecordCutter cutter(layout, set.body);
    if (output.sink != nullptr)
      result.records = inspect(compiled, cutter, message, session, *output.sink);
    else if (layout.options)
      result.records = decode_options(compiled, cutter, session);
    else
      result.records = decode_variable(compiled, cutter, message, session, *output.rows);
    rest = cutter.rest();
    overran = cutter.overran();
  }
  (layout.options ? counters.option_records : counters.records_decoded) += result.records;
  result.complete = !overran && !set.clipped;
  if (overran || (result.records == 0 && !all_zero(rest))) {
    counters.anomalies.add(Anomaly::truncated_record);
    result.complete = false;
  } else if (!set.clipped && (rest.size() > set.max_padding || !all_zero(rest))) {
    counters.anomalies.add(Anomaly::bad_padding);
  }
  return result;
}

RowContext SetDecoder::row_context(FlowBatch& batch, const MessageContext& message, Session& session) {
  const TimeBase time = message.has_uptime ? TimeBase::from_header(message.export_us, message.uptime_ms)
                                           : TimeBase::from_start(message.export_us, session.start_ms);
  return {batch, message, time, session.sampling, session.exporter->configured_rate, other_, session.anomalies(),
          text_};
}

size_t SetDecoder::decode_rows(const CompiledTemplate& compiled, ByteView records, const MessageContext& message,
                               Session& session, flow::BatchBuilder& rows) {
  const size_t length = compiled.layout.min_length;
  const size_t total = records.size() / length;
  while (!records.empty()) {
    FlowBatch& batch = rows.batch_for(message.received);
    const size_t octets = std::min(batch.room(), records.size() / length) * length;
    compiled.plan.decode_fixed(records.first(octets), row_context(batch, message, session));
    records = records.subspan(octets);
  }
  return total;
}

size_t SetDecoder::decode_variable(const CompiledTemplate& compiled, RecordCutter& cutter,
                                   const MessageContext& message, Session& session, flow::BatchBuilder& rows) {
  const size_t at_once = std::clamp<size_t>(kFieldsAtOnce / compiled.layout.fields.size(), 1, kRecordsAtOnce);
  size_t total = 0;
  while (true) {
    FlowBatch& batch = rows.batch_for(message.received);
    const size_t wanted = std::min(at_once, batch.room());
    fields_.clear();
    size_t cut = 0;
    while (cut < wanted && !cutter.next(fields_).empty()) ++cut;
    if (cut > 0) compiled.plan.decode_gathered(fields_, row_context(batch, message, session));
    total += cut;
    if (cut < wanted) return total;
  }
}

size_t SetDecoder::decode_options(const CompiledTemplate& compiled, RecordCutter& cutter, Session& session) {
  size_t records = 0;
  for (fields_.clear(); !cutter.next(fields_).empty(); fields_.clear()) {
    apply_options(compiled, fields_, session);
    ++records;
  }
  return records;
}

void SetDecoder::apply_options(const CompiledTemplate& compiled, std::span<const ByteView> fields, Session& session) {
  const uint32_t rate = compiled.sampling.rate(fields);
  if (rate != 0) {
    if (const auto selector = compiled.sampling.selector(fields))
      session.sampling.set_selector_rate(*selector, rate);
    else
      session.sampling.set_domain_rate(rate);
    session.exporter->counters.sampling_rate = rate;
  }
  if (compiled.start_field < 0) return;
  const ByteView start = fields[static_cast<size_t>(compiled.start_field)];
  if (start.size() <= 8 && load_be_sized(start) != 0) session.start_ms = load_be_sized(start);
}

size_t SetDecoder::inspect(const CompiledTemplate& compiled, RecordCutter& cutter, const MessageContext& message,
                           Session& session, RecordSink& sink) {
  const Template& layout = compiled.layout;
  RecordView record{.datagram = message.datagram,
                    .exporter = message.exporter,
                    .domain = message.domain,
                    .set_id = layout.id,
                    .number = 0,
                    .type = message.type,
                    .options = layout.options,
                    .export_time = timestamp_from_us(message.export_us),
                    .raw = {},
                    .fields = {}};
  for (fields_.clear(); !(record.raw = cutter.next(fields_)).empty(); fields_.clear()) {
    if (layout.options) apply_options(compiled, fields_, session);
    views_.clear();
    for (size_t i = 0; i < fields_.size(); ++i) {
      const FieldSpec& field = layout.fields[i];
      views_.push_back({field.enterprise, field.element, field.scope, fields_[i]});
    }
    ++record.number;
    record.fields = views_;
    sink.on_record(record);
  }
  return record.number;
}

}  // namespace weir::decode
