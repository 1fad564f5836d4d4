// A decoder with what comes out of it, for tests: rows as maps from column name to text.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "decode/decoder.h"
#include "decode/test_wire.h"

namespace weir::decode::test {

using Row = std::map<std::string, std::string>;

inline std::string cell(const flow::FlowBatch& batch, flow::ColumnIndex column, size_t row) {
  const void* memory = batch.raw(column);
  switch (batch.schema()[column].type) {
    case flow::ColumnType::u8:
      return std::to_string(static_cast<const uint8_t*>(memory)[row]);
    case flow::ColumnType::u16:
      return std::to_string(static_cast<const uint16_t*>(memory)[row]);
    case flow::ColumnType::u32:
      return std::to_string(static_cast<const uint32_t*>(memory)[row]);
    case flow::ColumnType::u64:
      return std::to_string(static_cast<const uint64_t*>(memory)[row]);
    case flow::ColumnType::mac:
      return mac_to_string(static_cast<const uint64_t*>(memory)[row]);
    case flow::ColumnType::address:
      return static_cast<const IpAddress*>(memory)[row].to_string();
    case flow::ColumnType::timestamp:
      return to_rfc3339(timestamp_from_us(static_cast<const int64_t*>(memory)[row]));
    case flow::ColumnType::f64:
      return fmt::to_string(static_cast<const double*>(memory)[row]);
    case flow::ColumnType::text:
      return std::string(batch.text(static_cast<const flow::TextRef*>(memory)[row]));
  }
  return {};
}

// Every column that is not null, of every row.
inline std::vector<Row> rows_of(const flow::FlowBatch& batch) {
  std::vector<Row> rows(batch.rows());
  for (size_t c = 0; c < batch.schema().size(); ++c) {
    const flow::ColumnIndex column(c);
    for (size_t row = 0; row < batch.rows(); ++row) {
      if (batch.is_valid(column, row)) rows[row][std::string(batch.schema()[column].name)] = cell(batch, column, row);
    }
  }
  return rows;
}

class Harness {
 public:
  explicit Harness(DecoderOptions options = {})
      : builder([this](flow::FullBatch full) { take(std::move(full)); }, 64, options.schema),
        decoder(std::move(options)) {}
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  Harness& feed(ByteView bytes, uint16_t port = 50000, IpAddress exporter = kExporter) {
    return feed(datagram(bytes, port, exporter));
  }
  Harness& feed(const Datagram& datagram) {
    decoder.decode(datagram, builder);
    return *this;
  }
  // As after a reload of the configuration.
  void set_options(DecoderOptions options) {
    builder.set_schema(options.schema);
    decoder.set_options(std::move(options));
  }
  // What the texts of all rows so far take in their batches.
  size_t text_bytes() {
    builder.hand_over();
    return text_bytes_;
  }
  // All rows so far.
  const std::vector<Row>& rows() {
    builder.hand_over();
    return rows_;
  }
  flow::ExporterCounters counters() const {
    flow::ExporterCounters sum;
    for (const auto& [exporter, counters] : decoder.counters()) sum += counters;
    return sum;
  }
  uint64_t count(flow::Anomaly anomaly) const { return counters().anomalies[anomaly]; }
  // "bad_template sequence_gap*2": every anomaly that was counted.
  std::string anomalies() const {
    std::string text;
    for (size_t i = 0; i < flow::kAnomalyCount; ++i) {
      const auto anomaly = static_cast<flow::Anomaly>(i);
      if (count(anomaly) == 0) continue;
      text += fmt::format("{}{}", text.empty() ? "" : " ", flow::name(anomaly));
      if (count(anomaly) > 1) text += fmt::format("*{}", count(anomaly));
    }
    return text;
  }
  // Empty if the ledger adds up; call at the end.
  std::string imbalance() {
    decoder.expire(Timestamp::max());
    rows();
    const flow::ExporterCounters c = counters();
    if (c.datagrams_received != c.datagrams_decoded + c.datagrams_rejected) return "datagrams";
    if (c.rows[flow::Table::flows] != rows_.size()) {
      return fmt::format("{} rows decoded but {} handed over", c.rows[flow::Table::flows], rows_.size());
    }
    if (c.early_sets_held != 0) return "early sets left";
    if (c.anomalies[flow::Anomaly::missing_template] != c.early_sets_decoded + c.undecodable_sets) return "early sets";
    return {};
  }

  std::vector<Row> rows_;
  size_t text_bytes_ = 0;
  flow::TableBuilders builder;
  Decoder decoder;

 private:
  // Of flows; those of other tables are other tests' business.
  void take(flow::FullBatch full) {
    const flow::SealedBatch batch = flow::seal(std::move(full));
    if (batch->schema().table() != flow::Table::flows) return;
    text_bytes_ += batch->text_bytes();
    for (Row& row : rows_of(*batch)) rows_.push_back(std::move(row));
  }
};

// Records as "id/number element=hex ..." in the order in which they were found.
class TextSink : public RecordSink {
 public:
  void on_record(const RecordView& record) override {
    std::string text = fmt::format("{}{}/{}", record.options ? "options " : "", record.set_id, record.number);
    for (const FieldView& field : record.fields) {
      text += fmt::format(" {}{}:{}=", field.scope ? "scope " : "", field.enterprise, field.element);
      for (const uint8_t byte : field.value) text += fmt::format("{:02x}", byte);
    }
    records.push_back(std::move(text));
    datagrams.push_back(record.datagram);
    options += record.options ? 1 : 0;
  }
  std::vector<std::string> records;
  std::vector<uint64_t> datagrams;
  size_t options = 0;
};

}  // namespace weir::decode::test
