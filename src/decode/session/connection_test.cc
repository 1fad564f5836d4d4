// Templates and sequence numbers of TCP and TLS connections: each has its own, and they end with it.
#include <gtest/gtest.h>

#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using test::FieldOf;
using test::Harness;
using test::Wire;

const std::vector<FieldOf> kPorts = {{7, 2}, {11, 2}};
const std::vector<FieldOf> kReversedPorts = {{11, 2}, {7, 2}};
constexpr uint16_t kPort = 50000;

Wire announce(const std::vector<FieldOf>& fields, uint16_t id = 256) {
  return test::set(2, test::template_record(id, fields));
}
Wire ports(uint16_t first, uint16_t second, uint16_t id = 256) { return test::set(id, Wire().u16(first).u16(second)); }

Datagram on(uint64_t connection, ByteView bytes, int64_t second = 0) {
  Datagram datagram =
      test::datagram(bytes, kPort, test::kExporter, timestamp_from_us((1'700'000'000 + second) * 1'000'000));
  datagram.connection = connection;
  return datagram;
}

TEST(Connections, TheSameIdMeansAnotherLayoutInEach) {
  Harness h;
  h.feed(on(1, test::ipfix({}, announce(kPorts))));
  h.feed(on(2, test::ipfix({}, announce(kReversedPorts))));
  h.feed(test::ipfix({}, announce({{4, 4}})), kPort);  // and over UDP from the same address and port
  h.feed(on(1, test::ipfix({}, ports(80, 443))));
  h.feed(on(2, test::ipfix({}, ports(80, 443))));
  ASSERT_EQ(h.rows().size(), 2u);
  EXPECT_EQ(h.rows()[0].at("src_port"), "80");
  EXPECT_EQ(h.rows()[1].at("src_port"), "443");
  EXPECT_EQ(h.anomalies(), "");
}

TEST(Connections, ATemplateOfAnotherOneIsNotUsed) {
  Harness h;
  h.feed(on(1, test::ipfix({}, announce(kPorts))));
  h.feed(on(2, test::ipfix({}, ports(80, 443))));
  h.feed(test::ipfix({}, ports(80, 443)), kPort);
  EXPECT_EQ(h.rows().size(), 0u);
  EXPECT_EQ(h.anomalies(), "missing_template*2");
  EXPECT_EQ(h.imbalance(), "");
}

TEST(Connections, ClosingForgetsTemplatesOfEveryDomainAndGivesUpWhatWaits) {
  Harness h;
  for (const uint32_t domain : {1, 2, 3}) {
    h.feed(on(7, test::ipfix({.domain = domain}, announce(kPorts).add(ports(9, 9, 300)))));
    h.feed(on(8, test::ipfix({.domain = domain}, announce(kPorts).add(ports(9, 9, 300)))));
  }
  EXPECT_EQ(h.counters().early_sets_held, 6u);
  h.decoder.close_connection(7);
  EXPECT_EQ(h.counters().early_sets_held, 3u);
  EXPECT_EQ(h.counters().undecodable_sets, 3u);
  for (const uint32_t domain : {1, 2, 3}) {
    h.feed(on(7, test::ipfix({.domain = domain}, ports(80, 443))));  // not announced any more
    h.feed(on(8, test::ipfix({.domain = domain}, ports(80, 443))));
  }
  EXPECT_EQ(h.rows().size(), 3u);
  h.decoder.close_connection(99);  // never seen
  EXPECT_EQ(h.imbalance(), "");
}

TEST(Connections, ClosingDoesNothingToUdp) {
  Harness h;
  h.feed(test::ipfix({}, announce(kPorts)), kPort);
  h.decoder.close_connection(0);
  h.feed(test::ipfix({}, ports(80, 443)), kPort);
  EXPECT_EQ(h.rows().size(), 1u);
}

TEST(Connections, SequenceNumbersBeginAnewInEach) {
  Harness h;
  h.feed(on(1, test::ipfix({.sequence = 0}, announce(kPorts).add(ports(1, 1)))));
  h.feed(on(2, test::ipfix({.sequence = 5000}, announce(kPorts).add(ports(1, 1)))));
  h.feed(on(1, test::ipfix({.sequence = 1}, ports(1, 1))));
  h.feed(on(2, test::ipfix({.sequence = 5001}, ports(1, 1))));
  EXPECT_EQ(h.counters().lost_units, 0u);
  h.feed(on(2, test::ipfix({.sequence = 5012}, ports(1, 1))));
  EXPECT_EQ(h.counters().lost_units, 10u);
}

TEST(Connections, AnIdMayBeUsedAgainAfterItsWithdrawal) {
  Harness h;
  h.feed(on(1, test::ipfix({}, announce(kPorts).add(ports(80, 443)))));
  h.feed(
      on(1, test::ipfix({}, test::set(2, Wire().u16(256).u16(0)).add(announce(kReversedPorts)).add(ports(80, 443)))));
  ASSERT_EQ(h.rows().size(), 2u);
  EXPECT_EQ(h.rows()[1].at("src_port"), "443");
  EXPECT_EQ(h.count(Anomaly::template_withdrawn), 1u);
  EXPECT_EQ(h.count(Anomaly::template_redefined), 0u);
}

TEST(Connections, TheirTemplatesDoNotExpire) {
  DecoderOptions options;
  options.limits.template_lifetime = std::chrono::seconds(3600);
  Harness h(options);
  h.feed(on(1, test::ipfix({}, announce(kPorts))));
  h.decoder.expire(timestamp_from_us(int64_t{1'700'100'000} * 1'000'000));
  h.feed(on(1, test::ipfix({}, ports(80, 443)), 100'000));
  EXPECT_EQ(h.rows().size(), 1u) << "announced once, at the start of the connection";
  EXPECT_EQ(h.count(Anomaly::template_expired), 0u);
}

// A flood of connections and domains stays within the limit of sessions, and closing what was evicted does no harm.
TEST(Connections, ManyAreBoundedAsAllSessionsAre) {
  DecoderOptions options;
  options.limits.sessions = 10;
  Harness h(options);
  for (uint64_t connection = 1; connection <= 100; ++connection) {
    h.feed(on(connection, test::ipfix({.domain = 1}, announce(kPorts).add(ports(1, 1)))));
    h.feed(on(connection, test::ipfix({.domain = 2}, announce(kPorts).add(ports(1, 1, 300)))));
  }
  EXPECT_EQ(h.count(Anomaly::session_limit), 190u);
  for (uint64_t connection = 1; connection <= 100; ++connection) h.decoder.close_connection(connection);
  EXPECT_EQ(h.counters().undecodable_sets, 100u);
  EXPECT_EQ(h.imbalance(), "");
}

}  // namespace
}  // namespace weir::decode
