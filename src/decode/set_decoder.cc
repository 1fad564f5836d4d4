#include "decode/set_decoder.h"

#include <algorithm>
#include <utility>

#include "decode/template/convert.h"
#include "decode/template/record_cutter.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using flow::FlowBatch;

// Fields cut before they are decoded: enough to make decoding by columns worth it, small enough for the cache.
constexpr size_t kFieldsAtOnce = 4096;
constexpr size_t kRecordsAtOnce = 64;

}  // namespace

NestedTemplate ListTemplates::find(TemplateId id) {
  const TemplatePtr& found = sessions_.find_template(*session_, id, message_->stream, message_->received);
  if (!found) return {};
  if (labels_.size() >= kMostLabels && !labels_.contains(found.get())) labels_.clear();
  Labels& known = labels_[found.get()];
  if (!known.of) known = {found, std::make_shared<const std::vector<std::string>>(field_labels(found->layout))};
  return {&found->layout, known.labels};
}

SetResult SetDecoder::decode(const CompiledTemplate& compiled, const SetView& set, const MessageContext& message,
                             Session& session, const Output& output) {
  const Template& layout = compiled.layout;
  flow::ExporterCounters& counters = session.exporter->counters;
  const flow::Table table = compiled.schema->table();
  SetResult result;
  ByteView rest;
  bool overran = false;
  if (!layout.options) sessions_.note_data(session);
  templates_.use(session, message);
  if (output.rows != nullptr && !layout.options && !layout.variable) {
    result.records = layout.whole_records(set.body.size());
    decode_rows(compiled, set.body, result.records, message, session, (*output.rows)[table]);
    rest = set.body.subspan(result.records * layout.min_length);
  } else {
    RecordCutter cutter(layout, set.body);
    if (output.sink != nullptr)
      result.records = inspect(compiled, cutter, message, session, *output.sink);
    else if (layout.options)
      result.records = decode_options(compiled, cutter, message, session);
    else
      result.records = decode_variable(compiled, cutter, message, session, (*output.rows)[table]);
    rest = cutter.rest();
    overran = cutter.overran();
  }
  if (layout.options) sessions_.charge(session);
  (layout.options ? counters.option_records : counters.rows[table]) += result.records;
  result.complete = !overran && !set.clipped;
  if (overran || (result.records == 0 && !all_zero(rest))) {
    counters.anomalies.add(Anomaly::truncated_record);
    result.complete = false;
  } else if (!set.clipped && (rest.size() > set.max_padding || !all_zero(rest))) {
    counters.anomalies.add(Anomaly::bad_padding);
  }
  return result;
}

RowContext SetDecoder::row_context(FlowBatch& batch, const CompiledTemplate& compiled, const MessageContext& message,
                                   Session& session) {
  sessions_.options_for(session, message.stream, message.received, known_options_);
  const TimeBase time = message.has_uptime ? TimeBase::from_header(message.export_us, message.uptime_ms)
                                           : TimeBase::from_start(message.export_us, start_ms(known_options_));
  return {.batch = batch,
          .message = message,
          .time = time,
          .options = known_options_,
          .template_id = compiled.layout.id,
          .configured_rate = session.exporter->configured_rate,
          .relayed = session.exporter->relay ? &rates_ : nullptr,
          .other = other_,
          .templates = templates_,
          .limits = limits_,
          .anomalies = session.anomalies(),
          .scratch = text_};
}

void SetDecoder::decode_rows(const CompiledTemplate& compiled, ByteView records, size_t count,
                             const MessageContext& message, Session& session, flow::BatchBuilder& rows) {
  const size_t length = compiled.layout.min_length;
  while (count > 0) {
    FlowBatch& batch = rows.batch_for(message.received);
    const size_t now = std::min(batch.room(), count);
    compiled.plan.decode_fixed(records.first(now * length), now, row_context(batch, compiled, message, session));
    records = records.subspan(now * length);
    count -= now;
  }
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
    if (cut > 0) compiled.plan.decode_gathered(fields_, row_context(batch, compiled, message, session));
    total += cut;
    if (cut < wanted) return total;
  }
}

size_t SetDecoder::decode_options(const CompiledTemplate& compiled, RecordCutter& cutter, const MessageContext& message,
                                  Session& session) {
  size_t records = 0;
  for (fields_.clear(); !cutter.next(fields_).empty(); fields_.clear()) {
    apply_options(*compiled.options, fields_, message.stream, session);
    ++records;
  }
  return records;
}

// What a message announces that may be another stream's is nobody's: it would be taken for that one's.
void SetDecoder::apply_options(const OptionsFields& options, std::span<const ByteView> fields, const StreamId& stream,
                               Session& session) {
  if (!stream.sure) return;
  if (const uint32_t rate = options.sampling().rate(fields); rate != 0)
    apply_rate(options, fields, rate, stream, session);
  if (const uint64_t start_ms = options.start_ms(fields); start_ms != 0)
    sessions_.learn_start(session, stream, start_ms);
  options.each_name(fields, [&](NameKind kind, uint64_t id, ByteView name) {
    const Fit fit = convert_text(flow::Conversion::text, name, text_, limits_.text_length);
    if (fit == Fit::ok || fit == Fit::list_limit) sessions_.learn_name(session, stream, kind, id, text_);
  });
}

// A rate belongs to the most special thing that the record names.
void SetDecoder::apply_rate(const OptionsFields& options, std::span<const ByteView> fields, uint32_t rate,
                            const StreamId& stream, Session& session) {
  const uint32_t in_if = options.in_if(fields);
  const uint32_t out_if = options.out_if(fields);
  if (const auto selector = options.sampling().selector(fields)) {
    sessions_.learn_rate(session, stream, RateScope::selector, *selector, rate);
  } else if (in_if != 0 || out_if != 0) {
    if (in_if != 0) sessions_.learn_rate(session, stream, RateScope::interface, in_if, rate);
    if (out_if != 0 && out_if != in_if) sessions_.learn_rate(session, stream, RateScope::interface, out_if, rate);
  } else if (const TemplateId id = options.data_template(fields); id != TemplateId{}) {
    sessions_.learn_rate(session, stream, RateScope::data_template, std::to_underlying(id), rate);
  } else {
    sessions_.learn_domain_rate(session, stream, rate);
  }
}

void SetDecoder::check_lists(const CompiledTemplate& compiled, const MessageContext& message, Session& session) {
  ValueWriter writer(&templates_, timestamp_from_us(message.export_us), limits_);
  for (const CompiledTemplate::List& list : compiled.lists) {
    text_.clear();
    const ListTrouble trouble = writer.append(text_, list.type, fields_[list.field]);
    if (trouble.bad) session.anomalies().add(Anomaly::bad_list);
    if (trouble.limit) session.anomalies().add(Anomaly::list_limit);
  }
}

size_t SetDecoder::inspect(const CompiledTemplate& compiled, RecordCutter& cutter, const MessageContext& message,
                           Session& session, RecordSink& sink) {
  const Template& layout = compiled.layout;
  RecordView record{.datagram = message.datagram,
                    .exporter = message.stream.endpoint.address,
                    .domain = message.stream.domain,
                    .set_id = std::to_underlying(layout.id),
                    .number = 0,
                    .type = message.stream.protocol,
                    .options = layout.options,
                    .export_time = timestamp_from_us(message.export_us),
                    .raw = {},
                    .fields = {},
                    .templates = &templates_};
  for (fields_.clear(); !(record.raw = cutter.next(fields_)).empty(); fields_.clear()) {
    if (layout.options) apply_options(*compiled.options, fields_, message.stream, session);
    if (!compiled.lists.empty()) check_lists(compiled, message, session);
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
