// Packets in the fields of NetFlow v9 and IPFIX records.
#include "decode/template/header_section.h"

#include <gtest/gtest.h>

#include "decode/packet/test_packet_cases.h"
#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using packet::test::columns;
using test::FieldOf;
using test::Harness;
using test::Row;
using test::Wire;

constexpr uint16_t kVariable = 65535;

// What the message itself says is of no interest here.
std::string text(Row row) {
  for (const char* column : {"time_received", "type", "sampler_address", "observation_domain_id", "next_hop_as"}) {
    row.erase(column);
  }
  std::string text;
  for (const auto& [column, value] : row) text += fmt::format("{}={}\n", column, value);
  return text;
}

std::string decoded(std::vector<FieldOf> fields, const Wire& record) {
  fields.push_back({128, 4});  // so that the padding of the set is too short for a record
  Harness harness;
  harness.feed(test::ipfix(
      {}, Wire().add(test::set(2, test::template_record(300, fields))).add(test::set(300, Wire().add(record).u32(0)))));
  EXPECT_EQ(harness.anomalies(), "");
  EXPECT_EQ(harness.rows().size(), 1);
  return harness.rows().empty() ? "" : text(harness.rows()[0]);
}

Wire variable(const Wire& bytes) { return Wire().u8(bytes.size()).add(bytes); }

Wire frame() { return packet::test::frame(0x0800, packet::test::tcp_ipv4()); }
Row frame_columns(std::string_view counters) {
  return columns({packet::test::kMacs, packet::test::kIpv4Columns, packet::test::kTcpColumns, counters});
}

TEST(HeaderSection, FrameOfVariableLength) {
  EXPECT_EQ(decoded({{10, 4}, {312, 2}, {315, kVariable}}, Wire().u32(7).u16(1514).add(variable(frame()))),
            text(frame_columns("in_if=7, bytes=1514, packets=1")));
}

TEST(HeaderSection, FrameOfFixedLengthHoldsWhatWasExported) {
  // What is behind the exported bytes would be read as TCP.
  const Wire short_frame = packet::test::frame(0x0800, packet::test::ipv4({}, Wire()));
  const Wire field = Wire().add(short_frame).u32(0xffffffff).zeros(60);
  const std::vector<FieldOf> fields = {{410, 2}, {315, static_cast<uint16_t>(field.size())}};
  const Row want = columns({packet::test::kMacs, packet::test::kIpv4Columns, "bytes=20, packets=1"});
  EXPECT_EQ(decoded(fields, Wire().u16(short_frame.size()).add(field)), text(want));
  // Nothing exported says nothing.
  EXPECT_EQ(decoded({{410, 2}, {315, kVariable}}, Wire().u16(0).add(variable(short_frame))), text(want));
  // More than there is.
  EXPECT_EQ(decoded({{410, 2}, {315, kVariable}}, Wire().u16(0xffff).add(variable(short_frame))), text(want));
}

TEST(HeaderSection, FrameSizeEndsTheSection) {
  const Wire runt = packet::test::frame(0x0800, packet::test::tcp_ipv4());
  EXPECT_EQ(decoded({{312, 2}, {315, kVariable}}, Wire().u16(34).add(variable(runt))),
            text(columns({packet::test::kMacs, packet::test::kIpv4Columns, "bytes=34, packets=1"})));
}

TEST(HeaderSection, IpPacket) {
  EXPECT_EQ(decoded({{313, kVariable}}, variable(packet::test::tcp_ipv4())),
            text(columns({packet::test::kIpv4Columns, packet::test::kTcpColumns, "bytes=40, packets=1"})));
  EXPECT_EQ(decoded({{313, kVariable}}, variable(packet::test::tcp_ipv6())),
            text(columns({packet::test::kIpv6Columns, packet::test::kTcpColumns, "bytes=60, packets=1"})));
}

TEST(HeaderSection, TunnelsToo) {
  const Wire wire = packet::test::over_udp(4789, packet::test::vxlan(5, packet::test::tcp_inner_frame()));
  EXPECT_EQ(decoded({{315, kVariable}}, variable(wire)),
            text(columns({packet::test::kMacs, packet::test::kIpv4Columns, "proto=17, src_port=50000, dst_port=4789",
                          "tunnel_type=vxlan, tunnel_id=5", packet::test::kInnerMacs, packet::test::kInnerIpv4,
                          packet::test::kInnerTcp, "bytes=90, packets=1"})));
}

TEST(HeaderSection, WhatTheRecordSaysStays) {
  Row want = frame_columns("bytes=5000, packets=9");
  want["src_addr"] = "10.9.8.7";
  want["src_port"] = "0";
  EXPECT_EQ(decoded({{8, 4}, {7, 2}, {1, 8}, {2, 8}, {315, kVariable}},
                    Wire().u32(0x0a090807).u16(0).u64(5000).u64(9).add(variable(frame()))),
            text(want));
  Row bytes = frame_columns("bytes=77");
  EXPECT_EQ(decoded({{1, 4}, {312, 2}, {315, kVariable}}, Wire().u32(77).u16(1514).add(variable(frame()))),
            text(bytes));
  Row packets = frame_columns("packets=3");
  EXPECT_EQ(decoded({{2, 4}, {312, 2}, {315, kVariable}}, Wire().u32(3).u16(1514).add(variable(frame()))),
            text(packets));
}

TEST(HeaderSection, OtherLinkLayersAndOffsetsAreNotRead) {
  EXPECT_EQ(decoded({{408, 2}, {315, kVariable}}, Wire().u16(2).add(variable(frame()))), "");
  EXPECT_EQ(decoded({{408, 2}, {315, kVariable}}, Wire().u16(1).add(variable(frame()))),
            text(frame_columns("bytes=40, packets=1")));
  EXPECT_EQ(decoded({{409, 2}, {315, kVariable}}, Wire().u16(14).add(variable(frame()))), "");
  EXPECT_EQ(decoded({{409, 2}, {315, kVariable}}, Wire().u16(0).add(variable(frame()))),
            text(frame_columns("bytes=40, packets=1")));
  // The type of the frame is no matter of an IP packet.
  EXPECT_EQ(decoded({{408, 2}, {313, kVariable}}, Wire().u16(2).add(variable(packet::test::tcp_ipv4()))),
            text(columns({packet::test::kIpv4Columns, packet::test::kTcpColumns, "bytes=40, packets=1"})));
  EXPECT_EQ(decoded({{10, 4}, {315, kVariable}}, Wire().u32(1).u8(0)), "in_if=1\n");
}

TEST(HeaderSection, PayloadIsNoHeader) {
  EXPECT_EQ(decoded({{314, kVariable}}, variable(packet::test::tcp_ipv4())), "");
}

TEST(HeaderSection, EveryRecordOfASet) {
  Wire records;
  for (uint16_t port = 1; port <= 3; ++port) {
    records.add(packet::test::frame(0x0800, packet::test::ipv4({}, packet::test::tcp(port, 443, 2))));
  }
  Harness harness;
  harness.feed(
      test::ipfix({}, Wire().add(test::set(2, test::template_record(300, {{315, 54}}))).add(test::set(300, records))));
  ASSERT_EQ(harness.rows().size(), 3);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(harness.rows()[i].at("src_port"), std::to_string(i + 1));
  EXPECT_EQ(harness.imbalance(), "");
}

TEST(HeaderSection, LayerTwoSectionOfNetflow9) {
  const Wire section = Wire().add(frame()).zeros(10);
  const auto v9 = [&](uint16_t size, uint16_t section_offset) {
    Harness harness;
    const Wire layout = test::template_record(260, {{102, 2}, {103, 2}, {104, static_cast<uint16_t>(section.size())}});
    const Wire record = Wire().u16(section_offset).u16(size).add(section);
    harness.feed(test::netflow9({.count = 2}, Wire().add(test::set(0, layout)).add(test::set(260, record))));
    EXPECT_EQ(harness.anomalies(), "");
    EXPECT_EQ(harness.rows().size(), 1);
    return text(harness.rows().at(0));
  };
  EXPECT_EQ(v9(1514, 0), text(frame_columns("bytes=1514, packets=1")));
  EXPECT_EQ(v9(54, 0), text(frame_columns("bytes=54, packets=1")));
  // The size of the section, as likely as not.
  EXPECT_EQ(v9(64, 0), text(frame_columns("bytes=40, packets=1")));
  EXPECT_EQ(v9(0, 0), text(frame_columns("bytes=40, packets=1")));
  EXPECT_EQ(v9(1514, 14), "");
}

TEST(HeaderSection, DamagedPacketsAreStillRows) {
  EXPECT_EQ(decoded({{313, kVariable}}, variable(Wire().zeros(40))), "packets=1\n");
  for (size_t length = 1; length < 54; ++length) {
    Wire cut;
    for (size_t i = 0; i < length; ++i) cut.u8(frame().bytes()[i]);
    EXPECT_NE(decoded({{315, kVariable}}, variable(cut)), "") << length;
  }
}

}  // namespace
}  // namespace weir::decode
