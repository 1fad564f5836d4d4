#include "decode/sflow/counter_records.h"

#include <gtest/gtest.h>

#include "decode/sflow/test_sflow.h"
#include "decode/sflow/values.h"
#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using flow::CounterColumn;
using namespace test;

constexpr uint32_t kUnknown = 0xffffffff;

// Rows of the table `counters` as "record name value".
struct CounterHarness {
  CounterHarness& feed(const Wire& bytes) {
    decoder.decode(datagram(bytes), tables);
    tables.hand_over();
    return *this;
  }
  std::string anomalies() {
    std::string text;
    for (size_t i = 0; i < flow::kAnomalyCount; ++i) {
      const auto anomaly = static_cast<flow::Anomaly>(i);
      if (sum().anomalies[anomaly] > 0) text += std::string(flow::name(anomaly)) + " ";
    }
    return text;
  }
  flow::ExporterCounters sum() {
    flow::ExporterCounters all;
    for (const auto& [exporter, counters_of] : decoder.counters()) all += counters_of;
    return all;
  }

  std::vector<std::string> rows;
  flow::TableBuilders tables{[this](const flow::FullBatch& batch) {
                               if (batch->schema().table() == flow::Table::counters) take(*batch);
                             },
                             64};
  Decoder decoder{DecoderOptions{}};

 private:
  static std::string text_at(const flow::FlowBatch& batch, CounterColumn column, size_t row) {
    return std::string(batch.text(static_cast<const flow::TextRef*>(batch.raw(column))[row]));
  }
  void take(const flow::FlowBatch& batch) {
    for (size_t row = 0; row < batch.rows(); ++row) {
      EXPECT_TRUE(batch.is_valid(CounterColumn::time_received, row));
      EXPECT_EQ(batch.values<CounterColumn::sampler_address>()[row], kExporter);
      EXPECT_EQ(batch.values<CounterColumn::agent_address>()[row].to_string(), "10.0.0.1");
      std::string line =
          fmt::format("{}:{} {} {}", batch.values<CounterColumn::source_type>()[row],
                      batch.values<CounterColumn::source_index>()[row], text_at(batch, CounterColumn::record, row),
                      text_at(batch, CounterColumn::name, row));
      if (batch.is_valid(CounterColumn::value, row))
        line += fmt::format(" {}", batch.values<CounterColumn::value>()[row]);
      if (batch.is_valid(CounterColumn::real, row))
        line += fmt::format(" {:.2f}", batch.values<CounterColumn::real>()[row]);
      if (batch.is_valid(CounterColumn::text, row))
        line += fmt::format(" {}", text_at(batch, CounterColumn::text, row));
      rows.push_back(std::move(line));
    }
  }
};

std::vector<std::string> rows_of_record(uint32_t format, const Wire& body, std::string_view anomalies = "") {
  CounterHarness harness;
  harness.feed(sflow_datagram({}, {counter_sample({}, {sflow_block(format, body)})}));
  EXPECT_EQ(harness.anomalies(), anomalies);
  EXPECT_EQ(harness.sum().rows[flow::Table::counters], harness.rows.size());
  return harness.rows;
}

using Lines = std::vector<std::string>;

TEST(SflowCounters, GenericInterface) {
  const Wire body = Wire()
                        .add(sflow_words({3, 6}))
                        .u64(1'000'000'000)
                        .add(sflow_words({1, 3}))
                        .u64(3910)
                        .add(sflow_words({28, kUnknown, kUnknown, 0, 0, kUnknown}))
                        .u64(UINT64_MAX)
                        .add(sflow_words({29, kUnknown, kUnknown, 0, 0, 0}));
  EXPECT_EQ(body.size(), 88u);
  EXPECT_EQ(rows_of_record(1, body),
            (Lines{"0:7 generic_interface if_index 3", "0:7 generic_interface if_type 6",
                   "0:7 generic_interface if_speed 1000000000", "0:7 generic_interface if_direction 1",
                   "0:7 generic_interface if_status 3", "0:7 generic_interface if_in_octets 3910",
                   "0:7 generic_interface if_in_ucast_pkts 28", "0:7 generic_interface if_in_discards 0",
                   "0:7 generic_interface if_in_errors 0", "0:7 generic_interface if_out_ucast_pkts 29",
                   "0:7 generic_interface if_out_discards 0", "0:7 generic_interface if_out_errors 0",
                   "0:7 generic_interface if_promiscuous_mode 0"}));
}

TEST(SflowCounters, ExpandedSamplesSayTheSame) {
  const std::vector<Wire> records = {sflow_block(1005, sflow_text("eth0"))};
  CounterHarness harness;
  harness.feed(sflow_datagram({}, {counter_sample({}, records), expanded_counter_sample({}, records),
                                   expanded_counter_sample({.source_type = 2, .source_index = 0x12345678}, records)}));
  EXPECT_EQ(harness.rows,
            (Lines{"0:7 port_name name eth0", "0:7 port_name name eth0", "2:305419896 port_name name eth0"}));
}

TEST(SflowCounters, NumbersOfOtherKinds) {
  EXPECT_EQ(
      rows_of_record(1001, sflow_words({1450, kUnknown, 1330}).u64(3'884'806'144).u64(UINT64_MAX)),
      (Lines{"0:7 processor cpu_5s 14.50", "0:7 processor cpu_5m 13.30", "0:7 processor total_memory 3884806144"}));
  // 0.5, -1 (not known), not a number
  const Lines cpu = rows_of_record(2003, sflow_words({0x3f000000, 0xbf800000, 0x7fc00000, 1, 2}).zeros(60));
  ASSERT_EQ(cpu.size(), 18u);
  EXPECT_EQ(cpu[0], "0:7 host_cpu load_one 0.50");
  EXPECT_EQ(cpu[1], "0:7 host_cpu proc_run 1");
  // Agents before 2011 left out the last three.
  EXPECT_EQ(rows_of_record(2003, Wire().zeros(68)).size(), 17u);
  EXPECT_EQ(rows_of_record(2003, Wire().zeros(64), "bad_sample_record ").size(), 0u);
  EXPECT_EQ(rows_of_record(1004, Wire().u64(0x62d33ce76e49).u32(65534)),
            (Lines{"0:7 openflow_port datapath_id 108659399421513", "0:7 openflow_port port_no 65534"}));
}

TEST(SflowCounters, TextsAndLists) {
  EXPECT_EQ(rows_of_record(2000, sflow_text("web-1")
                                     .add(Wire::hex("00112233445566778899aabbccddeeff"))
                                     .add(sflow_words({3, 2}))
                                     .add(sflow_text("6.1\n"))),
            (Lines{"0:7 host_descr hostname web-1", "0:7 host_descr uuid 00112233-4455-6677-8899-aabbccddeeff",
                   "0:7 host_descr machine_type 3", "0:7 host_descr os_name 2", "0:7 host_descr os_release 6.1\\x0a"}));
  EXPECT_EQ(rows_of_record(2001, Wire()
                                     .u32(2)
                                     .add(sflow_words({3, 2}))
                                     .add(Wire::hex("0200000000010000 0200000000020000"))
                                     .add(sflow_words({4, 0}))),
            (Lines{"0:7 host_adapters mac_address 3 02:00:00:00:00:01",
                   "0:7 host_adapters mac_address 3 02:00:00:00:00:02"}));
  EXPECT_EQ(
      rows_of_record(10, sflow_words({1, 4, 3300, 0xffffd8f0, 1, 2, 5, kUnknown, 1, 2, 850, 7, 1, 2, 850})),
      (Lines{"0:7 optical_module module_id 1", "0:7 optical_module module_total_lanes 4",
             "0:7 optical_module module_supply_voltage_mv 3300", "0:7 optical_module module_temperature_mc -10000.00",
             "0:7 optical_module lane_2_tx_bias_current_ua 5", "0:7 optical_module lane_2_tx_power_min_uw 1",
             "0:7 optical_module lane_2_tx_power_max_uw 2", "0:7 optical_module lane_2_tx_wavelength_nm 850",
             "0:7 optical_module lane_2_rx_power_uw 7", "0:7 optical_module lane_2_rx_power_min_uw 1",
             "0:7 optical_module lane_2_rx_power_max_uw 2", "0:7 optical_module lane_2_rx_wavelength_nm 850"}));
  EXPECT_EQ(rows_of_record(7, Wire::hex("0200000000010000 0200000000020000").add(sflow_words({1, 2})).zeros(32))[0],
            "0:7 lag_port actor_system_id 02:00:00:00:00:01");
}

TEST(SflowCounters, CountsBeyondTheRecordCostTheRecord) {
  EXPECT_EQ(rows_of_record(2001, Wire().u32(kUnknown).zeros(64), "bad_sample_record "), Lines{});
  EXPECT_EQ(rows_of_record(2001, Wire().u32(1).u32(3).u32(kUnknown).zeros(64), "bad_sample_record "), Lines{});
  EXPECT_EQ(rows_of_record(10, Wire().zeros(16).u32(kUnknown).zeros(80), "bad_sample_record "), Lines{});
  EXPECT_EQ(rows_of_record(1005, Wire().u32(kUnknown).zeros(64), "bad_sample_record "), Lines{});
  EXPECT_EQ(rows_of_record(1, Wire().zeros(84), "bad_sample_record "), Lines{});
  EXPECT_EQ(rows_of_record(4094, Wire().zeros(84), "unknown_sample_record "), Lines{});
  const std::string lengthy(5000, 'n');
  EXPECT_EQ(rows_of_record(1005, sflow_text(lengthy), "list_limit "),
            Lines{"0:7 port_name name " + lengthy.substr(0, 4096)});
}

// Every record of the table, whole, one field short, and as random bytes: the lengths are those of the specifications.
TEST(SflowCounters, LengthsOfFixedRecords) {
  const std::vector<std::pair<uint32_t, size_t>> lengths = {{1, 88},
                                                            {2, 52},
                                                            {3, 72},
                                                            {4, 80},
                                                            {5, 28},
                                                            {6, 80},
                                                            {7, 56},
                                                            {1001, 28},
                                                            {1002, 12},
                                                            {1004, 12},
                                                            {2002, 8},
                                                            {2004, 72},
                                                            {2005, 52},
                                                            {2006, 40},
                                                            {2007, 76},
                                                            {2008, 100},
                                                            {2100, 28},
                                                            {2101, 12},
                                                            {2102, 16},
                                                            {2103, 52},
                                                            {2104, 40},
                                                            {2106, 108},
                                                            {2201, 60},
                                                            {2203, 40},
                                                            {2204, 140},
                                                            {2206, 20},
                                                            {2207, 24},
                                                            {4413U << 12 | 3, 144},
                                                            {5703U << 12 | 1, 48}};
  for (const auto& [format, length] : lengths) {
    SCOPED_TRACE(sflow::format_text(format));
    EXPECT_GT(rows_of_record(format, Wire().zeros(length)).size(), 1u);
    EXPECT_EQ(rows_of_record(format, Wire().zeros(length - 4), "bad_sample_record "), Lines{});
  }
}

}  // namespace
}  // namespace weir::decode
