// What damaged datagrams cost.
#include "decode/sflow/sflow_decoder.h"

#include <gtest/gtest.h>

#include "decode/sflow/test_sflow_rows.h"

namespace weir::decode {
namespace {

using namespace test;

// A frame of two samples, the first one changed; the second must always be there.
struct FrameCase {
  const char* name;
  Wire sample;
  const char* anomalies;
  size_t rows;  // with the second one's
};

TEST(Sflow, DamageCostsTheSampleOrTheRecord) {
  const Wire record = sflow_block(1001, sflow_words({10, 0, 20, 0}));
  const Wire fixed = sflow_words({1, 7, 1000, 5000, 0, 7, 8});
  const std::vector<FrameCase> cases = {
      {"fine", flow_sample({}, {record}), "", 2},
      {"too short for its fixed part", sflow_block(1, Wire().zeros(28)), "bad_sample", 1},
      {"empty", sflow_block(1, Wire()), "bad_sample", 1},
      {"empty counters", sflow_block(2, Wire().zeros(8)), "bad_sample", 1},
      {"expanded, too short", sflow_block(3, Wire().zeros(40)), "bad_sample", 1},
      {"discarded, too short", sflow_block(5, Wire().zeros(28)), "bad_sample", 1},
      {"unknown format", sflow_block(77, Wire().zeros(28)), "unknown_sample", 1},
      {"of an enterprise", sflow_block(4300U << 12 | 1, Wire().zeros(28)), "unknown_sample", 1},
      {"record of an enterprise", flow_sample({}, {sflow_block(4300U << 12 | 1, Wire().zeros(8))}),
       "unknown_sample_record", 2},
      {"record longer than the sample", sflow_block(1, Wire(fixed).u32(1).u32(1001).u32(20).zeros(16)),
       "bad_sample_record", 2},
      {"record of a huge length", sflow_block(1, Wire(fixed).u32(1).u32(1001).u32(kHuge).zeros(16)),
       "bad_sample_record", 2},
      {"head of a record cut off", sflow_block(1, Wire(fixed).u32(1).u32(1001)), "bad_sample_record", 2},
      {"records that are not there", sflow_block(1, Wire(fixed).u32(kHuge).add(record)), "bad_sample", 2},
      {"bytes behind the records", sflow_block(1, Wire(fixed).u32(1).add(record).zeros(8)), "trailing_bytes", 2},
      {"bytes at a record's end", flow_sample({}, {sflow_block(1001, sflow_words({10, 0, 20, 0, 99}))}), "", 2},
      {"length that is no multiple of 4", Wire().u32(77).u32(5).zeros(8), "unknown_sample", 1}};
  for (const FrameCase& c : cases) {
    SCOPED_TRACE(c.name);
    Harness harness;
    harness.feed(sflow_datagram({}, {c.sample, flow_sample({.input = 99}, {})}));
    EXPECT_EQ(harness.anomalies(), c.anomalies);
    ASSERT_EQ(harness.rows().size(), c.rows);
    EXPECT_EQ(harness.rows().back().at("in_if"), "99");
    EXPECT_EQ(harness.imbalance(), "");
  }
}

TEST(Sflow, CountOfSamples) {
  const Wire sample = flow_sample({}, {});
  const auto with_count = [&](uint32_t count) {
    return Wire::hex("00000005 00000001 0a000001").add(sflow_words({0, 1, 1000, count})).add(sample).add(sample);
  };
  for (const auto& [count, rows, anomalies] :
       std::vector<std::tuple<uint32_t, size_t, std::string>>{{2, 2, ""},
                                                              {3, 2, "count_mismatch"},
                                                              {kHuge, 2, "count_mismatch"},
                                                              {1, 1, "trailing_bytes"},
                                                              {0, 0, "trailing_bytes"}}) {
    SCOPED_TRACE(count);
    Harness harness;
    harness.feed(with_count(count));
    EXPECT_EQ(harness.rows().size(), rows);
    EXPECT_EQ(harness.anomalies(), anomalies);
  }
}

// As in captures of real agents, which state 52 bytes for 68 of the last sample, or were cut off.
TEST(Sflow, LastSampleIsReadAsFarAsItGoes) {
  const Wire router = sflow_block(1002, sflow_address(*IpAddress::parse("2001:db8::1")).add(sflow_words({64, 48})));
  const Wire fixed = sflow_words({1, 7, 1000, 5000, 0, 7, 8, 1});
  const Wire body = Wire(fixed).add(router);
  const auto one = [](const Wire& sample) {
    return Wire::hex("00000005 00000001 0a000001").add(sflow_words({0, 1, 1000, 1})).add(sample);
  };
  Harness short_length;
  short_length.feed(one(Wire().u32(1).u32(52).add(body)));
  EXPECT_EQ(only_row(short_length).at("next_hop"), "2001:db8::1");
  EXPECT_EQ(only_row(short_length).at("dst_net"), "48");
  EXPECT_EQ(short_length.anomalies(), "bad_sample");
  Harness clipped;
  clipped.feed(one(Wire().u32(1).u32(400).add(body)));
  EXPECT_EQ(only_row(clipped).at("dst_net"), "48");
  EXPECT_EQ(clipped.anomalies(), "bad_sample");
}

// Every prefix of a datagram, and every byte of it changed: nothing happens but counting.
TEST(Sflow, AnyTruncationIsHarmless) {
  const Wire whole = sflow_datagram(
      {}, {flow_sample({}, {raw_header(1, 100, tcp_frame()), sflow_block(1001, sflow_words({10, 0, 20, 0})),
                            gateway(Wire().u32(1).u32(2).add(sflow_list({1, 2})), sflow_list({1})),
                            sflow_block(1005, Wire().u32(1).add(sflow_text("/abc")).add(sflow_text("h")))}),
           counter_sample({}, {sflow_block(1, Wire().zeros(88)), sflow_block(1005, sflow_text("eth0"))}),
           discarded_packet({}, {sflow_block(1038, sflow_text("f"))})});
  Harness complete;
  complete.feed(whole);
  const std::vector<Row> want = complete.rows();
  ASSERT_EQ(want.size(), 2u);
  for (size_t length = 0; length < whole.size(); ++length) {
    Harness harness;
    harness.feed(ByteView(whole).first(length));
    ASSERT_LE(harness.rows().size(), want.size());
    ASSERT_EQ(harness.imbalance(), "");
  }
  std::vector<uint8_t> bytes = whole.bytes();
  for (size_t i = 4; i < bytes.size(); ++i) {
    for (const uint8_t value : std::initializer_list<uint8_t>{0x00, 0x01, 0x7f, 0x80, 0xff}) {
      const uint8_t before = std::exchange(bytes[i], value);
      Harness harness;
      harness.feed(bytes);
      ASSERT_EQ(harness.imbalance(), "") << "byte " << i << " = " << int{value};
      bytes[i] = before;
    }
  }
}

TEST(Sflow, RowsOfOneDatagramMayNeedTwoBatches) {
  Harness harness;  // its batches have 64 rows
  std::vector<Wire> samples;
  for (uint32_t i = 0; i < 50; ++i) samples.push_back(flow_sample({.input = i + 1}, {}));
  harness.feed(sflow_datagram({.sub_agent = 1}, samples)).feed(sflow_datagram({.sub_agent = 2}, samples));
  const std::vector<Row>& rows = harness.rows();
  ASSERT_EQ(rows.size(), 100u);
  for (size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(rows[i].at("in_if"), std::to_string(i % 50 + 1));
    EXPECT_EQ(rows[i].at("observation_domain_id"), i < 50 ? "1" : "2");
    EXPECT_EQ(rows[i].at("packets"), "1");
    EXPECT_EQ(rows[i].at("time_received"), "2023-11-14T22:13:21.000000Z");
  }
}

}  // namespace
}  // namespace weir::decode
