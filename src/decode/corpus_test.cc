// Every capture of the corpus beside the repository (../shared/corpus, or the folder in WEIR_CORPUS), against its
// golden: the bytes of every field of every record, and the totals. Both ways through the decoder: inspect() and
// decode().
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/big_endian.h"
#include "decode/decoder.h"
#include "decode/sflow/values.h"
#include "net/capture.h"

namespace weir::decode {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

std::optional<fs::path> corpus_folder() {
  if (const char* given = std::getenv("WEIR_CORPUS")) return fs::path(given);
  for (const char* up : {"../shared/corpus", "../../shared/corpus"}) {
    const fs::path folder = fs::path(WEIR_SOURCE_DIR) / up;
    if (fs::is_directory(folder)) return folder;
  }
  return std::nullopt;
}

std::string hex(ByteView bytes) {
  std::string text;
  for (const uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

struct SflowGolden {
  uint64_t flows = 0;  // samples of packets, discarded ones included
  uint64_t scaled_bytes = 0;
  uint64_t counters = 0;  // that sflowtool shows, and that do not stand for "not known"
  bool refused = false;   // by sflowtool
};

struct Golden {
  std::vector<std::string> records;
  int64_t data_records = 0;
  int64_t option_records = 0;
  std::optional<int64_t> undecodable_sets;  // of a decoder that keeps early data, if the golden says so
  std::map<std::string, uint64_t> sums;
  bool holds_early = false;
  std::optional<SflowGolden> sflow;
};

// Lines of NAME.golden.jsonl or .jsonl.gz.
std::vector<std::string> lines_of(const fs::path& file) {
  std::vector<std::string> lines;
  const std::string command = (file.extension() == ".gz" ? "zcat '" : "cat '") + file.string() + "'";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return lines;
  std::string line;
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) {
    if (c != '\n') {
      line.push_back(static_cast<char>(c));
    } else {
      lines.push_back(std::move(line));
      line.clear();
    }
  }
  pclose(pipe);
  return lines;
}

// One line a record: what it is, then its fields.
std::string golden_record(const json::object& record) {
  if (const auto* raw = record.if_contains("raw")) {
    return fmt::format("dgram {} {} rec {}: {}", record.at("dgram").as_int64(),
                       record.at("exporter").as_string().c_str(), record.at("rec").as_int64(),
                       raw->as_string().c_str());
  }
  std::string text =
      fmt::format("dgram {} {} odid {} set {} rec {} {}:", record.at("dgram").as_int64(),
                  record.at("exporter").as_string().c_str(), record.at("odid").to_number<uint64_t>(),
                  record.at("set").as_int64(), record.at("rec").as_int64(), record.at("kind").as_string().c_str());
  for (const json::value& field : record.at("fields").as_array()) {
    const json::array& parts = field.as_array();
    text += fmt::format(" {}[{}]={}", parts[0].as_string().c_str(), parts[1].as_int64(), parts[2].as_string().c_str());
  }
  return text;
}

// Counters of one record of sflowtool's: all but its tag, and those that are all ones.
uint64_t counters_of(const json::object& record) {
  uint64_t counters = 0;
  for (const auto& [name, value] : record) {
    const bool unknown = value.as_string() == "4294967295" || value.as_string() == "18446744073709551615";
    if (name != "counterBlock_tag" && !unknown) ++counters;
  }
  return counters;
}

void add_sflow_datagram(const json::object& datagram, SflowGolden& golden) {
  for (const json::value& sample : datagram.at("samples").as_array()) {
    if (sample.at("sampleType").as_string() != "COUNTERSSAMPLE") {
      ++golden.flows;
      continue;
    }
    for (const json::value& record : sample.at("elements").as_array())
      golden.counters += counters_of(record.as_object());
  }
}

Golden read_golden(const fs::path& file) {
  Golden golden;
  SflowGolden sflow;
  for (const std::string& line : lines_of(file)) {
    const json::object object = json::parse(line).as_object();
    if (object.contains("decoder")) {
      add_sflow_datagram(object, sflow);
      continue;
    }
    if (const auto* totals = object.if_contains("sflow")) {
      sflow.scaled_bytes = totals->at("scaled_bytes").to_number<uint64_t>();
      sflow.refused = totals->at("datagrams").as_int64() == 0;
      golden.sflow = sflow;
    }
    if (!object.contains("totals")) {
      if (object.contains("raw") || object.contains("fields")) golden.records.push_back(golden_record(object));
      continue;
    }
    const json::object* totals = &object;
    golden.undecodable_sets = object.at("undecodable_sets").as_int64();
    for (const char* variant :
         {"if_early_data_is_held_until_its_template_arrives", "if_templates_are_not_bound_to_the_source_port"}) {
      if (!object.contains(variant)) continue;
      totals = &object.at(variant).as_object();
      golden.holds_early = true;
      golden.undecodable_sets.reset();
    }
    golden.data_records = totals->at("records").as_int64();
    golden.option_records = totals->at("option_records").as_int64();
    for (const auto& [element, sum] : totals->at("sums").as_object()) {
      golden.sums[element] = sum.to_number<uint64_t>();
    }
  }
  return golden;
}

bool is_legacy(flow::FlowType type) {
  return type == flow::FlowType::netflow_v1 || type == flow::FlowType::netflow_v5 || type == flow::FlowType::netflow_v7;
}

// Collects records in the words of the goldens.
class Collector : public RecordSink {
 public:
  void on_record(const RecordView& record) override {
    if (record.sflow != nullptr) {
      const sflow::SampleKind kind = record.sflow->sample.kind;
      if (kind != sflow::SampleKind::counters) ++sampled_packets;
      return;
    }
    const bool legacy = is_legacy(record.type);
    ++(record.options ? option_records : data_records);
    std::string text;
    if (legacy) {
      text = fmt::format("dgram {} {} rec {}: {}", record.datagram, record.exporter.to_string(), record.number,
                         hex(record.raw));
    } else {
      text = fmt::format("dgram {} {} odid {} set {} rec {} {}{}:", record.datagram, record.exporter.to_string(),
                         record.domain, record.set_id, record.number,
                         record.type == flow::FlowType::ipfix ? "ipfix" : "v9", record.options ? "-options" : "");
    }
    for (const FieldView& field : record.fields) {
      const std::string element = fmt::format("{}:{}", field.enterprise, field.element);
      if (!record.options) add(legacy, element, field.value);
      if (legacy) continue;
      const std::string scope = field.scope && record.type == flow::FlowType::netflow_v9
                                    ? fmt::format("scope:{}", field.element)
                                    : (field.scope ? "scope " : "") + element;
      text += fmt::format(" {}[{}]={}", scope, field.value.size(), hex(field.value));
    }
    records.push_back(std::move(text));
  }

  std::vector<std::string> records;
  int64_t data_records = 0;
  int64_t option_records = 0;
  uint64_t sampled_packets = 0;
  std::map<std::string, uint64_t> sums;

 private:
  void add(bool legacy, const std::string& element, ByteView value) {
    if (legacy) {
      if (element == "0:1") sums["octets"] += load_be_sized(value);
      if (element == "0:2") sums["packets"] += load_be_sized(value);
    } else if (value.size() <= 8) {
      sums[element] += load_be_sized(value);
    }
  }
};

struct Rows {
  uint64_t rows = 0;
  uint64_t counter_rows = 0;
  uint64_t bytes = 0;
  uint64_t packets = 0;
  uint64_t scaled_bytes = 0;  // of rows with an address: those of sampled headers
  flow::ExporterCounters counters;
};

DecoderOptions one_message() {
  DecoderOptions options;
  options.several_messages = false;
  return options;
}

template <class Each>
void each_datagram(const fs::path& capture, Each each) {
  auto reader = net::CaptureReader::open(capture);
  ASSERT_TRUE(reader.has_value()) << reader.error().message;
  while (true) {
    const auto next = reader->next();
    ASSERT_TRUE(next.has_value()) << next.error().message;
    if (!*next) return;
    each(**next);
  }
}

flow::ExporterCounters total(const Decoder& decoder) {
  flow::ExporterCounters sum;
  for (const auto& [exporter, counters] : decoder.counters()) sum += counters;
  return sum;
}

Rows decode_rows(const fs::path& capture) {
  Rows rows;
  flow::TableBuilders builder([&](const flow::FullBatch& batch) {
    if (batch->schema().table() == flow::Table::counters) {
      rows.counter_rows += batch->rows();
      return;
    }
    rows.rows += batch->rows();
    for (size_t i = 0; i < batch->rows(); ++i) {
      if (batch->is_valid(flow::Column::bytes, i)) rows.bytes += batch->values<flow::Column::bytes>()[i];
      if (batch->is_valid(flow::Column::packets, i)) rows.packets += batch->values<flow::Column::packets>()[i];
      if (batch->is_valid(flow::Column::src_addr, i) && batch->is_valid(flow::Column::sampling_rate, i)) {
        rows.scaled_bytes +=
            batch->values<flow::Column::bytes>()[i] * uint64_t{batch->values<flow::Column::sampling_rate>()[i]};
      }
    }
  });
  Decoder decoder(one_message());
  each_datagram(capture, [&](const net::CapturedDatagram& d) { decoder.decode(d.datagram, builder); });
  decoder.expire(Timestamp::max());
  builder.hand_over();
  rows.counters = total(decoder);
  return rows;
}

// What sflowtool refuses, Weir reads as far as it goes: src/decode/sflow/sflow_decoder_test.cc has such datagrams.
void check_sflow(const fs::path& capture, const SflowGolden& golden, uint64_t sampled_packets) {
  const Rows rows = decode_rows(capture);
  EXPECT_EQ(rows.rows, sampled_packets);
  EXPECT_EQ(rows.packets, rows.rows);
  EXPECT_EQ(rows.counters.rows[flow::Table::flows], rows.rows);
  EXPECT_EQ(rows.counters.rows[flow::Table::counters], rows.counter_rows);
  EXPECT_EQ(rows.counters.datagrams_rejected, 0u);
  EXPECT_EQ(rows.counters.lost_units, 0u);
  EXPECT_EQ(rows.counters.anomalies[flow::Anomaly::bad_sample], golden.refused ? 1u : 0u);
  EXPECT_EQ(rows.counters.anomalies[flow::Anomaly::bad_sample_record], 0u);
  EXPECT_EQ(rows.counters.anomalies[flow::Anomaly::unknown_sample_record], 0u);
  if (golden.refused) return;
  EXPECT_EQ(rows.rows, golden.flows);
  EXPECT_EQ(rows.scaled_bytes, golden.scaled_bytes);
  EXPECT_EQ(rows.counter_rows, golden.counters);
}

void check_capture(const fs::path& capture, const Golden& golden) {
  SCOPED_TRACE(capture.string());
  Collector collector;
  Decoder decoder(one_message());
  each_datagram(capture, [&](const net::CapturedDatagram& d) {
    decoder.set_datagram_number(d.frame);
    decoder.inspect(d.datagram, collector);
  });
  decoder.expire(Timestamp::max());
  const flow::ExporterCounters counters = total(decoder);
  if (golden.sflow) return check_sflow(capture, *golden.sflow, collector.sampled_packets);

  EXPECT_EQ(collector.data_records, golden.data_records);
  EXPECT_EQ(collector.option_records, golden.option_records);
  if (golden.undecodable_sets) {
    EXPECT_EQ(static_cast<int64_t>(counters.undecodable_sets), *golden.undecodable_sets);
  }
  for (const auto& [element, sum] : golden.sums) EXPECT_EQ(collector.sums[element], sum) << "sum of " << element;

  // The golden's lines are of a decoder that drops early data: those we have in addition are the early ones.
  std::vector<std::string> expected = golden.records;
  std::ranges::sort(expected);
  std::vector<std::string> actual = collector.records;
  std::ranges::sort(actual);
  std::vector<std::string> missing;
  std::ranges::set_difference(expected, actual, std::back_inserter(missing));
  EXPECT_TRUE(missing.empty()) << missing.size() << " records missing, first: " << missing.front();
  if (!golden.holds_early) {
    std::vector<std::string> surplus;
    std::ranges::set_difference(actual, expected, std::back_inserter(surplus));
    EXPECT_TRUE(surplus.empty()) << surplus.size() << " records too many, first: " << surplus.front();
  }

  const Rows rows = decode_rows(capture);
  EXPECT_EQ(static_cast<int64_t>(rows.rows), golden.data_records);
  EXPECT_EQ(rows.counters.rows[flow::Table::flows], rows.rows);
  EXPECT_EQ(static_cast<int64_t>(rows.counters.option_records), golden.option_records);
  EXPECT_EQ(rows.counters.undecodable_sets, counters.undecodable_sets);
  EXPECT_EQ(rows.counters.datagrams_received, rows.counters.datagrams_decoded + rows.counters.datagrams_rejected);
  EXPECT_EQ(rows.counters.early_sets_held, 0u);
}

TEST(Corpus, RecordsAndTotalsEqualTheGoldens) {
  const auto folder = corpus_folder();
  if (!folder) GTEST_SKIP() << "no corpus: looked for ../shared/corpus beside the repository and for WEIR_CORPUS";
  size_t checked = 0;
  size_t sflow = 0;
  for (const auto& entry : fs::recursive_directory_iterator(*folder)) {
    if (entry.path().extension() != ".pcap") continue;
    fs::path golden = entry.path();
    golden.replace_extension(".golden.jsonl");
    if (!fs::exists(golden)) golden += ".gz";
    if (!fs::exists(golden)) continue;  // the large ones have totals only
    const Golden want = read_golden(golden);
    check_capture(entry.path(), want);
    ++checked;
    if (want.sflow) ++sflow;
  }
  EXPECT_GT(checked, 0u);
  EXPECT_GT(sflow, 0u);
}

}  // namespace
}  // namespace weir::decode
