#include "decode/sflow/sflow_decoder.h"

#include <algorithm>

#include "decode/sflow/values.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using flow::Column;
using flow::FlowBatch;
using sflow::SampleKind;

bool is_packet(const sflow::Sample& sample) {
  return sample.kind == SampleKind::flow || sample.kind == SampleKind::discard;
}

template <Column column, class T>
void fill(FlowBatch& batch, size_t first, size_t count, T value) {
  std::fill_n(batch.values<column>() + first, count, value);
  batch.set_valid(column, first, count);
}

// What a sample's frame says against itself.
void count_damage(const sflow::RecordCutter& records, bool clipped, flow::AnomalyCounts& anomalies) {
  if (records.damaged()) anomalies.add(Anomaly::bad_sample_record);
  if (clipped || (!records.damaged() && !records.consistent())) anomalies.add(Anomaly::bad_sample);
  if (records.unread() > 0 && records.consistent()) anomalies.add(Anomaly::trailing_bytes);
}

}  // namespace

void SflowDecoder::set_limits(const Limits& limits) {
  agents_.set_limits(limits);
  flows_.set_limits(limits);
  counters_.set_limits(limits);
}

bool SflowDecoder::decode(ByteView bytes, MessageContext context, Exporter& exporter, const Output& output) {
  XdrReader in(bytes);
  const auto header = sflow::read_header(in);
  if (!header) {
    exporter.counters.anomalies.add(Anomaly::truncated_header);
    return false;
  }
  context.stream.protocol = flow::FlowType::sflow_v5;
  context.stream.domain = header->sub_agent;
  context.export_us = to_us(context.received);
  exporter.counters.protocols |= 1U << static_cast<uint32_t>(context.stream.protocol);
  agents_
      .find({context.stream.endpoint.address, header->agent, header->sub_agent}, *header, context.stream.endpoint.port,
            context.received, exporter.counters.anomalies)
      .observe(*header, context.received, exporter.counters);
  decode_samples(in.rest(), {*header, context, exporter, output});
  return true;
}

void SflowDecoder::decode_samples(ByteView samples, const Current& current) {
  flow::AnomalyCounts& anomalies = current.exporter.counters.anomalies;
  sflow::SampleCutter cutter(samples, current.header.samples);
  uint32_t number = 0;
  sflow::Sample sample;
  for (sflow::CutSample cut; cutter.next(cut);) {
    ++number;
    if (!parse_sample(cut, sample)) {
      anomalies.add(Anomaly::bad_sample);
      continue;
    }
    if (sample.kind == SampleKind::unknown) anomalies.add(Anomaly::unknown_sample);
    sflow::RecordCutter records(sample);
    decode_sample(sample, records, number, current);
    count_damage(records, cut.clipped, anomalies);
    cutter.use_rest(records.overrun());
  }
  finish_rows(current);
  if (cutter.missing() > 0) anomalies.add(Anomaly::count_mismatch);
  if (!cutter.rest().empty()) anomalies.add(Anomaly::trailing_bytes);
}

void SflowDecoder::decode_sample(const sflow::Sample& sample, sflow::RecordCutter& records, uint32_t number,
                                 const Current& current) {
  flow::ExporterCounters& counters = current.exporter.counters;
  if (is_packet(sample)) {
    ++counters.rows[flow::Table::flows];
    note_drops(sample, current.exporter);
  }
  if (current.output.sink != nullptr) {
    inspect(sample, records, number, current);
  } else if (is_packet(sample)) {
    put_row(sample, records, current);
  } else if (sample.kind == SampleKind::counters) {
    counters.rows[flow::Table::counters] +=
        counters_.put_sample(sample, records, current.header.agent, current.context,
                             (*current.output.rows)[flow::Table::counters], counters.anomalies);
  } else {
    check_records(sample, records, counters.anomalies);
  }
}

void SflowDecoder::inspect(const sflow::Sample& sample, sflow::RecordCutter& records, uint32_t number,
                           const Current& current) {
  check_records(sample, records, current.exporter.counters.anomalies);
  const sflow::SampleView view{current.header, sample};
  current.output.sink->on_record({.datagram = current.context.datagram,
                                  .exporter = current.context.stream.endpoint.address,
                                  .domain = current.context.stream.domain,
                                  .set_id = 0,
                                  .number = number,
                                  .type = current.context.stream.protocol,
                                  .options = false,
                                  .export_time = current.context.received,
                                  .raw = sample.raw,
                                  .fields = {},
                                  .sflow = &view});
}

void SflowDecoder::put_row(const sflow::Sample& sample, sflow::RecordCutter& records, const Current& current) {
  flow::ExporterCounters& counters = current.exporter.counters;
  const bool fits = open_.batch != nullptr && open_.batch->room() > 0 &&
                    open_.batch->text_bytes() < flow::BatchBuilder::kMaxTextBytes;
  if (!fits) {
    finish_rows(current);
    open_.batch = &(*current.output.rows)[flow::Table::flows].batch_for(current.context.received);
    open_.first = open_.batch->rows();
  }
  FlowBatch& batch = *open_.batch;
  const size_t row = batch.append(1, current.context.stream.endpoint.address);
  const uint32_t configured = current.exporter.configured_rate;
  const uint32_t rate = configured != 0 ? configured : sample.sampling_rate;
  if (rate != 0) {
    batch.values<Column::sampling_rate>()[row] = rate;
    batch.set_valid(Column::sampling_rate, row, 1);
  }
  if (sample.sampling_rate != 0) counters.sampling_rate = sample.sampling_rate;
  flows_.put_sample(sample, records, {batch, row, counters.anomalies});
}

// What the agent could not sample is missing from all that it sends.
void SflowDecoder::note_drops(const sflow::Sample& sample, Exporter& exporter) {
  const sflow::SourceKey source{sample.source_type, sample.source_index, sample.kind == SampleKind::discard};
  exporter.counters.agent_drops += agents_.observe_drops(source, sample.drops, exporter.counters.anomalies);
}

void SflowDecoder::finish_rows(const Current& current) {
  if (open_.batch == nullptr) return;
  FlowBatch& batch = *open_.batch;
  const size_t first = open_.first;
  const size_t count = batch.rows() - first;
  open_ = {};
  const MessageContext& context = current.context;
  const int64_t received_us = to_us(context.received);
  fill<Column::time_received>(batch, first, count, received_us);
  // A sampled packet was seen when the datagram came, or a second before: sFlow sends no times.
  fill<Column::time_flow_start>(batch, first, count, received_us);
  fill<Column::time_flow_end>(batch, first, count, received_us);
  fill<Column::type>(batch, first, count, static_cast<uint8_t>(context.stream.protocol));
  fill<Column::sampler_address>(batch, first, count, context.stream.endpoint.address);
  fill<Column::observation_domain_id>(batch, first, count, context.stream.domain);
  fill<Column::packets>(batch, first, count, uint64_t{1});
  if (!current.header.agent.is_unspecified()) fill<Column::agent_address>(batch, first, count, current.header.agent);
}

}  // namespace weir::decode
