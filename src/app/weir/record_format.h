// Records as they were on the wire, as text: what `weir decode` prints.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "decode/decoder.h"
#include "decode/sflow/values.h"
#include "flow/ledger.h"
#include "net/capture.h"

namespace weir::app {

// sFlow samples and records by their formats, as "0:1".
struct SflowTotals {
  std::map<std::string, uint64_t> samples;
  std::map<std::string, uint64_t> records;  // "flow 0:1", "counter 0:1"
  // Over raw headers: frame lengths, and packets, times the sampling rate.
  uint64_t scaled_bytes = 0;
  uint64_t scaled_packets = 0;

  void add(const decode::sflow::SampleView& view);
};

// What is known when everything has been read.
struct DecodeSummary {
  uint64_t files = 0;  // that could be opened
  net::CaptureCounts capture;
  flow::ExporterCounters counters;  // of all exporters
  uint64_t records = 0;
  uint64_t option_records = 0;
  uint64_t counter_samples = 0;          // sFlow: no flows
  uint64_t unknown_samples = 0;          // sFlow, of a format that we do not know
  std::map<std::string, uint64_t> sums;  // bytes and packets over data records, by element "ENTERPRISE:NUMBER"

  SflowTotals sflow;

  // Datagrams of a protocol that we know, decoded or not. The others are something else on the same port.
  uint64_t export_datagrams() const;
};

// One format. All append to `out`; one record is one call.
class RecordFormat {
 public:
  virtual ~RecordFormat() = default;
  virtual void begin(std::string&) {}
  virtual void record(std::string& out, const decode::RecordView& record) = 0;
  virtual void end(std::string&, const DecodeSummary&) {}
};

// name: table, json, ndjson, csv.
std::unique_ptr<RecordFormat> make_record_format(std::string_view name);
// The bytes of every field, one JSON object a line, for comparison with other decoders.
std::unique_ptr<RecordFormat> make_raw_format();

// {"missing_template":3,…}: those that happened.
void append_anomalies_json(std::string& out, const flow::AnomalyCounts& anomalies);

}  // namespace weir::app
