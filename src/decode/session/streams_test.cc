// Exporters that share an address, as reports of collectors' users have them: each keeps its templates, its options and
// its sequence.
#include "decode/session/streams.h"

#include <gtest/gtest.h>

#include "decode/session/shared_exporter.h"
#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using test::FieldOf;
using test::Harness;
using test::Wire;

const std::vector<FieldOf> kPorts = {{7, 2}, {11, 2}};
const std::vector<FieldOf> kPortsReversed = {{11, 2}, {7, 2}};
constexpr int64_t kStart = 1'700'000'000;

Timestamp at_ms(int64_t ms) { return timestamp_from_us((kStart * 1000 + ms) * 1000); }

// One exporter; its clock is right unless it is set.
struct Exporter {
  bool v9 = true;
  uint16_t port = 9999;
  int64_t boot_ms = -3'600'000;
  uint32_t sequence = 1000;
  int64_t clock_ms = 0;  // ahead of ours

  Wire message(int64_t now_ms, const Wire& sets, uint16_t count, uint32_t records) {
    const test::Header header{.sequence = sequence,
                              .seconds = static_cast<uint32_t>(kStart + (now_ms + clock_ms) / 1000),
                              .uptime_ms = static_cast<uint32_t>(now_ms - boot_ms),
                              .count = count};
    sequence += v9 ? 1 : records;
    return v9 ? test::netflow9(header, sets) : test::ipfix(header, sets);
  }
  Wire announce(int64_t now_ms, const std::vector<FieldOf>& fields) {
    return message(now_ms, test::set(v9 ? 0 : 2, test::template_record(256, fields)), 1, 0);
  }
  Wire data(int64_t now_ms, uint16_t first, uint16_t second) {
    return message(now_ms, test::set(256, Wire().u16(first).u16(second)), 1, 1);
  }
};

void feed(Harness& h, const Exporter& from, const Wire& bytes, int64_t now_ms) {
  h.feed(test::datagram(bytes, from.port, test::kExporter, at_ms(now_ms)));
}

void expect_ports(Harness& h, size_t rows, const char* src, const char* dst) {
  ASSERT_EQ(h.rows().size(), rows);
  for (const test::Row& row : h.rows()) {
    EXPECT_EQ(row.at("src_port"), src);
    EXPECT_EQ(row.at("dst_port"), dst);
  }
}

// What a collector knows when it has been started anew.
struct Memory : StateSource {
  Memory(Harness& before, Timestamp now)
      : sessions(decode_state(encode_state(before.decoder.take_changes(now).changed, now), Limits{}).value().sessions) {
  }
  std::vector<SessionStatePtr> sessions_of(const IpAddress& /*exporter*/) const override { return sessions; }
  std::vector<SessionStatePtr> sessions;
};

// nfdump #248, samplicator #71: both behind one address and port, templates sent once.
TEST(Streams, OfARelayAreToldApart) {
  for (const bool v9 : {true, false}) {
    Harness h;
    Exporter a{.v9 = v9, .boot_ms = -9'000'000, .sequence = 100};
    Exporter b{.v9 = v9, .boot_ms = -90'000'000, .sequence = 700'000};
    feed(h, a, a.announce(0, kPorts), 0);
    feed(h, b, b.announce(300, kPortsReversed), 300);
    for (int64_t ms = 1000; ms < 6000; ms += 1000) {
      feed(h, a, a.data(ms, 80, 443), ms);
      feed(h, b, b.data(ms + 300, 443, 80), ms + 300);
    }
    expect_ports(h, 10, "80", "443");
    EXPECT_EQ(h.anomalies(), "");
    EXPECT_EQ(h.counters().lost_units, 0u);
  }
}

// logstash-codec-netflow #9, elastiflow #492: behind NAT; one restarts.
TEST(Streams, ARestartIsTheRestartersOwn) {
  Harness h;
  Exporter a{.port = 1000, .boot_ms = -9'000'000, .sequence = 100};
  Exporter b{.port = 2000, .boot_ms = -50'000'000, .sequence = 500};
  feed(h, a, a.announce(0, kPortsReversed), 0);
  feed(h, b, b.announce(100, kPorts), 100);
  a = {.port = 1000, .boot_ms = 15'000, .sequence = 0};
  feed(h, a, a.announce(20'000, kPortsReversed), 20'000);
  feed(h, b, b.data(22'000, 80, 443), 22'000);
  feed(h, a, a.data(22'500, 443, 80), 22'500);
  expect_ports(h, 2, "80", "443");
  EXPECT_EQ(h.anomalies(), "exporter_restart");
}

// Its templates were lost, its clock was set back: numbers and times are as if the message had been overtaken.
TEST(Streams, ARestartWithAClockThatWasSetBackIsNoOvertakenMessage) {
  Harness h;
  Exporter a{.v9 = false, .sequence = 0};
  feed(h, a, a.announce(0, kPorts), 0);
  for (int64_t ms = 1000; ms < 21'000; ms += 500) feed(h, a, a.data(ms, 80, 443), ms);
  a = {.v9 = false, .sequence = 0, .clock_ms = -266'000};
  a.announce(29'000, kPortsReversed);
  for (int64_t ms = 30'000; ms < 32'000; ms += 500) feed(h, a, a.data(ms, 443, 80), ms);
  expect_ports(h, 40, "80", "443");
  feed(h, a, a.announce(33'000, kPortsReversed), 33'000);
  expect_ports(h, 44, "80", "443");
  EXPECT_EQ(h.imbalance(), "");
}

// The same while the collector was not there.
TEST(Streams, ARestartIsNoticedAcrossAState) {
  for (const uint32_t lost : {0U, 3U}) {
    Harness before;
    Exporter a{.v9 = false, .sequence = 0};
    feed(before, a, a.announce(0, kPorts), 0);
    for (int64_t ms = 1000; ms < 21'000; ms += 500) feed(before, a, a.data(ms, 80, 443), ms);
    Memory memory(before, at_ms(21'000));
    Harness after;
    after.decoder.set_state_source(&memory);
    a = {.v9 = false, .sequence = lost};
    for (int64_t ms = 30'000; ms < 32'000; ms += 500) feed(after, a, a.data(ms, 443, 80), ms);
    EXPECT_EQ(after.rows().size(), 0u);
    feed(after, a, a.announce(33'000, kPortsReversed), 33'000);
    feed(after, a, a.data(33'500, 443, 80), 33'500);
    expect_ports(after, 5, "80", "443");
    EXPECT_EQ(after.imbalance(), "");
  }
}

// Numbers that are always 0, and ever another layout, before anything was read: beyond what a relay has, nothing is
// taken from it for a while, so that nothing is read with another one's layout. It costs no stream each time.
TEST(Streams, WhoContradictsItselfForeverIsNotBelieved) {
  Harness h;
  Exporter forger{.v9 = false, .sequence = 0};
  for (uint16_t n = 0; n < 1000; ++n) {
    feed(h, forger, forger.announce(n, {{7, 2}, {11, 2}, {static_cast<uint16_t>(1000 + n), 4}}), n);
  }
  EXPECT_EQ(h.anomalies(), "template_limit*935 template_conflict*999");
  feed(h, forger, forger.message(1001, test::set(256, Wire().u16(80).u16(443).u32(0)), 1, 1), 1001);
  EXPECT_EQ(h.rows().size(), 0u);
  Exporter honest{.v9 = false, .port = 1000, .sequence = 5000};
  feed(h, honest, honest.announce(1002, kPorts), 1002);
  feed(h, honest, honest.data(1003, 80, 443), 1003);
  // And one that sends from the very same port.
  Exporter same{.v9 = false, .sequence = 70'000};
  feed(h, same, same.announce(1004, kPortsReversed), 1004);
  for (int64_t ms = 1005; ms < 1010; ++ms) {
    feed(h, forger, forger.announce(ms, {{7, 2}, {11, 2}, {2000, 4}}), ms);
    feed(h, same, same.data(ms, 443, 80), ms);
  }
  expect_ports(h, 6, "80", "443");
  EXPECT_EQ(h.imbalance(), "");
}

// softflowd #39, telegraf #15774.
TEST(Streams, OptionsHoldForTheirOwn) {
  Harness h;
  const auto options = [](uint32_t rate) {
    return test::set(1, test::options_record_v9(300, {{1, 4}}, {{34, 4}})).add(test::set(300, Wire().u32(0).u32(rate)));
  };
  Exporter a{.port = 1000, .boot_ms = -9'000'000};
  Exporter b{.port = 2000, .boot_ms = -50'000'000};
  Exporter none{.port = 3000, .boot_ms = -70'000'000};
  feed(h, a, a.message(0, test::set(0, test::template_record(256, kPorts)).add(options(100)), 3, 0), 0);
  feed(h, b, b.message(100, test::set(0, test::template_record(256, kPorts)).add(options(200)), 3, 0), 100);
  feed(h, none, none.announce(200, kPorts), 200);
  feed(h, a, a.data(1000, 1, 2), 1000);
  feed(h, b, b.data(1100, 1, 2), 1100);
  feed(h, none, none.data(1200, 1, 2), 1200);
  ASSERT_EQ(h.rows().size(), 3u);
  EXPECT_EQ(h.rows()[0].at("sampling_rate"), "100");
  EXPECT_EQ(h.rows()[1].at("sampling_rate"), "200");
  EXPECT_FALSE(h.rows()[2].contains("sampling_rate")) << "it has said nothing";
}

// nfdump #237: a port that changes with every message, or now and then.
TEST(Streams, FollowAnExporterThatChangesItsPort) {
  for (const bool v9 : {true, false}) {
    for (const uint32_t start : {0U, 5000U}) {
      Harness h;
      Exporter a{.v9 = v9, .port = 1000, .sequence = start};
      feed(h, a, a.announce(0, kPorts), 0);
      for (int64_t ms = 1000; ms < 40'000; ms += 1000) {
        ++a.port;
        feed(h, a, a.data(ms, 80, 443), ms);
      }
      expect_ports(h, 39, "80", "443");
      EXPECT_EQ(h.counters().lost_units, 0u);
      EXPECT_EQ(h.count(Anomaly::exporter_restart), 0u);
    }
  }
}

TEST(Streams, FollowAnExporterThatChangesItsPortInTwoThreads) {
  for (const bool v9 : {true, false}) {
    SharedExporters shared;
    std::array<Harness, 2> of;
    for (Harness& h : of) h.decoder.set_shared(&shared);
    Exporter a{.v9 = v9, .port = 1000, .sequence = 2};
    feed(of[0], a, a.announce(0, kPorts), 0);
    for (int64_t ms = 1000; ms < 40'000; ms += 1000) {
      ++a.port;
      feed(of[ms / 1000 % 3 / 2], a, a.data(ms, 80, 443), ms);
    }
    for (Harness& h : of) h.decoder.take_shared(h.builder);
    EXPECT_EQ(of[0].rows().size() + of[1].rows().size(), 39u);
    for (Harness& h : of) expect_ports(h, h.rows().size(), "80", "443");
  }
}

// Supervisors or slots with boots of their own in one sequence; a clock that jumps.
TEST(Streams, SeveralBootsInOneSequenceAreOneExporter) {
  Harness h;
  Exporter a{.boot_ms = -9'000'000, .sequence = 100};
  feed(h, a, a.announce(0, kPorts), 0);
  for (int64_t i = 1; i < 60; ++i) {
    a.boot_ms = i % 3 == 0 ? -9'000'000 : -8'400'000;
    a.clock_ms = i < 30 ? 0 : -86'400'000;
    feed(h, a, a.data(i * 1000, 80, 443), i * 1000);
  }
  expect_ports(h, 59, "80", "443");
  EXPECT_EQ(h.anomalies(), "");
  EXPECT_EQ(h.counters().lost_units, 0u);
}

// Forged announcements from other ports take nothing from a template in use.
TEST(Streams, AnnouncementsFromOtherPortsAreTheirOwn) {
  Harness h;
  Exporter victim{.v9 = false, .port = 1000, .sequence = 50'000};
  feed(h, victim, victim.announce(0, kPorts), 0);
  feed(h, victim, victim.data(10, 80, 443), 10);
  for (uint16_t port = 2000; port < 3000; ++port) {
    Exporter forger{.v9 = false, .port = port};
    feed(h, forger, forger.announce(20, kPortsReversed), 20);
    feed(h, victim, victim.data(30, 80, 443), 30);
  }
  expect_ports(h, 1001, "80", "443");
}

// Whoever forges ports of an exporter's address takes the place of nobody who was there before: neither by many of them
// nor by as many as there is room for, for a while.
TEST(Streams, AFloodOfPortsEvictsNoneThatLasts) {
  for (const bool v9 : {true, false}) {
    Harness h;
    Exporter known{.v9 = v9, .sequence = 70'000'000};
    feed(h, known, known.announce(0, kPorts), 0);
    int64_t ms = 0;
    uint16_t rows = 0;
    const auto goes_on = [&] {
      feed(h, known, known.data(ms, 80, 443), ms);
      ++rows;
    };
    for (; ms < 3000; ms += 100) goes_on();
    const auto forge = [&](size_t ports, int64_t until) {
      for (uint32_t n = 0; ms < until; ms += 10) {
        for (int i = 0; i < 10; ++i, ++n) {
          Exporter forged{.v9 = v9, .port = static_cast<uint16_t>(20'000 + n % ports), .sequence = n * 7919 + n / 64};
          feed(h, forged, forged.announce(ms, kPortsReversed), ms);
          feed(h, forged, forged.data(ms, 443, 80), ms);
          ++rows;
        }
        if (ms % 100 == 0) goes_on();
      }
    };
    forge(10'000, 6000);
    forge(Streams::kMost - 1, 10'000);
    forge(10'000, 12'000);
    expect_ports(h, rows, "80", "443");
    EXPECT_EQ(h.counters().undecodable_sets + h.counters().early_sets_held, 0u);
  }
}

// The same through the state of a collector that was started anew, and where several threads receive.
TEST(Streams, OfARelayAreToldApartByAStateToo) {
  for (const bool v9 : {true, false}) {
    Harness before;
    Exporter a{.v9 = v9, .boot_ms = -9'000'000, .sequence = 100};
    Exporter b{.v9 = v9, .boot_ms = -90'000'000, .sequence = 700'000};
    feed(before, a, a.announce(0, kPorts), 0);
    feed(before, b, b.announce(300, kPortsReversed), 300);
    Memory memory(before, at_ms(500));
    Harness after;
    after.decoder.set_state_source(&memory);
    for (int64_t ms = 5000; ms < 9000; ms += 1000) {
      feed(after, b, b.data(ms, 443, 80), ms);
      feed(after, a, a.data(ms + 300, 80, 443), ms + 300);
    }
    expect_ports(after, 8, "80", "443");
    EXPECT_EQ(after.anomalies(), "");
  }
}

TEST(Streams, OfARelayAreToldApartInTwoThreads) {
  for (const bool v9 : {true, false}) {
    SharedExporters shared;
    std::array<Harness, 2> of;
    for (Harness& h : of) h.decoder.set_shared(&shared);
    Exporter a{.v9 = v9, .boot_ms = -9'000'000, .sequence = 100};
    Exporter b{.v9 = v9, .boot_ms = -90'000'000, .sequence = 900'000'000};
    feed(of[0], a, a.announce(0, kPorts), 0);
    feed(of[1], b, b.announce(300, kPortsReversed), 300);
    size_t turn = 0;
    for (int64_t ms = 1000; ms < 9000; ms += 1000) {
      feed(of[++turn % 2], a, a.data(ms, 80, 443), ms);
      feed(of[turn / 2 % 2], b, b.data(ms + 300, 443, 80), ms + 300);
    }
    EXPECT_EQ(of[0].rows().size() + of[1].rows().size(), 16u);
    for (Harness& h : of) expect_ports(h, h.rows().size(), "80", "443");
  }
}

}  // namespace
}  // namespace weir::decode
