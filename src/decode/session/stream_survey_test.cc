// How sure the loss of each stream is: a number where its numbers go on as they should, and none where they do not.
#include "decode/session/stream_survey.h"

#include <gtest/gtest.h>

#include <array>

#include "decode/session/shared_exporter.h"
#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using flow::LossKnown;
using test::FieldOf;
using test::Harness;
using test::Wire;

constexpr int64_t kStart = 1'700'000'000;
constexpr size_t kAll = 1000;
const std::vector<FieldOf> kPorts = {{7, 2}, {11, 2}};

Timestamp at_ms(int64_t ms) { return timestamp_from_us((kStart * 1000 + ms) * 1000); }

test::Header header(int64_t ms, uint32_t number, uint16_t count, int64_t boot_ms = -3'600'000) {
  return {.sequence = number,
          .seconds = static_cast<uint32_t>(kStart + ms / 1000),
          .uptime_ms = static_cast<uint32_t>(ms - boot_ms),
          .count = count,
          .nanoseconds = static_cast<uint32_t>(ms % 1000 * 1'000'000)};
}

Wire v5(int64_t ms, uint32_t number, uint16_t count, int64_t boot_ms = -3'600'000) {
  return test::netflow5(header(ms, number, count, boot_ms), Wire().zeros(size_t{48} * count));
}

Wire ports_set(uint32_t records) {
  Wire body;
  for (uint32_t i = 0; i < records; ++i) body.u16(80).u16(443);
  return test::set(256, body);
}

Wire ipfix(int64_t ms, uint32_t number, uint32_t records) {
  return test::ipfix(header(ms, number, 0), ports_set(records));
}

Wire ipfix_template(int64_t ms, uint32_t number) {
  return test::ipfix(header(ms, number, 0), test::set(2, test::template_record(256, kPorts)));
}

Wire v9(int64_t ms, uint32_t number, int64_t boot_ms = -3'600'000) {
  return test::netflow9(header(ms, number, 2, boot_ms),
                        test::set(0, test::template_record(256, kPorts)).add(ports_set(1)));
}

void feed(Harness& h, const Wire& bytes, int64_t ms, uint16_t port = 1000) {
  h.feed(test::datagram(bytes, port, test::kExporter, at_ms(ms)));
}

// The only stream that there is.
StreamReport only(Harness& h) {
  const StreamReports all = h.decoder.survey_streams(kAll);
  EXPECT_EQ(all.streams.size(), 1u);
  return all.streams.empty() ? StreamReport{} : all.streams.front();
}

void expect_unknown(Harness& h, LossDoubt doubt) {
  const StreamReport stream = only(h);
  EXPECT_EQ(name(stream.doubt), name(doubt));
  EXPECT_EQ(h.counters().lost_units, 0u);
  EXPECT_EQ(h.count(Anomaly::exporter_restart), 0u);
  EXPECT_EQ(h.counters().streams.loss_known(), LossKnown::none);
}

TEST(StreamSurvey, NumbersThatGoOnTellTheLoss) {
  Harness h;
  uint32_t number = 7000;
  for (int64_t ms = 0; ms < 20'000; ms += 1000) {
    feed(h, v5(ms, number, 20), ms);
    number += ms == 9000 ? 23 : 20;
  }
  const StreamReport stream = only(h);
  EXPECT_EQ(stream.doubt, LossDoubt::none);
  EXPECT_EQ(stream.lost, 3u);
  EXPECT_EQ(stream.messages, 20u);
  EXPECT_EQ(stream.booted(), at_ms(-3'600'000));
  const flow::StreamSummary sum = h.counters().streams;
  EXPECT_EQ(sum, (flow::StreamSummary{.streams = 1, .clocks = 1, .loss_unknown = 0, .loss_in_part = 0}));
  EXPECT_EQ(sum.loss_known(), LossKnown::all);
}

TEST(StreamSurvey, OneMessageIsTooFew) {
  Harness h;
  feed(h, v5(0, 100, 5), 0);
  expect_unknown(h, LossDoubt::too_few);
  feed(h, v5(1000, 105, 7), 1000);
  EXPECT_EQ(only(h).doubt, LossDoubt::none);
  feed(h, v5(2000, 112, 7), 2000);
  EXPECT_EQ(only(h).doubt, LossDoubt::none);
}

TEST(StreamSurvey, NumbersThatAreAlwaysZeroTellNothing) {
  Harness of_v5;
  Harness of_v9;
  Harness of_ipfix;
  feed(of_ipfix, ipfix_template(0, 0), 0);
  for (int64_t i = 1; i < 60; ++i) {
    const int64_t ms = i * 700;
    feed(of_v5, v5(ms, 0, static_cast<uint16_t>(1 + i % 30)), ms);
    feed(of_v9, v9(ms, 0), ms);
    feed(of_ipfix, i % 10 == 0 ? ipfix_template(ms, 0) : ipfix(ms, 0, static_cast<uint32_t>(1 + i % 9)), ms);
  }
  expect_unknown(of_v5, LossDoubt::erratic);
  expect_unknown(of_v9, LossDoubt::erratic);
  expect_unknown(of_ipfix, LossDoubt::erratic);
}

// Numbers of messages where those of records are due, and the other way round.
TEST(StreamSurvey, NumbersOfSomethingElseTellNothing) {
  Harness slow;
  Harness fast;
  for (int64_t i = 0; i < 60; ++i) {
    feed(slow, v5(i * 1000, 500 + static_cast<uint32_t>(i), 30), i * 1000);
    feed(fast, v9(i * 1000, 500 + static_cast<uint32_t>(i) * 30), i * 1000);
  }
  expect_unknown(slow, LossDoubt::erratic);
  expect_unknown(fast, LossDoubt::erratic);
}

// Open vSwitch numbers the last record of a message, not the first.
TEST(StreamSurvey, NumbersThatIncludeTheMessageTellTheLoss) {
  constexpr uint16_t kCounts[] = {2, 2, 2, 5, 1, 1, 5, 30, 7, 7, 1, 19, 4};
  Harness h;
  uint32_t number = 4000;
  for (int64_t i = 0; i < 52; ++i) {
    const uint16_t count = kCounts[i % std::size(kCounts)];
    number += count + (i == 40 ? 100 : 0);
    feed(h, v5(i * 1000, number, count), i * 1000);
  }
  EXPECT_EQ(only(h).doubt, LossDoubt::none);
  EXPECT_EQ(only(h).lost, 100u);
  EXPECT_EQ(h.counters().lost_units, 100u);
  EXPECT_EQ(h.count(Anomaly::exporter_restart), 0u);
}

// Two counters that send in turns from one port, with the same uptime or none: near to each other or not, within one
// second or not. They are told apart, or their loss is unknown.
TEST(StreamSurvey, CountersInTurnsInventNoLoss) {
  const auto message = [](int protocol, int64_t ms, uint32_t number, uint16_t count) {
    return protocol == 5 ? v5(ms, number, count) : protocol == 9 ? v9(ms, number) : ipfix(ms, number, count);
  };
  const auto play = [&](int protocol, std::string_view turns, uint32_t apart, int64_t pace_ms) {
    Harness h;
    std::array<uint32_t, 2> numbers = {1000, 1000 + apart};
    if (protocol == 10) feed(h, ipfix_template(0, numbers[0]), 0);
    uint32_t random = 7;
    for (size_t i = 0; i < 300; ++i) {
      random = random * 1664525 + 1013904223;
      uint32_t& number = numbers[turns.empty() ? random >> 31 : turns[i % turns.size()] == 'B' ? 1 : 0];
      const auto count = static_cast<uint16_t>(2 + i % 5);
      const int64_t ms = static_cast<int64_t>(i) * pace_ms;
      feed(h, message(protocol, ms, number, count), ms);
      number += protocol == 9 ? 1 : count;
    }
    h.decoder.survey_streams(kAll);
    const flow::ExporterCounters counters = h.counters();
    const bool unknown = counters.streams.loss_known() == LossKnown::none;
    EXPECT_TRUE(counters.lost_units == 0 || unknown) << protocol << " " << turns << " " << apart << " " << pace_ms;
    EXPECT_TRUE(counters.streams.streams > 1 || unknown) << protocol << " " << turns << " " << apart << " " << pace_ms;
  };
  for (const int protocol : {5, 9, 10}) {
    for (const std::string_view turns : {"AB", "AAB", "AAABBB", ""}) {
      for (const uint32_t apart : {300U, 700U, 5000U, 100'000U, 3'000'000U, 1U << 30}) {
        play(protocol, turns, apart, 20);
        play(protocol, turns, apart, 1000);
      }
    }
  }
}

TEST(StreamSurvey, HeavyLossIsLoss) {
  Harness h;
  uint64_t lost = 0;
  uint32_t random = 1;
  for (int64_t i = 0; i < 2000; ++i) {
    random = random * 1664525 + 1013904223;
    if (random >> 30 == 0 && i > 20) {
      feed(h, v9(i * 50, static_cast<uint32_t>(i)), i * 50);
    } else if (i <= 20) {
      feed(h, v9(i * 50, static_cast<uint32_t>(i)), i * 50);
    } else {
      ++lost;
    }
  }
  feed(h, v9(100'000, 2000), 100'000);
  EXPECT_EQ(only(h).doubt, LossDoubt::none);
  EXPECT_EQ(only(h).lost, lost);
  EXPECT_EQ(h.counters().lost_units, lost);
}

TEST(StreamSurvey, ErraticNumbersThatGoOnAgainAreBelieved) {
  Harness h;
  for (int64_t i = 0; i < 20; ++i) feed(h, v5(i * 1000, 0, 10), i * 1000);
  EXPECT_EQ(only(h).doubt, LossDoubt::erratic);
  uint32_t number = 0;
  for (int64_t i = 20; i < 120; ++i, number += 10) feed(h, v5(i * 1000, number, 10), i * 1000);
  EXPECT_EQ(only(h).doubt, LossDoubt::none);
  feed(h, v5(120'000, number + 40, 10), 120'000);
  EXPECT_EQ(h.counters().lost_units, 40u);
}

TEST(StreamSurvey, DataWithoutTheirTemplateLeaveHoles) {
  Harness h;
  feed(h, ipfix(0, 500, 10), 0);
  feed(h, ipfix(1000, 510, 10), 1000);
  EXPECT_EQ(name(only(h).doubt), "uncounted");
  feed(h, ipfix_template(2000, 520), 2000);
  for (uint32_t i = 0; i < 5; ++i) feed(h, ipfix(3000 + i, 520 + 10 * i, 10), 3000 + i);
  EXPECT_EQ(name(only(h).doubt), "") << "before it could be counted nothing is missing that was to be seen";
  feed(h, test::ipfix(header(4000, 570, 0), test::set(999, Wire().u32(0))), 4000);
  feed(h, ipfix(5000, 580, 10), 5000);
  EXPECT_EQ(name(only(h).doubt), "holes");
  EXPECT_EQ(h.counters().streams.loss_known(), LossKnown::part);
}

TEST(StreamSurvey, StreamsBehindOneAddressHaveTheirOwn) {
  Harness h;
  for (int64_t i = 0; i < 20; ++i) {
    feed(h, v9(i * 1000, 100 + static_cast<uint32_t>(i + (i > 10 ? 4 : 0)), -9'000'000), i * 1000);
    feed(h, v9(i * 1000 + 300, 70'000 + static_cast<uint32_t>(i), -90'000'000), i * 1000 + 300);
    feed(h, v5(i * 1000 + 500, 0, 5, -9'000'000), i * 1000 + 500, 2000);
  }
  const StreamReports all = h.decoder.survey_streams(kAll);
  ASSERT_EQ(all.streams.size(), 3u);
  std::map<std::string, uint64_t> lost;
  for (const StreamReport& s : all.streams) {
    const bool shared = s.session.type == flow::FlowType::netflow_v9;
    EXPECT_EQ(s.shared, shared);
    EXPECT_EQ(s.templates, shared ? 1u : 0u);
    EXPECT_EQ(s.loss_known(), shared ? LossKnown::all : LossKnown::none);
    if (shared) lost[to_rfc3339(*s.booted())] = s.lost;
  }
  EXPECT_EQ(lost,
            (std::map<std::string, uint64_t>{{to_rfc3339(at_ms(-9'000'000)), 4}, {to_rfc3339(at_ms(-90'000'000)), 0}}));
  const flow::StreamSummary sum = h.counters().streams;
  EXPECT_EQ(sum, (flow::StreamSummary{.streams = 3, .clocks = 2, .loss_unknown = 1, .loss_in_part = 0}));
  EXPECT_EQ(sum.loss_known(), LossKnown::part);
}

TEST(StreamSurvey, WhatARestartReplacedDoesNotCount) {
  Harness h;
  for (int64_t i = 0; i < 5; ++i) feed(h, v9(i * 1000, 100 + static_cast<uint32_t>(i)), i * 1000);
  for (int64_t i = 30; i < 35; ++i) feed(h, v9(i * 1000, static_cast<uint32_t>(i - 30), 25'000), i * 1000);
  const StreamReports all = h.decoder.survey_streams(kAll);
  ASSERT_EQ(all.streams.size(), 2u);
  EXPECT_EQ(h.count(Anomaly::exporter_restart), 1u);
  EXPECT_EQ(h.counters().streams.streams, 1u);
  EXPECT_EQ(h.counters().streams.clocks, 1u);
}

TEST(StreamSurvey, ListsAreBoundedAndSumsAreNot) {
  Harness h;
  for (uint16_t port = 1; port <= 30; ++port) feed(h, v9(0, port * 10'000U, -1'000'000 * port), 0, port);
  const StreamReports all = h.decoder.survey_streams(10);
  EXPECT_EQ(all.streams.size(), 10u);
  EXPECT_EQ(all.left_out, 20u);
  EXPECT_EQ(h.counters().streams.streams, 30u);
  EXPECT_EQ(h.counters().streams.clocks, 30u);
  h.decoder.survey_streams(10);
  EXPECT_EQ(h.counters().streams.streams, 30u) << "not summed up";
}

TEST(StreamSurvey, NetflowV1HasNoNumbers) {
  Harness h;
  for (int64_t i = 0; i < 5; ++i) {
    feed(h, Wire().u16(1).u16(1).u32(3'600'000 + i).u32(kStart).u32(0).zeros(48), i);
  }
  expect_unknown(h, LossDoubt::no_numbers);
}

TEST(StreamSurvey, WhereDecodersShareAnExporterOneTells) {
  SharedExporters shared;
  std::array<Harness, 2> of;
  for (Harness& h : of) h.decoder.set_shared(&shared);
  for (int64_t i = 0; i < 200; ++i) {
    if (i != 100) feed(of[i % 2], v9(i * 100, static_cast<uint32_t>(i)), i * 100);
  }
  for (Harness& h : of) h.decoder.expire(Timestamp::max());
  for (int round = 0; round < 2; ++round) {
    const StreamReports first = of[0].decoder.survey_streams(kAll);
    const StreamReports second = of[1].decoder.survey_streams(kAll);
    ASSERT_EQ(first.streams.size() + second.streams.size(), 1u);
    const StreamReport& stream = first.streams.empty() ? second.streams.front() : first.streams.front();
    EXPECT_EQ(stream.doubt, LossDoubt::none);
    EXPECT_EQ(stream.lost, 1u);
    EXPECT_EQ(stream.messages, 199u);
    flow::ExporterCounters sum = of[0].counters();
    EXPECT_EQ((sum += of[1].counters()).streams.streams, 1u);
  }
}

}  // namespace
}  // namespace weir::decode
