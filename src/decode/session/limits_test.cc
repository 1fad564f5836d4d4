// What is remembered of exporters has limits: what goes when they are reached, and what stays.
#include <gtest/gtest.h>

#include "decode/session/session.h"
#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using test::Harness;
using test::Wire;

Wire ports_template(uint16_t id = 256) { return test::set(2, test::template_record(id, {{7, 2}, {11, 2}})); }
Wire ports_data(uint32_t value, uint16_t id = 256) { return test::set(id, Wire().u32(value)); }

TEST(Limits, Templates) {
  DecoderOptions options;
  options.limits.templates_per_session = 4;
  Harness h(options);
  for (uint16_t id = 256; id < 266; ++id) h.feed(test::ipfix({}, ports_template(id)));
  EXPECT_EQ(h.count(Anomaly::template_limit), 6u);
  h.feed(test::ipfix({}, ports_data(1, 265).add(ports_data(1, 262)).add(ports_data(1, 261))));
  EXPECT_EQ(h.rows().size(), 2u) << "the latest four are known";
  EXPECT_EQ(h.imbalance(), "");
}

// All of it in one moment.
TEST(Limits, DefinitionsOfAStreamAreRated) {
  Harness h;
  constexpr uint32_t kMost = 4096;
  uint32_t sequence = 0;
  const auto feed = [&](const Wire& sets) { h.feed(test::netflow9({.sequence = sequence++}, sets)); };
  for (uint32_t i = 0; i < kMost; ++i) {
    feed(test::set(0, test::template_record(256, {{1, i % 2 == 0 ? uint16_t{4} : uint16_t{8}}})));
  }
  EXPECT_EQ(h.count(Anomaly::template_limit), 0u);
  feed(test::set(256, Wire().u64(7)));
  EXPECT_EQ(h.rows().size(), 1u);
  feed(test::set(0, test::template_record(256, {{1, 4}})));
  EXPECT_EQ(h.count(Anomaly::template_limit), 1u);
  feed(test::set(256, Wire().u64(7)));
  EXPECT_EQ(h.rows().size(), 1u) << "not by the definition that it replaces";
  EXPECT_EQ(h.counters().early_sets_held, 1u);
  EXPECT_EQ(h.imbalance(), "");
}

TEST(Limits, NewRatesAndNamesOfAnExporterAreRated) {
  Harness h;
  const auto feed = [&](uint32_t domain, uint32_t first, uint32_t count, uint32_t rate) {
    Wire records;
    for (uint32_t i = 0; i < count; ++i) records.u32(first + i).u32(rate);
    h.feed(
        test::ipfix({.domain = domain},
                    test::set(3, test::options_record_ipfix(400, {{302, 4}}, {{34, 4}})).add(test::set(400, records))));
  };
  for (uint32_t domain = 0; domain < 16; ++domain) {
    for (uint32_t first = 0; first < 4096; first += 1024) feed(domain, first, 1024, 10);
  }
  EXPECT_EQ(h.count(Anomaly::options_limit), 0u);
  feed(16, 0, 10, 10);
  EXPECT_EQ(h.count(Anomaly::options_limit), 10u);
  feed(0, 0, 1024, 20);
  EXPECT_EQ(h.count(Anomaly::options_limit), 10u) << "what is known may change";
}

TEST(Limits, TemplatesInAll) {
  DecoderOptions options;
  options.limits.templates = 10;
  Harness h(options);
  for (uint32_t domain = 0; domain < 100; ++domain) {
    h.feed(test::ipfix({.domain = domain}, ports_template(256).add(ports_template(257))));
  }
  EXPECT_GT(h.count(Anomaly::template_limit), 90u);
  h.feed(test::ipfix({.domain = 99}, ports_data(1)));
  EXPECT_EQ(h.rows().size(), 1u);
}

TEST(Limits, AnExporterThatChangesItsPortKeepsItsTemplates) {
  Harness h;
  h.feed(test::ipfix({}, ports_template(300)), 1);
  for (uint32_t port = 1; port < 5000; ++port) {
    h.feed(test::ipfix({.sequence = port - 1}, ports_template(256).add(ports_data(1))), static_cast<uint16_t>(port));
  }
  h.feed(test::ipfix({.sequence = 4999}, ports_data(1, 300)), 6000);
  EXPECT_EQ(h.rows().size(), 5000u);
  EXPECT_EQ(h.anomalies(), "");
}

TEST(Limits, EarlyBytes) {
  DecoderOptions options;
  options.limits.early_bytes_per_session = 3000;
  options.limits.early_bytes = 10'000;
  Harness h(options);
  for (uint32_t e = 0; e < 10; ++e) {
    for (int i = 0; i < 20; ++i) h.feed(test::ipfix({}, ports_data(1)), 1, IpAddress::from_v4(0x0a000000 + e));
  }
  const flow::ExporterCounters c = h.counters();
  EXPECT_LE(c.early_sets_held, 10'000u / sizeof(EarlySet));
  EXPECT_GT(c.early_sets_held, 10u);
  EXPECT_EQ(c.early_sets_held + c.undecodable_sets, 200u);
  EXPECT_EQ(h.imbalance(), "");
}

TEST(Limits, Sessions) {
  DecoderOptions options;
  options.limits.sessions = 10;
  Harness h(options);
  for (uint32_t i = 0; i < 100; ++i) {
    const IpAddress exporter = IpAddress::from_v4(0x0a000000 + i);
    h.feed(test::ipfix({}, ports_template().add(ports_data(i)).add(ports_data(i, 300))), 1, exporter);
    h.feed(Wire::hex("ffff"), 1, IpAddress::from_v4(0x0b000000 + i));
  }
  const auto counters = h.decoder.counters();
  EXPECT_LE(counters.size(), 11u);
  const flow::ExporterCounters sum = h.counters();
  EXPECT_EQ(sum.datagrams_received, 200u) << "the forgotten ones keep their share";
  EXPECT_EQ(sum.rows[flow::Table::flows], 100u);
  EXPECT_EQ(sum.anomalies[Anomaly::session_limit], 90u) << "what is no message makes no exporter";
  EXPECT_EQ(counters.back().first, IpAddress{});
  EXPECT_EQ(h.imbalance(), "");
}

TEST(Limits, DomainsOfOneExporter) {
  DecoderOptions options;
  options.limits.sessions = 10;
  Harness h(options);
  for (uint32_t domain = 0; domain < 100; ++domain) {
    h.feed(test::ipfix({.domain = domain}, ports_template().add(ports_data(1))));
  }
  EXPECT_EQ(h.rows().size(), 100u);
  EXPECT_EQ(h.count(Anomaly::session_limit), 90u);
  EXPECT_EQ(h.imbalance(), "");
}

}  // namespace
}  // namespace weir::decode
