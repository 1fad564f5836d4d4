// One set of flows in every encoding: the columns are the same, whatever the exporter speaks. Each flow is one packet,
// so that sFlow can express it too.
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>

#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using test::FieldOf;
using test::Harness;
using test::Row;
using test::Wire;

struct Flow {
  bool v6 = false;
  std::array<uint8_t, 16> src{};
  std::array<uint8_t, 16> dst{};
  uint8_t proto = 6;
  uint16_t src_port = 0;
  uint16_t dst_port = 0;
  uint8_t tos = 0;
  uint8_t ttl = 0;
  uint8_t tcp_flags = 0;
  uint32_t flow_label = 0;
  uint64_t src_mac = 0;
  uint64_t dst_mac = 0;
  uint16_t vlan = 1;
  uint32_t in_if = 1;
  uint32_t out_if = 1;
  uint32_t src_as = 0;
  uint32_t dst_as = 0;
  uint8_t src_net = 0;
  uint8_t dst_net = 0;
  uint32_t bytes = 64;
};

constexpr uint32_t kRate = 512;

std::vector<Flow> flows_of(uint32_t seed, size_t count, bool v6) {
  std::mt19937 random(seed);
  const auto any = [&](uint32_t most) { return std::uniform_int_distribution<uint32_t>(0, most)(random); };
  std::vector<Flow> flows(count);
  for (Flow& flow : flows) {
    flow.v6 = v6;
    for (auto* address : {&flow.src, &flow.dst}) {
      for (uint8_t& byte : *address) byte = static_cast<uint8_t>(1 + any(250));
      if (v6) (*address)[0] = 0x20;
    }
    flow.proto = any(1) == 0 ? 6 : 17;
    flow.src_port = static_cast<uint16_t>(20'000 + any(40'000));
    flow.dst_port = 443;
    flow.tos = static_cast<uint8_t>(any(63) * 4);
    flow.ttl = static_cast<uint8_t>(1 + any(254));
    flow.tcp_flags = flow.proto == 6 ? static_cast<uint8_t>(any(255)) : 0;
    flow.flow_label = v6 ? 1 + any(0xffffe) : 0;
    flow.src_mac = 0x020000000000 + any(UINT32_MAX);
    flow.dst_mac = 0x020000000000 + any(UINT32_MAX);
    flow.vlan = static_cast<uint16_t>(1 + any(4093));
    flow.in_if = 1 + any(500);
    flow.out_if = 1 + any(500);
    flow.src_as = 1 + any(4'000'000'000);
    flow.dst_as = 1 + any(4'000'000'000);
    flow.src_net = static_cast<uint8_t>(8 + any(24));
    flow.dst_net = static_cast<uint8_t>(8 + any(24));
    flow.bytes = 200 + any(1300);
  }
  return flows;
}

size_t address_bytes(const Flow& flow) { return flow.v6 ? 16 : 4; }

Wire address(const std::array<uint8_t, 16>& bytes, size_t count) {
  Wire wire;
  for (size_t i = 0; i < count; ++i) wire.u8(bytes[i]);
  return wire;
}

// Template fields and records of NetFlow v9 and IPFIX.
std::vector<FieldOf> fields_of(bool v6, bool variable) {
  const uint16_t a = v6 ? 16 : 4;
  const uint16_t name = variable ? uint16_t{65535} : uint16_t{4};
  return {{v6 ? uint16_t{27} : uint16_t{8}, a},
          {v6 ? uint16_t{28} : uint16_t{12}, a},
          {4, 1},
          {7, 2},
          {11, 2},
          {5, 1},
          {192, 1},
          {6, 1},
          {31, 4},
          {56, 6},
          {80, 6},
          {58, 2},
          {10, 4},
          {14, 4},
          {16, 4},
          {17, 4},
          {v6 ? uint16_t{29} : uint16_t{9}, 1},
          {v6 ? uint16_t{30} : uint16_t{13}, 1},
          {1, 4},
          {2, 4},
          {34, 4},
          {239, 1},
          {82, name}};
}

Wire record(const Flow& flow, bool variable) {
  Wire wire;
  wire.add(address(flow.src, address_bytes(flow))).add(address(flow.dst, address_bytes(flow)));
  wire.u8(flow.proto).u16(flow.src_port).u16(flow.dst_port).u8(flow.tos).u8(flow.ttl).u8(flow.tcp_flags);
  wire.u32(flow.flow_label).number(flow.src_mac, 6).number(flow.dst_mac, 6).u16(flow.vlan);
  wire.u32(flow.in_if).u32(flow.out_if).u32(flow.src_as).u32(flow.dst_as).u8(flow.src_net).u8(flow.dst_net);
  wire.u32(flow.bytes).u32(1).u32(kRate).u8(0);
  if (variable) wire.u8(4);
  return wire.text("eth0");
}

Wire records(const std::vector<Flow>& flows, bool variable) {
  Wire wire;
  for (const Flow& flow : flows) wire.add(record(flow, variable));
  return wire;
}

// The packet of a flow, as much of it as a sampled header has.
Wire packet(const Flow& flow) {
  Wire transport;
  transport.u16(flow.src_port).u16(flow.dst_port);
  if (flow.proto == 6)
    transport.u32(1).u32(2).u8(0x50).u8(flow.tcp_flags).u16(1000).u16(0).u16(0);
  else
    transport.u16(100).u16(0);
  const size_t length = flow.bytes - 18;
  Wire ip;
  if (flow.v6) {
    ip.u32(0x60000000U | uint32_t{flow.tos} << 20 | flow.flow_label).u16(length - 40).u8(flow.proto).u8(flow.ttl);
  } else {
    ip.u8(0x45).u8(flow.tos).u16(length).u16(0).u16(0).u8(flow.ttl).u8(flow.proto).u16(0);
  }
  ip.add(address(flow.src, address_bytes(flow))).add(address(flow.dst, address_bytes(flow)));
  return Wire()
      .number(flow.dst_mac, 6)
      .number(flow.src_mac, 6)
      .u16(0x8100)
      .u16(flow.vlan)
      .u16(flow.v6 ? 0x86dd : 0x0800)
      .add(ip)
      .add(transport);
}

Wire sflow_record(uint32_t format, const Wire& body) {
  const size_t padding = (4 - body.size() % 4) % 4;
  return Wire().u32(format).u32(body.size() + padding).add(body).zeros(padding);
}

// sFlow version 5: raw header, extended router and extended gateway.
Wire sflow(const std::vector<Flow>& flows, uint32_t sequence) {
  Wire wire;
  wire.u32(5).u32(1).add(Wire::hex("c0000201")).u32(0).u32(sequence).u32(3'600'000).u32(flows.size());
  for (const Flow& flow : flows) {
    const Wire header = packet(flow);
    const Wire next_hop = flow.v6 ? Wire().u32(2).zeros(16) : Wire().u32(1).zeros(4);
    Wire records;
    records.add(sflow_record(1, Wire().u32(1).u32(flow.bytes).u32(0).u32(header.size()).add(header)));
    records.add(sflow_record(1002, Wire(next_hop).u32(flow.src_net).u32(flow.dst_net)));
    records.add(sflow_record(1003, Wire(next_hop)
                                       .u32(65'000)
                                       .u32(flow.src_as)
                                       .u32(0)
                                       .u32(1)  // one segment
                                       .u32(2)  // a sequence
                                       .u32(1)  // of one
                                       .u32(flow.dst_as)
                                       .u32(0)       // no communities
                                       .u32(100)));  // local preference
    const Wire sample =
        Wire().u32(1).u32(flow.in_if).u32(kRate).u32(kRate).u32(0).u32(flow.in_if).u32(flow.out_if).u32(3).add(records);
    wire.u32(1).u32(sample.size()).add(sample);
  }
  return wire;
}

// What every encoding can express.
const std::set<std::string> kCommon = {
    "src_addr", "dst_addr", "proto",    "src_port", "dst_port",      "ip_tos",          "ip_ttl",       "src_mac",
    "dst_mac",  "vlan_id",  "src_vlan", "etype",    "in_if",         "out_if",          "src_as",       "dst_as",
    "src_net",  "dst_net",  "bytes",    "packets",  "sampling_rate", "sampler_address", "time_received"};

std::vector<Row> only(std::vector<Row> rows, const std::set<std::string>& columns) {
  for (Row& row : rows) std::erase_if(row, [&](const auto& cell) { return !columns.contains(cell.first); });
  return rows;
}

std::vector<Row> without(std::vector<Row> rows, const std::string& column) {
  for (Row& row : rows) row.erase(column);
  return rows;
}

Wire ipfix_message(const std::vector<Flow>& flows, bool variable) {
  const bool v6 = flows.front().v6;
  return test::ipfix(
      {},
      test::set(2, test::template_record(256, fields_of(v6, variable))).add(test::set(256, records(flows, variable))));
}

TEST(Differential, TheSameFlowsInEveryEncodingAreTheSameRows) {
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    const bool v6 = seed % 2 == 0;
    const std::vector<Flow> flows = flows_of(seed, 1 + seed % 7, v6);
    const auto count = static_cast<uint16_t>(flows.size() + 1);

    Harness netflow9;
    netflow9.feed(test::netflow9(
        {.count = count},
        test::set(0, test::template_record(256, fields_of(v6, false))).add(test::set(256, records(flows, false)))));
    Harness ipfix;
    ipfix.feed(ipfix_message(flows, false));
    Harness variable;
    variable.feed(ipfix_message(flows, true));
    Harness connection;
    const Wire message = ipfix_message(flows, false);
    Datagram over_tcp = test::datagram(message);
    over_tcp.connection = 1;
    connection.feed(over_tcp);
    Harness sampled;
    sampled.feed(sflow(flows, 1));

    ASSERT_EQ(netflow9.rows().size(), flows.size());
    const std::vector<Row> want = without(netflow9.rows(), "type");
    EXPECT_EQ(without(ipfix.rows(), "type"), want);
    EXPECT_EQ(variable.rows(), ipfix.rows());
    EXPECT_EQ(connection.rows(), ipfix.rows());
    EXPECT_EQ(only(sampled.rows(), kCommon), only(want, kCommon));
    for (Harness* harness : {&netflow9, &ipfix, &variable, &connection, &sampled}) {
      EXPECT_EQ(harness->anomalies(), "");
      EXPECT_EQ(harness->imbalance(), "");
    }
  }
}

// Each of these columns comes from another place in the two kinds of encoding; none may be empty in both.
TEST(Differential, TheComparisonCompares) {
  Harness netflow9;
  const std::vector<Flow> flows = flows_of(1, 1, false);
  netflow9.feed(ipfix_message(flows, false));
  ASSERT_EQ(netflow9.rows().size(), 1u);
  for (const std::string& column : kCommon) EXPECT_TRUE(netflow9.rows()[0].contains(column)) << column;
  EXPECT_EQ(netflow9.rows()[0].at("src_port"), std::to_string(flows[0].src_port));
  EXPECT_EQ(netflow9.rows()[0].at("bytes"), std::to_string(flows[0].bytes));
}

}  // namespace
}  // namespace weir::decode
