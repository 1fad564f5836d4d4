// What the operator says of senders: who may send, how much of those that are not proven is read, and whose word is
// taken for whose flows they send.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "decode/decoder.h"
#include "decode/session/exporter_table.h"
#include "decode/session/shared_exporter.h"
#include "decode/sflow/test_sflow.h"
#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::FieldOf;
using test::Harness;
using test::Row;
using test::Wire;

constexpr Timestamp kNow = timestamp_from_us(1'700'000'001'000'000);
const IpAddress kStranger = *IpAddress::parse("198.51.100.1");

DecoderOptions limited(size_t per_second) {
  DecoderOptions options;
  options.limits.datagrams_per_second = per_second;
  return options;
}

std::vector<IpPrefix> prefixes(const std::vector<std::string_view>& texts) {
  std::vector<IpPrefix> all;
  for (const std::string_view text : texts) all.push_back(*IpPrefix::parse(text));
  return all;
}

Wire flow5() { return test::netflow5({.count = 1}, Wire().zeros(48)); }

// Sends datagrams of one flow each at once; how many of them became rows.
size_t burst(Harness& h, size_t count, Timestamp now = kNow, IpAddress from = test::kExporter,
             uint64_t connection = 0) {
  const size_t before = h.rows().size();
  const Wire bytes = flow5();
  for (size_t i = 0; i < count; ++i) {
    Datagram datagram = test::datagram(bytes, 2055, from, now);
    datagram.connection = connection;
    h.feed(datagram);
  }
  return h.rows().size() - before;
}

// As slowly as is enough to be proven.
Timestamp prove(Harness& h, Timestamp now = kNow) {
  const seconds step{1};
  for (uint64_t i = 0; i < ExporterTable::kProvenDatagrams; ++i) burst(h, 1, now += step);
  return now;
}

TEST(SourceRate, NobodyLosesAnythingWithoutALimit) {
  Harness h;
  EXPECT_EQ(burst(h, 5000), 5000u);
  EXPECT_EQ(h.count(Anomaly::source_over_rate), 0u);
}

TEST(SourceRate, WhoIsNewHasOneSecondsWorthThenTheRate) {
  Harness h(limited(10));
  EXPECT_EQ(burst(h, 15), 10u);
  EXPECT_EQ(h.count(Anomaly::source_over_rate), 5u);
  EXPECT_EQ(burst(h, 15, kNow + milliseconds{100}), 1u);
  EXPECT_EQ(burst(h, 15, kNow + milliseconds{1900}), 10u);
  EXPECT_EQ(h.counters().datagrams_received, 45u);
  EXPECT_EQ(h.counters().datagrams_rejected, 24u);
  EXPECT_EQ(h.imbalance(), "");
}

TEST(SourceRate, WhoIsProvenMaySendAsMuchAsItLikes) {
  Harness h(limited(10));
  const Timestamp now = prove(h);
  EXPECT_EQ(burst(h, 5000, now), 5000u);
  EXPECT_EQ(h.count(Anomaly::source_over_rate), 0u);
}

TEST(SourceRate, SixteenDatagramsAtOnceProveNothing) {
  Harness h(limited(100));
  EXPECT_EQ(burst(h, 101), 100u);
}

// Junk makes no exporter, and what is over the rate does not even get to where junk is counted.
TEST(SourceRate, JunkHasTheSameLimit) {
  Harness h(limited(10));
  for (int i = 0; i < 30; ++i) h.feed(Wire().u32(0xdeadbeef), 2055, kStranger);
  EXPECT_EQ(h.anomalies(), "unknown_version*10 source_over_rate*20");
  for (int i = 0; i < 30; ++i) h.feed(flow5(), 2055, kStranger);
  EXPECT_EQ(h.rows().size(), 0u);
  EXPECT_EQ(h.decoder.counters().size(), 1u) << "those that are forgotten: there is no exporter";
  EXPECT_EQ(h.counters().datagrams_received, 60u);
  EXPECT_EQ(h.imbalance(), "");
}

TEST(SourceRate, WhoIsNamedByTheOperatorIsProven) {
  DecoderOptions options = limited(5);
  options.sampling_rates = {{test::kExporter, 100}};
  EXPECT_EQ(burst(*std::make_unique<Harness>(options), 50), 50u);
  options = limited(5);
  options.trusted_relays = prefixes({"192.0.2.0/24"});
  EXPECT_EQ(burst(*std::make_unique<Harness>(options), 50), 50u);
  options = limited(5);
  options.allow = prefixes({"192.0.2.0/24"});
  Harness h(options);
  EXPECT_EQ(burst(h, 50), 50u);
  burst(h, 50, kNow, kStranger);
  EXPECT_EQ(h.count(Anomaly::exporter_not_allowed), 50u);
  EXPECT_EQ(h.count(Anomaly::source_over_rate), 0u);
}

TEST(SourceRate, AReloadChangesIt) {
  Harness h(limited(5));
  EXPECT_EQ(burst(h, 20), 5u);
  h.set_options(limited(0));
  EXPECT_EQ(burst(h, 20), 20u);
  h.set_options(limited(7));
  EXPECT_EQ(burst(h, 20), 7u);
  DecoderOptions named = limited(7);
  named.sampling_rates = {{test::kExporter, 100}};
  h.set_options(named);
  EXPECT_EQ(burst(h, 20), 20u);
  EXPECT_EQ(h.imbalance(), "");
}

TEST(SourceRate, TheHandshakeOfAConnectionProvesIts) {
  Harness h(limited(5));
  EXPECT_EQ(burst(h, 50, kNow, test::kExporter, 1), 50u);
}

TEST(SourceRate, WhoIsKnownFromBeforeIsProven) {
  struct Known : StateSource {
    std::vector<SessionStatePtr> sessions_of(const IpAddress& exporter) const override {
      std::vector<SessionStatePtr> of;
      for (const SessionStatePtr& state : sessions) {
        if (state->key.exporter == exporter) of.push_back(state);
      }
      return of;
    }
    std::vector<SessionStatePtr> sessions;
  } known;
  Harness before;
  before.feed(test::ipfix({}, test::set(2, test::template_record(256, {{7, 2}}))));
  known.sessions = before.decoder.take_changes(kNow).changed;
  ASSERT_EQ(known.sessions.size(), 1u);
  Harness h(limited(5));
  h.decoder.set_state_source(&known);
  EXPECT_EQ(burst(h, 50), 50u);
  // Where decoders take turns, all of them know it.
  SharedExporters shared;
  Harness one(limited(5));
  Harness other(limited(5));
  for (Harness* each : {&one, &other}) {
    each->decoder.set_shared(&shared);
    each->decoder.set_state_source(&known);
    EXPECT_EQ(burst(*each, 50), 50u);
  }
}

TEST(SourceRate, WhatOneDecoderHasProvenHoldsForAll) {
  SharedExporters shared;
  Harness one(limited(5));
  Harness other(limited(5));
  for (Harness* each : {&one, &other}) each->decoder.set_shared(&shared);
  EXPECT_EQ(burst(other, 20), 5u) << "too few for a proof of its own";
  const Timestamp now = prove(one);
  EXPECT_EQ(burst(one, 100, now), 100u);
  EXPECT_EQ(burst(other, 100, now), 100u);
}

// One record each of a relay, with the exporter in `fields`.
struct Relay {
  explicit Relay(const DecoderOptions& options) : h(options) {}
  static DecoderOptions trusted(std::vector<std::string_view> networks) {
    DecoderOptions options;
    options.trusted_relays = prefixes(networks);
    return options;
  }
  void ipfix(const std::vector<FieldOf>& fields, const Wire& records) {
    h.feed(test::ipfix({.sequence = sequence}, test::set(2, test::template_record(id, fields))));
    h.feed(test::ipfix({.sequence = sequence}, test::set(id++, records)));
    sequence = static_cast<uint32_t>(h.counters().rows[flow::Table::flows]);
  }
  std::vector<std::string> exporters() {
    std::vector<std::string> all;
    for (const Row& row : h.rows()) all.push_back(row.at("sampler_address"));
    return all;
  }
  Harness h;
  uint16_t id = 256;
  uint32_t sequence = 0;
};

using Texts = std::vector<std::string>;

TEST(Relay, OfATrustedOneTheRecordSaysWhoseItIs) {
  Relay r(Relay::trusted({"192.0.2.0/24"}));
  r.ipfix({{130, 4}, {7, 2}}, Wire::hex("cb007101 0050 00000000 0051 cb007102 0052"));
  EXPECT_EQ(r.exporters(), (Texts{"203.0.113.1", "192.0.2.1", "203.0.113.2"})) << "0.0.0.0 is nobody";
  EXPECT_EQ(r.h.rows()[0].at("exporter_address"), "203.0.113.1");
  EXPECT_EQ(r.h.rows()[2].at("src_port"), "82");
  EXPECT_EQ(r.h.decoder.counters().size(), 1u) << "what is counted is the relay's";
  EXPECT_EQ(r.h.counters().rows[flow::Table::flows], 3u);
  EXPECT_EQ(r.h.imbalance(), "");
}

TEST(Relay, OfAnyOtherSenderItIsAClaim) {
  for (const auto& options : {DecoderOptions{}, Relay::trusted({"192.0.2.2", "2001:db8::/32"})}) {
    Relay r(options);
    r.ipfix({{130, 4}}, Wire::hex("cb007101"));
    EXPECT_EQ(r.exporters(), (Texts{"192.0.2.1"}));
    EXPECT_EQ(r.h.rows()[0].at("exporter_address"), "203.0.113.1");
  }
}

TEST(Relay, EveryElementThatNamesAnExporter) {
  Relay r(Relay::trusted({"192.0.2.1"}));
  r.ipfix({{131, 16}}, Wire::hex("20010db8000000000000000000000009"));
  r.ipfix({{403, 4}}, Wire::hex("cb007103"));
  r.ipfix({{404, 16}}, Wire::hex("20010db800000000000000000000000a"));
  r.ipfix({{130, 4}, {403, 4}}, Wire::hex("cb007104 cb007105"));
  r.ipfix({{7, 2}, {11, 2}}, Wire::hex("0050 0051"));
  r.ipfix({{130, 4}, {82, 65535}}, Wire::hex("cb007106 03 657468"));  // of variable length
  EXPECT_EQ(r.exporters(),
            (Texts{"2001:db8::9", "203.0.113.3", "2001:db8::a", "203.0.113.5", "192.0.2.1", "203.0.113.6"}));
  EXPECT_EQ(r.h.imbalance(), "");
}

TEST(Relay, NetflowV9AndDataBeforeTheirTemplate) {
  Relay r(Relay::trusted({"192.0.2.1"}));
  r.h.feed(test::netflow9({.sequence = 1, .count = 1}, test::set(256, Wire::hex("cb007101 0050"))));
  r.h.feed(test::netflow9({.sequence = 2, .count = 1}, test::set(0, test::template_record(256, {{130, 4}, {7, 2}}))));
  EXPECT_EQ(r.exporters(), (Texts{"203.0.113.1"}));
}

// The operator's rate of the exporter that is named wins over the relay's; sampling by what the record says stays.
TEST(Relay, RatesOfTheOperatorAreThoseOfTheNamedExporter) {
  DecoderOptions options = Relay::trusted({"192.0.2.1"});
  options.sampling_rates = {{*IpAddress::parse("203.0.113.1"), 100}};
  Relay r(options);
  r.ipfix({{130, 4}, {34, 4}}, Wire::hex("cb007101 00000005 cb007102 00000005"));
  options.sampling_rates[test::kExporter] = 7;
  r.h.set_options(options);
  r.ipfix({{130, 4}, {34, 4}}, Wire::hex("cb007101 00000005 cb007102 00000005"));
  Texts rates;
  for (const Row& row : r.h.rows()) rates.push_back(row.at("sampling_rate"));
  EXPECT_EQ(rates, (Texts{"100", "5", "100", "7"}));
}

TEST(Relay, AReloadAppliesToThoseThatAreKnown) {
  Relay r(DecoderOptions{});
  const Wire record = Wire::hex("cb007101");
  r.ipfix({{130, 4}}, record);
  r.h.set_options(Relay::trusted({"192.0.2.1"}));
  r.ipfix({{130, 4}}, record);
  r.h.set_options({});
  r.ipfix({{130, 4}}, record);
  EXPECT_EQ(r.exporters(), (Texts{"192.0.2.1", "203.0.113.1", "192.0.2.1"}));
}

// NetFlow v7 names the router that a switch went past, sFlow the agent: neither is a relay's exporter.
TEST(Relay, WhatOtherProtocolsNameIsNoExporterOfARelay) {
  Relay r(Relay::trusted({"192.0.2.1"}));
  r.h.feed(Wire().u16(7).u16(1).u32(3'600'000).u32(1'700'000'000).u32(0).u32(0).u32(0).zeros(48).u32(0xcb007101));
  r.h.feed(test::sflow_datagram({.agent = *IpAddress::parse("203.0.113.2")},
                                {test::flow_sample({}, {test::raw_header(1, 64, test::tcp_frame())})}));
  EXPECT_EQ(r.exporters(), (Texts{"192.0.2.1", "192.0.2.1"}));
  EXPECT_EQ(r.h.rows()[0].at("exporter_address"), "203.0.113.1");
  EXPECT_EQ(r.h.rows()[1].at("agent_address"), "203.0.113.2");
}

}  // namespace
}  // namespace weir::decode
