// sFlow samples as named values, for people and for comparison with other decoders.
#pragma once

#include <string_view>

#include "base/ip_address.h"
#include "decode/sflow/named_values.h"
#include "decode/sflow/sample.h"
#include "flow/anomaly.h"

namespace weir::decode::sflow {

// A sample with what its datagram says.
struct SampleView {
  const DatagramHeader& datagram;
  const Sample& sample;
};

// "flow_sample", "counter_sample", "discarded_packet", "unknown_sample"
std::string_view name(SampleKind kind);

// Everything in it. Sampled headers are shown with the addresses and ports that are in them.
void visit(const SampleView& view, ValueVisitor& visitor);

// Counts what is wrong with the records, as decoding them into rows does.
void check_records(const Sample& sample, RecordCutter& records, flow::AnomalyCounts& anomalies);

}  // namespace weir::decode::sflow
