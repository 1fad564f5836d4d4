// Counter samples as rows of the table `counters`: one row for each counter that is known.
#pragma once

#include <cstdint>
#include <string>

#include "decode/common/limits.h"
#include "decode/common/message.h"
#include "decode/sflow/layout.h"
#include "flow/anomaly.h"
#include "flow/batch_builder.h"

namespace weir::decode::sflow {

class CounterRecords {
 public:
  void set_limits(const Limits& limits) { limits_ = limits; }

  // Appends the rows of one sample; returns how many.
  uint64_t put_sample(const Sample& sample, RecordCutter& records, const IpAddress& agent,
                      const MessageContext& message, flow::BatchBuilder& rows, flow::AnomalyCounts& anomalies);

 private:
  // What the rows of one record have in common.
  struct Origin {
    const Sample& sample;
    const IpAddress& agent;
    const MessageContext& message;
    std::string_view record;
    flow::BatchBuilder& rows;
    flow::AnomalyCounts& anomalies;
  };
  struct Row {
    flow::FlowBatch& batch;
    size_t row;
  };

  uint64_t put_record(const Layout& layout, ByteView body, const Origin& origin);
  uint64_t put_value(const Field& field, const Value& value, const Origin& origin);
  uint64_t put_adapters(ByteView adapters, const Origin& origin);
  uint64_t put_lanes(ByteView lanes, const Origin& origin);
  Row begin_row(std::string_view name, const Origin& origin);
  void put_text(const Row& row, ByteView bytes, flow::AnomalyCounts& anomalies);

  Limits limits_;
  Values values_;
  std::string text_;
};

}  // namespace weir::decode::sflow
