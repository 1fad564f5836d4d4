// State of sessions: written and read back, handed to another decoder, and what of it wins.
#include "decode/session/state.h"

#include <gtest/gtest.h>

#include <random>

#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using test::FieldOf;
using test::Harness;
using test::Wire;

const std::vector<FieldOf> kPorts = {{7, 2}, {11, 2}};
const std::vector<FieldOf> kPortsReversed = {{11, 2}, {7, 2}};
constexpr Limits kLimits;

Timestamp at(int64_t second) { return timestamp_from_us((1'700'000'001 + second) * 1'000'000); }

Wire ipfix_template(const std::vector<FieldOf>& fields = kPorts, uint16_t id = 256) {
  return test::ipfix({}, test::set(2, test::template_record(id, fields)));
}
Wire ipfix_data(uint16_t id = 256) { return test::ipfix({}, test::set(id, Wire().u16(80).u16(443))); }
// The exporter's clock and ours go alike.
Wire v9(int64_t second, uint32_t uptime_ms, const Wire& sets) {
  return test::netflow9({.sequence = static_cast<uint32_t>(second),
                         .seconds = static_cast<uint32_t>(1'700'000'001 + second),
                         .uptime_ms = uptime_ms},
                        sets);
}
const Wire kV9Template = test::set(0, test::template_record(256, kPorts));
const Wire kV9Data = test::set(256, Wire().u16(80).u16(443));

void feed(Harness& h, const Wire& bytes, int64_t second, uint16_t port = 50000) {
  h.feed(test::datagram(bytes, port, test::kExporter, at(second)));
}

// All that a decoder told, as a source for others.
struct Memory : StateSource {
  void take(Decoder& decoder, Timestamp now = at(0)) {
    for (SessionStatePtr& state : decoder.take_changes(now).changed) sessions.push_back(std::move(state));
  }
  std::vector<SessionStatePtr> sessions_of(const IpAddress& exporter) const override {
    std::vector<SessionStatePtr> of;
    for (const SessionStatePtr& state : sessions) {
      if (state->key.exporter == exporter) of.push_back(state);
    }
    return of;
  }
  // Through the bytes of a file.
  void store_and_load() {
    auto decoded = decode_state(encode_state(sessions, at(0)), kLimits);
    ASSERT_TRUE(decoded) << decoded.error().text;
    ASSERT_EQ(decoded->sessions.size(), sessions.size());
    for (size_t i = 0; i < sessions.size(); ++i) EXPECT_EQ(*decoded->sessions[i], *sessions[i]);
    sessions = decoded->sessions;
  }
  std::vector<SessionStatePtr> sessions;
};

// A state with everything in it.
std::vector<SessionStatePtr> rich_state() {
  Harness h;
  Wire rate = test::options_record_v9(300, {{1, 4}}, {{34, 4}});
  Wire sampler = test::options_record_v9(301, {{1, 4}}, {{48, 1}, {50, 4}});
  Wire name = test::options_record_v9(302, {{2, 4}}, {{82, 8}});
  feed(h,
       v9(0, 1000,
          Wire(kV9Template)
              .add(test::set(1, Wire(rate).add(sampler).add(name)))
              .add(test::set(300, Wire().u32(1).u32(100)))
              .add(test::set(301, Wire().u32(1).u8(7).u32(500)))
              .add(test::set(302, Wire().u32(5).text("Gi0/0/1").u8(0)))
              .add(kV9Data)),
       0);
  feed(h, ipfix_template({{7, 2}, {82, 65535}, {1, 4, 9}}, 400), 0, 6000);
  Memory memory;
  memory.take(h.decoder);
  return memory.sessions;
}

TEST(State, ComesBackAsItWas) {
  const auto sessions = rich_state();
  ASSERT_EQ(sessions.size(), 2u);
  const SessionState& v9_state = *(sessions[0]->key.type == flow::FlowType::netflow_v9 ? sessions[0] : sessions[1]);
  EXPECT_EQ(v9_state.templates.size(), 4u);
  ASSERT_EQ(v9_state.options.size(), 1u);
  const AnnouncedOptions& options = *v9_state.options[0].options;
  EXPECT_EQ(options.rates.size(), 1u);
  ASSERT_EQ(options.names.size(), 1u);
  EXPECT_EQ(options.names[0].text, "Gi0/0/1");
  EXPECT_TRUE(v9_state.sent_data);
  ASSERT_EQ(v9_state.streams.size(), 1u);

  const auto decoded = decode_state(encode_state(sessions, at(77)), kLimits);
  ASSERT_TRUE(decoded) << decoded.error().text;
  EXPECT_EQ(decoded->saved, at(77));
  EXPECT_EQ(decoded->left_out, 0u);
  ASSERT_EQ(decoded->sessions.size(), sessions.size());
  for (size_t i = 0; i < sessions.size(); ++i) EXPECT_EQ(*decoded->sessions[i], *sessions[i]);
}

TEST(State, EveryFlippedByteAndEveryCutIsNoticed) {
  const auto bytes = encode_state(rich_state(), at(0));
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const uint8_t flip : {uint8_t{0x01}, uint8_t{0x80}, uint8_t{0xff}}) {
      std::vector<uint8_t> damaged = bytes;
      damaged[i] = static_cast<uint8_t>(damaged[i] ^ flip);
      EXPECT_FALSE(decode_state(damaged, kLimits)) << i;
    }
    EXPECT_FALSE(decode_state(ByteView(bytes).first(i), kLimits)) << i;
  }
  std::vector<uint8_t> longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(decode_state(longer, kLimits));
}

TEST(State, OtherVersionsAreNamed) {
  std::vector<uint8_t> bytes = encode_state({}, at(0));
  ASSERT_TRUE(decode_state(bytes, kLimits));
  bytes[11] = 3;
  const auto later = decode_state(bytes, kLimits);
  ASSERT_FALSE(later);
  EXPECT_TRUE(later.error().other_version);
  EXPECT_EQ(later.error().version, 3u);
  EXPECT_EQ(later.error().text, "written by a later version of weir");
  bytes[11] = 0;
  EXPECT_EQ(decode_state(bytes, kLimits).error().text, "written by an earlier version of weir");
}

TEST(State, WhatIsBeyondTheLimitsIsLeftOutAndCounted) {
  const auto bytes = encode_state(rich_state(), at(0));
  Limits limits;
  limits.templates_per_session = 2;
  limits.names_per_session = 0;
  const auto decoded = decode_state(bytes, limits);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->left_out, 3u) << "two templates and a name";
  Limits narrow;
  narrow.fields_per_template = 2;
  EXPECT_GT(decode_state(bytes, narrow)->left_out, 0u);
  Limits one;
  one.sessions = 1;
  EXPECT_EQ(decode_state(bytes, one)->sessions.size(), 1u);
}

TEST(State, AfterARestartDataDecodesAtOnce) {
  Harness before;
  feed(before, ipfix_template(), 0);
  feed(before, ipfix_data(), 1);
  Memory memory;
  memory.take(before.decoder);
  memory.store_and_load();

  Harness after;
  after.decoder.set_state_source(&memory);
  feed(after, ipfix_data(), 100);
  ASSERT_EQ(after.rows().size(), 1u);
  EXPECT_EQ(after.rows()[0].at("dst_port"), "443");
  EXPECT_EQ(after.anomalies(), "");
  EXPECT_EQ(after.counters().templates_received, 0u);
  EXPECT_EQ(after.imbalance(), "");
}

TEST(State, OptionsOfAnotherDomainComeBackWithTheExporter) {
  Harness before;
  const Wire sampler = test::options_record_ipfix(300, {{302, 4}}, {{34, 4}});
  before.feed(test::ipfix({.domain = 6}, test::set(3, sampler).add(test::set(300, Wire().u32(1).u32(100)))));
  before.feed(test::ipfix({.domain = 256}, test::set(2, test::template_record(256, kPorts))));
  Memory memory;
  memory.take(before.decoder);
  memory.store_and_load();
  Harness after;
  after.decoder.set_state_source(&memory);
  after.feed(test::ipfix({.domain = 256}, test::set(256, Wire().u16(80).u16(443))));
  ASSERT_EQ(after.rows().size(), 1u);
  EXPECT_EQ(after.rows()[0].at("sampling_rate"), "100");
  EXPECT_EQ(after.anomalies(), "");
}

TEST(State, TheExportersOwnAnnouncementReplacesARestoredTemplate) {
  Harness before;
  feed(before, ipfix_template(), 0);
  Memory memory;
  memory.take(before.decoder);
  Harness after;
  after.decoder.set_state_source(&memory);
  feed(after, ipfix_template(kPortsReversed), 10);
  feed(after, ipfix_data(), 11);
  ASSERT_EQ(after.rows().size(), 1u);
  EXPECT_EQ(after.rows()[0].at("src_port"), "443");
}

TEST(State, ARestartOfTheExporterWhileWeWereAwayVoidsItsTemplates) {
  struct Case {
    const char* what;
    int64_t second;
    uint32_t uptime_ms;
    bool usable;
  };
  for (const Case& c :
       {Case{"up all the time", 1000, 1'001'000, true}, Case{"restarted just now", 1000, 500, false},
        Case{"restarted long ago", 10'000, 5'000'000, false}, Case{"its clock is a little off", 1000, 1'000'500, true},
        Case{"the uptime wrapped", 4'294'967, 704, true}}) {
    Harness before;
    feed(before, v9(0, 1000, kV9Template), 0);
    Memory memory;
    memory.take(before.decoder);
    memory.store_and_load();
    DecoderOptions options;
    options.limits.template_lifetime = std::chrono::hours{24 * 365};
    Harness after(options);
    after.decoder.set_state_source(&memory);
    feed(after, v9(c.second, c.uptime_ms, kV9Data), c.second);
    EXPECT_EQ(after.rows().size(), c.usable ? 1u : 0u) << c.what;
    EXPECT_EQ(after.count(flow::Anomaly::exporter_restart), c.usable ? 0u : 1u) << c.what;
  }
}

TEST(State, WhatIsTooOldIsNotRestored) {
  Harness before;
  feed(before, ipfix_template(), 0);
  Memory memory;
  memory.take(before.decoder);
  Harness after;
  after.decoder.set_state_source(&memory);
  feed(after, ipfix_data(), 25 * 3600);
  EXPECT_EQ(after.anomalies(), "missing_template");

  SessionState state = *memory.sessions[0];
  EXPECT_TRUE(drop_expired(state, at(24 * 3600), kLimits.template_lifetime));
  EXPECT_FALSE(drop_expired(state, at(24 * 3600 + 1), kLimits.template_lifetime));
}

TEST(State, AnImportDecodesWhatWaited) {
  Harness a;
  Harness b;
  feed(b, ipfix_data(), 0);
  const SessionChanges asked = b.decoder.take_changes(at(1));
  ASSERT_EQ(asked.wanted.size(), 1u);
  EXPECT_EQ(asked.wanted[0].id, TemplateId{256});
  feed(b, ipfix_data(), 1);
  EXPECT_TRUE(b.decoder.take_changes(at(1)).wanted.empty()) << "asked once";

  feed(a, ipfix_template(), 2);
  Memory memory;
  memory.take(a.decoder);
  b.decoder.import_state(*memory.sessions[0], at(3), b.builder);
  EXPECT_EQ(b.rows().size(), 2u);
  EXPECT_EQ(b.counters().early_sets_decoded, 2u);
  EXPECT_EQ(b.counters().templates_received, 0u);
  feed(b, ipfix_data(), 4);
  EXPECT_EQ(b.rows().size(), 3u);
  EXPECT_EQ(b.imbalance(), "");
}

TEST(State, AnImportForAnExporterNobodySawIsIgnored) {
  Harness a;
  feed(a, ipfix_template(), 0);
  Memory memory;
  memory.take(a.decoder);
  Harness b;
  b.decoder.import_state(*memory.sessions[0], at(1), b.builder);
  EXPECT_TRUE(b.decoder.counters().empty());
}

TEST(State, OfImportsTheNewestWinsAndWhatWasAnnouncedHereStays) {
  const auto import = [](Harness& h, const std::vector<FieldOf>& fields, int64_t announced) {
    Harness other;
    feed(other, ipfix_template(fields), announced);
    Memory memory;
    memory.take(other.decoder);
    h.decoder.import_state(*memory.sessions[0], at(1000), h.builder);
  };
  Harness h;
  feed(h, ipfix_data(300), 0);
  import(h, kPorts, 10);
  import(h, kPortsReversed, 5);
  feed(h, ipfix_data(), 11);
  import(h, kPortsReversed, 20);
  feed(h, ipfix_data(), 21);
  feed(h, ipfix_template(), 22);
  import(h, kPortsReversed, 500);
  feed(h, ipfix_data(), 501);
  ASSERT_EQ(h.rows().size(), 3u);
  EXPECT_EQ(h.rows()[0].at("src_port"), "80") << "the older one came too late";
  EXPECT_EQ(h.rows()[1].at("src_port"), "443");
  EXPECT_EQ(h.rows()[2].at("src_port"), "80") << "announced here";
}

TEST(State, AnImportFromBeforeTheRestartIsVoid) {
  Harness other;
  feed(other, v9(0, 5000, kV9Template), 0);
  Memory memory;
  memory.take(other.decoder);
  Harness h;
  feed(h, v9(0, 5'000'000, kV9Data), 0);
  feed(h, test::netflow9({.sequence = 0, .seconds = 1'700'000'101, .uptime_ms = 1000}, kV9Data), 100);
  EXPECT_EQ(h.count(flow::Anomaly::exporter_restart), 1u);
  h.decoder.import_state(*memory.sessions[0], at(101), h.builder);
  EXPECT_EQ(h.rows().size(), 0u);
}

TEST(State, AnImportNeverEvicts) {
  DecoderOptions options;
  options.limits.templates_per_session = 1;
  Harness h(options);
  feed(h, ipfix_template(kPorts, 300), 0);
  Harness other;
  feed(other, ipfix_template(), 1);
  Memory memory;
  memory.take(other.decoder);
  h.decoder.import_state(*memory.sessions[0], at(2), h.builder);
  feed(h, ipfix_data(300), 3);
  EXPECT_EQ(h.rows().size(), 1u);
  EXPECT_EQ(h.anomalies(), "");
}

TEST(State, OnlyWhatChangedIsHandedOut) {
  Harness h;
  feed(h, ipfix_template(), 0);
  EXPECT_EQ(h.decoder.take_changes(at(0)).changed.size(), 1u);
  feed(h, ipfix_template(), 1);
  feed(h, ipfix_data(), 2);
  EXPECT_TRUE(h.decoder.take_changes(at(2)).changed.empty()) << "the same again";
  feed(h, ipfix_data(), 700);
  const auto used = h.decoder.take_changes(at(700)).changed;
  ASSERT_EQ(used.size(), 1u) << "still in use, told now and then";
  EXPECT_EQ(used[0]->templates[0].used, at(700));
  EXPECT_EQ(used[0]->templates[0].announced, at(1));
  h.decoder.expire(at(700 + 24 * 3600 + 1));
  const auto expired = h.decoder.take_changes(at(100'000)).changed;
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_TRUE(expired[0]->empty());
}

TEST(State, EvictedSessionsAreNamedAndALotComesInParts) {
  DecoderOptions options;
  options.limits.sessions = 2;
  Harness h(options);
  const auto from = [&](uint32_t n) { h.feed(ipfix_template(), 50000, IpAddress::from_v4(n)); };
  from(1);
  from(2);
  const SessionChanges first = h.decoder.take_changes(at(0), 1);
  EXPECT_EQ(first.changed.size(), 1u);
  EXPECT_TRUE(first.more);
  EXPECT_FALSE(h.decoder.take_changes(at(0), 1).more);
  from(3);
  const SessionChanges changes = h.decoder.take_changes(at(0));
  ASSERT_EQ(changes.forgotten.size(), 1u);
  EXPECT_EQ(changes.forgotten[0].exporter, IpAddress::from_v4(1));
  ASSERT_EQ(changes.changed.size(), 1u);
  EXPECT_EQ(changes.changed[0]->key.exporter, IpAddress::from_v4(3));
}

TEST(State, AConnectionHasNone) {
  Harness h;
  const Wire announced = ipfix_template();
  Datagram datagram = test::datagram(announced);
  datagram.connection = 7;
  h.feed(datagram);
  const Wire data = ipfix_data(999);
  Datagram early = test::datagram(data);
  early.connection = 7;
  h.feed(early);
  h.decoder.take_changes(at(0));
  const SessionChanges changes = h.decoder.take_changes(at(0));
  EXPECT_TRUE(changes.changed.empty());
  EXPECT_TRUE(changes.wanted.empty());
}

TEST(State, MergingKeepsTheNewestOfEach) {
  const auto state = [](const std::vector<FieldOf>& fields, int64_t second, uint16_t id) {
    Harness h;
    feed(h, ipfix_template(fields, id), second);
    Memory memory;
    memory.take(h.decoder, at(second));
    return *memory.sessions[0];
  };
  SessionState into = state(kPorts, 1, 256);
  EXPECT_FALSE(merge_state(into, state(kPortsReversed, 0, 256)));
  EXPECT_TRUE(merge_state(into, state(kPortsReversed, 2, 256)));
  EXPECT_TRUE(merge_state(into, state(kPorts, 0, 300)));
  EXPECT_FALSE(merge_state(into, into));
  ASSERT_EQ(into.templates.size(), 2u);
  EXPECT_EQ(into.templates[0].layout->fields[0].element, 11);
  EXPECT_EQ(into.templates[1].layout->id, TemplateId{300});
}

}  // namespace
}  // namespace weir::decode
