// sFlow version 5 (sflow.org/sflow_version_5.txt). A datagram holds samples: of packets, which become flows of one
// packet each, and of counters, which become rows of the table `counters`. There are no templates, and no state is
// needed to read a datagram; what is remembered of an agent only tells what was lost.
#pragma once

#include <cstdint>

#include "decode/common/message.h"
#include "decode/common/output.h"
#include "decode/session/session.h"
#include "decode/sflow/agents.h"
#include "decode/sflow/counter_records.h"
#include "decode/sflow/flow_records.h"

namespace weir::decode {

class SflowDecoder {
 public:
  explicit SflowDecoder(const Limits& limits) : agents_(limits) { set_limits(limits); }

  void set_limits(const Limits& limits);
  sflow::AgentTable& agents() { return agents_; }

  // False if the datagram is rejected; the reason has been counted. context: as the datagram itself tells; type and
  // domain are filled in here.
  bool decode(ByteView bytes, MessageContext context, Exporter& exporter, const Output& output);

 private:
  // What the samples of one datagram have in common.
  struct Current {
    const sflow::DatagramHeader& header;
    const MessageContext& context;
    Exporter& exporter;
    const Output& output;
  };
  // Rows of one datagram in one batch: what is the same for all of them is filled in at the end.
  struct OpenRows {
    flow::FlowBatch* batch = nullptr;
    size_t first = 0;
  };

  void decode_samples(ByteView samples, const Current& current);
  void decode_sample(const sflow::Sample& sample, sflow::RecordCutter& records, uint32_t number,
                     const Current& current);
  void inspect(const sflow::Sample& sample, sflow::RecordCutter& records, uint32_t number, const Current& current);
  void put_row(const sflow::Sample& sample, sflow::RecordCutter& records, const Current& current);
  void note_drops(const sflow::Sample& sample, Exporter& exporter);
  void finish_rows(const Current& current);

  sflow::AgentTable agents_;
  sflow::FlowRecords flows_;
  sflow::CounterRecords counters_;
  OpenRows open_;
};

}  // namespace weir::decode
