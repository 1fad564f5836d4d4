#include "pipeline/ledger_json.h"

#include <gtest/gtest.h>

#include "flow/flow_type.h"
#include "pipeline/test_support.h"

namespace weir::pipeline {
namespace {

LedgerReport sample() {
  LedgerReport report;
  report.program = "collect";
  report.pid = 4711;
  report.started = *parse_time("2026-11-22T14:00:00.000001Z");
  report.written = *parse_time("2026-11-22T14:05:00Z");
  report.finished = true;
  report.run = "0123456789abcdef";
  report.boot = "a boot";
  report.interval = std::chrono::milliseconds{5000};
  report.recent = Recent{.seconds = 4.5,
                         .total = {1, 2, 3, 4, 5, 6, 7},
                         .exporters = {{*IpAddress::parse("192.0.2.1"), {11, 12, 13, 14, 15, 16, 17}}}};
  report.places = {
      {.session = {.exporter = *IpAddress::parse("192.0.2.1"), .domain = 7, .type = flow::FlowType::sflow_v5},
       .agent = *IpAddress::parse("2001:db8::7"),
       .port = decode::ExporterPort{6343},
       .next = 0xffffffff,
       .inclusive = true,
       .has_boot = true,
       .boot_by_ours = 1,
       .boot_by_its_own = 2,
       .most_units = 3,
       .units = UINT64_MAX,
       .messages = 5,
       .lived_ms = 6,
       .heard = *parse_time("2026-11-22T14:04:59.999999Z"),
       .export_us = -8,
       .before_kill = true},
      {.session = {.exporter = *IpAddress::parse("192.0.2.1"), .domain = 0, .type = flow::FlowType::ipfix},
       .agent = {}}};
  report.runs = RunsSummedUp{.count = 9, .last = {"fedcba9876543210", "1"}};
  flow::ExporterLedger& a = report.ledger.exporters[*IpAddress::parse("192.0.2.1")];
  flow::ExporterCounters& c = a.counters;
  uint64_t value = UINT64_MAX;  // the largest number survives, and no two counters are confused
  for (uint64_t* counter : {&c.datagrams_received,
                            &c.bytes_received,
                            &c.datagrams_decoded,
                            &c.datagrams_rejected,
                            &c.rows[flow::Table::flows],
                            &c.option_records,
                            &c.templates_received,
                            &c.early_sets_held,
                            &c.early_sets_decoded,
                            &c.undecodable_sets,
                            &c.lost_units,
                            &c.lost_down_units,
                            &c.lost_killed_units,
                            &c.lost_down_unknown,
                            &c.rows[flow::Table::counters],
                            &c.agent_drops,
                            &c.streams.streams,
                            &c.streams.clocks,
                            &c.streams.loss_unknown,
                            &c.streams.loss_in_part,
                            &a.rows(flow::Table::flows).stored,
                            &a.rows(flow::Table::counters).stored}) {
    *counter = value--;
  }
  for (uint64_t& dropped : a.rows(flow::Table::flows).dropped) dropped = value--;
  for (uint64_t& dropped : a.rows(flow::Table::counters).dropped) dropped = value--;
  c.anomalies.add(flow::Anomaly::sequence_gap, 3);
  c.protocols = 1u << static_cast<int>(flow::FlowType::ipfix) | 1u << static_cast<int>(flow::FlowType::netflow_v5);
  c.sampling_rate = 0xffffffff;
  c.first_seen = *parse_time("2026-11-22T14:00:01.5Z");
  c.last_seen = *parse_time("2026-11-22T14:04:59.999999Z");
  report.ledger.exporters[*IpAddress::parse("2001:db8::1")].rows(flow::Table::flows).stored = 1;
  report.ledger.outlets = {"store", "other"};
  flow::RowCounts& other = a.outlet(1)[flow::Table::counters];
  other.stored = value--;
  for (uint64_t& dropped : other.dropped) dropped = value--;
  report.ledger.socket_drops = 12;
  report.ledger.socket_left = 13;
  StreamCounters& streams = report.ledger.streams;
  for (uint64_t* counter : {&streams.accepted, &streams.open, &streams.messages, &streams.bytes,
                            &streams.incomplete_bytes, &streams.unread_bytes}) {
    *counter = value--;
  }
  for (uint64_t& refused : streams.refused) refused = value--;
  for (uint64_t& closed : streams.closed) closed = value--;
  report.store = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, "disk \"full\"\n"};
  report.state.file = StateFileCounters{21, 22, 23, 24, 25, "disk full"};
  report.state.sharing = SharingCounters{true, 31, 32, 33, 34, 35, "gone"};
  return report;
}

TEST(LedgerJson, ReadsBackWhatItWrote) {
  const LedgerReport want = sample();
  const std::string text = test::ledger_to_json(want);
  const auto got = ledger_from_json(text);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->program, "collect");
  EXPECT_EQ(got->pid, 4711);
  EXPECT_EQ(got->started, want.started);
  EXPECT_EQ(got->written, want.written);
  EXPECT_TRUE(got->finished);
  EXPECT_EQ(got->run, want.run);
  EXPECT_EQ(got->interval, want.interval);
  EXPECT_EQ(got->recent->exporters, want.recent->exporters);
  EXPECT_EQ(got->runs->last, want.runs->last);
  EXPECT_EQ(got->places, want.places);
  EXPECT_EQ(got->store.last_error, want.store.last_error);
  EXPECT_EQ(got->store.segments_corrupt, 7u);
  EXPECT_EQ(got->ledger.streams, want.ledger.streams);
  const auto& a = got->ledger.exporters.at(*IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(a.counters.datagrams_received, UINT64_MAX);
  EXPECT_EQ(a.counters.anomalies[flow::Anomaly::sequence_gap], 3u);
  EXPECT_EQ(a.counters.first_seen, want.ledger.exporters.at(*IpAddress::parse("192.0.2.1")).counters.first_seen);
  // All the rest: what it writes again is the same, totals apart, which are summed up anew.
  LedgerReport again = *got;
  again.ledger.total = want.ledger.total;
  EXPECT_EQ(test::ledger_to_json(again), text);
}

TEST(LedgerJson, TotalsAreSummedUp) {
  LedgerReport report = sample();
  report.ledger.exporters.begin()->second.rows(flow::Table::flows).stored = 5;
  report.ledger.exporters.rbegin()->second.rows(flow::Table::flows).stored = 6;
  EXPECT_EQ(ledger_from_json(test::ledger_to_json(report))->ledger.total.rows(flow::Table::flows).stored, 11u);
}

// What an exporter that was forgotten had counted turns up under no address: it was not sent just now.
TEST(LedgerJson, RecentIsWhatHasGrown) {
  const IpAddress a = *IpAddress::parse("192.0.2.1");
  const IpAddress b = *IpAddress::parse("192.0.2.2");
  flow::LedgerSnapshot before;
  before.exporters[a].counters.datagrams_received = 10;
  before.exporters[b].counters.datagrams_received = 20;
  before.total.counters.datagrams_received = 30;
  flow::LedgerSnapshot now;
  now.exporters[IpAddress{}].counters.datagrams_received = 10;
  now.exporters[b].counters.datagrams_received = 25;
  now.exporters[b].rows(flow::Table::flows).stored = 3;
  now.total.counters.datagrams_received = 35;
  const Recent got = recent(before, now, 2.5);
  EXPECT_EQ(got.total.datagrams, 5u);
  ASSERT_EQ(got.exporters.size(), 1u);
  EXPECT_EQ(got.exporters.at(b).datagrams, 5u);
  EXPECT_EQ(got.exporters.at(b).stored, 3u);
}

TEST(LedgerJson, UnseenTimesAreNull) {
  const std::string text = test::ledger_to_json(sample());
  EXPECT_NE(text.find("\"exporter\":\"2001:db8::1\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"first_seen\":null"), std::string::npos) << text;
}

TEST(LedgerJson, DamageIsAnError) {
  const std::string whole = test::ledger_to_json(sample());
  for (size_t length = 0; length + 1 < whole.size(); length += 7) {
    EXPECT_FALSE(ledger_from_json(std::string_view(whole).substr(0, length))) << length;
  }
  for (const std::string_view text :
       {"", "null", "[]", "{}", "{\"version\":0}", "{\"version\":2}", "{\"version\":\"1\"}",
        "{\"version\":1,\"exporters\":[{}]}", "{\"version\":1,\"exporters\":[7]}"}) {
    EXPECT_FALSE(ledger_from_json(text)) << text;
  }
}

TEST(LedgerJson, PlacesThatCannotBeAreLeftOut) {
  const std::string good = R"(["192.0.2.1","IPFIX",7,"",4739,1,false,false,0,0,1,2,3,4,5,6,false])";
  std::string text = R"({"version":1,"places":[7,[],["192.0.2.1"],)" + good;
  for (const auto& [from, to] :
       {std::pair{"192.0.2.1", "here"}, {"IPFIX", "X"}, {"4739", "65536"}, {"false", "0"}, {"6,", "6.5e99,"}}) {
    std::string bad = good;
    bad.replace(bad.find(from), std::string_view(from).size(), to);
    text += "," + bad;
  }
  const auto report = ledger_from_json(text + "]}");
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->places.size(), 1u);
  EXPECT_EQ(report->places.front().session.domain, 7u);
}

TEST(LedgerJson, UnknownMembersAndOddTypesAreIgnored) {
  const auto report = ledger_from_json(
      R"({"version":1,"new":[1],"pid":"x","socket_drops":-1,"exporters":[
          {"exporter":"192.0.2.1","rows_stored":7,"anomalies":{"new_one":3},"rows_dropped":null,
           "protocols":[1,"carrier pigeon"]}]})");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->ledger.total.rows(flow::Table::flows).stored, 7u);
  EXPECT_EQ(report->ledger.socket_drops, 0u);
  EXPECT_EQ(report->ledger.total.counters.protocols, 0u);
}

}  // namespace
}  // namespace weir::pipeline
