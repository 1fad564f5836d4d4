// Properties of the whole decoder, and the ways in which other collectors were broken (each named after what happened).
#include "decode/decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "decode/test_decode.h"
#include "flow/elements.gen.h"
#include "gen/exporter.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using test::FieldOf;
using test::Harness;
using test::Row;
using test::Wire;

constexpr uint16_t kVar = 65535;
const std::vector<FieldOf> kFlow = {{8, 4}, {12, 4}, {7, 2},  {11, 2}, {4, 1},  {6, 1},
                                    {1, 4}, {2, 4},  {22, 4}, {21, 4}, {16, 2}, {10, 4}};

Wire records(const std::vector<FieldOf>& fields, size_t count) {
  Wire wire;
  for (size_t i = 1; i <= count; ++i) {
    for (const FieldOf& field : fields) {
      if (field.length == kVar)
        wire.u8(i % 5).text(std::string(i % 5, 'a'));
      else
        wire.number(i * 7919 * field.element, field.length);
    }
  }
  return wire;
}

// A session of each protocol with everything in it, several datagrams each.
std::vector<std::vector<Wire>> conversations() {
  const std::vector<FieldOf> v5 = {{8, 4},  {12, 4}, {15, 4}, {10, 2}, {14, 2},  {2, 4},  {1, 4},
                                   {22, 4}, {21, 4}, {7, 2},  {11, 2}, {210, 1}, {6, 1},  {4, 1},
                                   {5, 1},  {16, 2}, {17, 2}, {9, 1},  {13, 1},  {210, 2}};
  const std::vector<FieldOf> variable = {{8, 4}, {82, kVar}, {7, 2}, {95, kVar}, {1, 8}};
  std::vector<std::vector<Wire>> all;
  all.push_back({test::netflow5({.sequence = 0, .count = 3, .sampling = 0x4064}, records(v5, 3)),
                 test::netflow5({.sequence = 5, .count = 2}, records(v5, 2))});
  all.push_back({
      test::netflow9({.sequence = 1, .count = 1}, test::set(300, records(kFlow, 2))),
      test::netflow9({.sequence = 2, .count = 6},
                     test::set(0, test::template_record(256, kFlow).add(test::template_record(300, kFlow)))
                         .add(test::set(1, test::options_record_v9(257, {{1, 4}}, {{48, 1}, {50, 4}})))
                         .add(test::set(257, Wire().u32(0).u8(1).u32(100)))
                         .add(test::set(256, records(kFlow, 3)))),
      test::netflow9({.sequence = 3, .count = 4}, test::set(256, records(kFlow, 4))),
  });
  all.push_back({
      test::ipfix({.sequence = 0}, test::set(301, records(variable, 3))),
      test::ipfix({.sequence = 3},
                  test::set(2, test::template_record(256, kFlow).add(test::template_record(301, variable)))
                      .add(test::set(3, test::options_record_ipfix(257, {{302, 4}}, {{305, 4}, {306, 4}, {160, 8}})))
                      .add(test::set(257, Wire().u32(1).u32(1).u32(99).u64(1'699'999'000'000)))
                      .add(test::set(256, records(kFlow, 5)))
                      .add(test::set(301, records(variable, 4)))),
      test::ipfix({.sequence = 13}, test::set(2, Wire().u16(256).u16(0)).add(test::set(256, records(kFlow, 1)))),
  });
  return all;
}

bool is_prefix(const std::vector<Row>& part, const std::vector<Row>& whole) {
  return part.size() <= whole.size() && std::ranges::equal(part, std::span(whole).first(part.size()));
}

TEST(Properties, AnyTruncationGivesAPrefixOfTheRows) {
  for (const std::vector<Wire>& datagrams : conversations()) {
    for (size_t cut = 0; cut < datagrams.size(); ++cut) {
      Harness before;
      for (size_t i = 0; i < cut; ++i) before.feed(datagrams[i]);
      const size_t rows_before = before.rows().size();
      Harness whole;
      for (size_t i = 0; i <= cut; ++i) whole.feed(datagrams[i]);
      const std::vector<Row> want = whole.rows();
      for (size_t length = 0; length < datagrams[cut].size(); ++length) {
        Harness h;
        for (size_t i = 0; i < cut; ++i) h.feed(datagrams[i]);
        h.feed(ByteView(datagrams[cut]).first(length));
        EXPECT_GE(h.rows().size(), rows_before);
        EXPECT_TRUE(is_prefix(h.rows(), want)) << "datagram " << cut << " cut to " << length;
        EXPECT_EQ(h.imbalance(), "") << "datagram " << cut << " cut to " << length;
      }
    }
  }
}

TEST(Properties, MutationsDoNoHarmAndTheLedgerAddsUp) {
  std::mt19937 random(20261122);
  const auto pick = [&](size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random); };
  DecoderOptions options;
  options.other = true;
  options.limits.templates_per_session = 6;
  options.limits.sessions = 8;
  options.limits.early_bytes_per_session = 4000;
  const auto all = conversations();
  for (int round = 0; round < 4000; ++round) {
    Harness h(options);
    Decoder inspector(options);
    test::TextSink sink;
    const std::vector<Wire>& datagrams = all[pick(all.size())];
    for (int step = 0; step < 6; ++step) {
      std::vector<uint8_t> bytes = datagrams[pick(datagrams.size())].bytes();
      const size_t changes = pick(5);
      for (size_t i = 0; i < changes; ++i) {
        const uint8_t interesting[] = {0, 1, 2, 3, 4, 0xff, 0x7f, 0x80, static_cast<uint8_t>(pick(256))};
        bytes[pick(bytes.size())] = interesting[pick(std::size(interesting))];
      }
      if (pick(4) == 0) bytes.resize(pick(bytes.size() + 1));
      if (pick(8) == 0) bytes.insert(bytes.end(), bytes.begin(), bytes.end());
      const auto port = static_cast<uint16_t>(pick(2));
      h.feed(bytes, port);
      inspector.inspect(test::datagram(bytes, port), sink);
    }
    inspector.expire(Timestamp::max());
    ASSERT_EQ(h.imbalance(), "") << "round " << round;
    // Both ways through the decoder see the same.
    flow::ExporterCounters inspected;
    for (const auto& [exporter, counters] : inspector.counters()) inspected += counters;
    ASSERT_EQ(inspected.rows[flow::Table::flows], h.rows().size()) << "round " << round;
    ASSERT_EQ(sink.records.size() - sink.options, h.rows().size()) << "round " << round;
    ASSERT_EQ(inspected.option_records, h.counters().option_records) << "round " << round;
    ASSERT_EQ(inspected.undecodable_sets, h.counters().undecodable_sets) << "round " << round;
  }
}

TEST(Properties, RowsDoNotDependOnWhereABatchEnds) {
  const Wire announcement = test::netflow9({.sequence = 1}, test::set(0, test::template_record(256, kFlow)));
  std::vector<Row> small;
  std::vector<Row> large;
  for (const size_t capacity : {size_t{64}, size_t{4096}}) {
    std::vector<Row>& rows = capacity == 64 ? small : large;
    flow::TableBuilders builder(
        [&](flow::FullBatch full) {
          const flow::SealedBatch batch = flow::seal(std::move(full));
          for (Row& row : test::rows_of(*batch)) rows.push_back(std::move(row));
        },
        capacity);
    Decoder decoder({});
    decoder.decode(test::datagram(announcement), builder);
    for (uint32_t i = 2; i < 12; ++i) {
      decoder.decode(test::datagram(test::netflow9({.sequence = i}, test::set(256, records(kFlow, 29 + i)))), builder);
    }
    builder.hand_over();
  }
  EXPECT_EQ(small.size(), 355u);
  EXPECT_EQ(small, large);
}

// Elements that have columns, with lengths that fit and lengths that do not, some of them twice.
std::vector<FieldOf> random_layout(std::mt19937& random) {
  constexpr std::array<uint16_t, 9> kLengths = {1, 2, 3, 4, 4, 6, 8, 8, 16};
  std::vector<FieldOf> fields = {{8, 4}, {12, 4}, {22, 4}, {21, 4}};  // longer than padding is
  for (size_t i = random() % 24; i > 0; --i) {
    const flow::ElementColumn& known = flow::kElementColumns[random() % flow::kElementColumns.size()];
    if (known.number >= 0x8000) continue;  // of NetFlow v9 only
    fields.push_back({known.number, kLengths[random() % kLengths.size()], known.enterprise});
    if (random() % 8 == 0) fields.push_back(fields[random() % fields.size()]);
  }
  if (random() % 4 == 0) fields.push_back({160, 8});
  std::ranges::shuffle(fields, random);
  return fields;
}

// Each has kernels of its own: one record, several, and those that are cut into fields.
TEST(Properties, RowsDoNotDependOnHowManyRecordsComeTogether) {
  constexpr uint16_t kRecords = 9;
  std::mt19937 random(20);
  size_t columns = 0;
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    const std::vector<FieldOf> fields = random_layout(random);
    std::vector<FieldOf> variable = fields;
    variable.push_back({210, kVar});
    std::vector<Wire> all;
    for (size_t i = 0; i < kRecords; ++i) {
      Wire wire;
      for (const FieldOf& field : fields) {
        // Zeros and numbers of all sizes; the ones that an exporter would send are rare among them.
        const uint64_t number = random() % 5 == 0 ? 0 : (uint64_t{random()} << 32 | random()) >> random() % 64;
        wire.zeros(field.length - std::min<size_t>(field.length, 8));
        wire.number(number, std::min<size_t>(field.length, 8));
      }
      all.push_back(wire);
    }
    Wire together;
    Wire cut;
    for (const Wire& wire : all) {
      together.add(wire);
      cut.add(Wire(wire).u8(0));
    }
    const auto announce = [](const std::vector<FieldOf>& layout) {
      return test::set(2, test::template_record(256, layout));
    };
    Harness several;
    several.feed(test::ipfix({}, announce(fields))).feed(test::ipfix({}, test::set(256, together)));
    Harness gathered;
    gathered.feed(test::ipfix({}, announce(variable))).feed(test::ipfix({}, test::set(256, cut)));
    Harness single;
    single.feed(test::ipfix({}, announce(fields)));
    for (uint32_t i = 0; i < kRecords; ++i) single.feed(test::ipfix({.sequence = i}, test::set(256, all[i])));
    ASSERT_EQ(several.rows().size(), kRecords);
    for (const Row& row : several.rows()) columns = std::max(columns, row.size());
    EXPECT_EQ(single.rows(), several.rows());
    EXPECT_EQ(single.anomalies(), several.anomalies());
    EXPECT_EQ(gathered.rows(), several.rows());
    EXPECT_EQ(gathered.anomalies(), several.anomalies());
  }
  EXPECT_GT(columns, 20u);
}

// --- incidents
// ---------------------------------------------------------------------------------------------------------

// Class 1: counts and lengths that wrap or exceed the set.
// Every three seconds one of them restarts, changes its templates or has its clock set by up to a day: all of it
// happens, if not so often, and no flow may be lost by it.
TEST(Properties, ExpectingDatagramsChangesNothing) {
  constexpr uint32_t kExporters = 700;  // too many to stay in the cache by themselves
  std::vector<gen::SyntheticExporter> exporters;
  for (uint32_t e = 0; e < kExporters; ++e) {
    const auto protocol =
        std::array{gen::Protocol::v5, gen::Protocol::v9, gen::Protocol::ipfix, gen::Protocol::sflow}[e % 4];
    exporters.emplace_back(gen::ExporterOptions{.protocol = protocol, .seed = e, .domain = e, .flows_per_datagram = 2});
  }
  test::Harness plain;
  test::Harness expecting;
  Timestamp now = timestamp_from_us(1'795'357'500'000'000);
  for (size_t round = 0; round < 4; ++round) {
    for (uint32_t e = 0; e < kExporters; e += 7, now += Micros{1000}) {
      std::vector<std::vector<uint8_t>> bytes;
      std::vector<Datagram> datagrams;
      for (uint32_t i = e; i < e + 7; ++i) {
        const ByteView made = exporters[i].next_datagram(now);
        bytes.emplace_back(made.begin(), made.end());
        if (i % 50 == round) bytes.back().resize(std::min<size_t>(bytes.back().size(), i % 24));
        datagrams.push_back(test::datagram(bytes.back(), 2055, IpAddress::from_v4(i), now));
      }
      expecting.decoder.expect(datagrams);
      for (const Datagram& datagram : datagrams) {
        expecting.feed(datagram);
        plain.feed(datagram);
      }
    }
  }
  EXPECT_GT(plain.rows().size(), 4'000u);
  EXPECT_EQ(expecting.rows(), plain.rows());
  EXPECT_EQ(expecting.anomalies(), plain.anomalies());
}

TEST(Properties, NothingIsLostWhenExportersRestartAndChange) {
  using gen::Protocol;
  std::vector<gen::SyntheticExporter> exporters;
  for (const Protocol protocol : {Protocol::v5, Protocol::v9, Protocol::ipfix, Protocol::v9, Protocol::ipfix}) {
    exporters.emplace_back(gen::ExporterOptions{.protocol = protocol,
                                                .seed = 7,
                                                .domain = static_cast<uint32_t>(exporters.size() + 1),
                                                .flows_per_datagram = 5,
                                                .event_interval = Micros{3'000'000}});
  }
  Decoder decoder{DecoderOptions{}};
  uint64_t rows = 0;
  flow::TableBuilders builder([&](const flow::FullBatch& batch) { rows += batch->rows(); });
  Timestamp now = timestamp_from_us(1'795'357'500'000'000);
  for (size_t turn = 0; turn < 50'000; ++turn, now += Micros{10'000}) {
    const size_t which = turn % exporters.size();
    const ByteView bytes = exporters[which].next_datagram(now);
    decoder.decode(test::datagram(bytes, 2055, IpAddress::from_v4(0x0a000001 + static_cast<uint32_t>(which)), now),
                   builder);
    if (turn % 100 == 0) decoder.expire(now);
  }
  builder.hand_over();
  uint64_t flows = 0;
  for (const gen::SyntheticExporter& exporter : exporters) flows += exporter.totals().all.flows;
  EXPECT_EQ(rows, flows);
  flow::ExporterCounters sum;
  for (const auto& [address, counters] : decoder.counters()) sum += counters;
  EXPECT_EQ(sum.undecodable_sets + sum.early_sets_held, 0u);
  EXPECT_EQ(sum.lost_units, 0u);
  EXPECT_GT(sum.anomalies[Anomaly::exporter_restart], 100u);
  EXPECT_GT(sum.anomalies[Anomaly::template_redefined], 100u);
  for (const Anomaly none : {Anomaly::missing_template, Anomaly::truncated_record, Anomaly::bad_padding}) {
    EXPECT_EQ(sum.anomalies[none], 0u) << flow::name(none);
  }
}

TEST(Allow, OnlyThoseThatAreListedAreRead) {
  const auto with = [](std::vector<std::string_view> networks) {
    DecoderOptions options;
    for (const std::string_view network : networks) options.allow.push_back(*IpPrefix::parse(network));
    return options;
  };
  const Wire flow = test::netflow5({.count = 1}, Wire().zeros(48));
  const IpAddress one = *IpAddress::parse("192.0.2.1");
  const IpAddress other = *IpAddress::parse("2001:db8::9");
  const IpAddress stranger = *IpAddress::parse("198.51.100.1");
  test::Harness h(with({"192.0.2.0/24", "2001:db8::9"}));
  const auto feed_all = [&] {
    for (const IpAddress& from : {one, other, stranger}) h.feed(flow, 2055, from);
  };
  feed_all();
  EXPECT_EQ(h.rows().size(), 2u);
  EXPECT_EQ(h.anomalies(), "exporter_not_allowed");
  EXPECT_EQ(h.decoder.counters().size(), 3u) << "the stranger is among the forgotten";
  h.set_options(with({"2001:db8::/32"}));
  feed_all();
  EXPECT_EQ(h.rows().size(), 3u);
  h.set_options(with({}));
  feed_all();
  EXPECT_EQ(h.rows().size(), 6u);
  EXPECT_EQ(h.count(Anomaly::exporter_not_allowed), 3u);
  EXPECT_EQ(h.imbalance(), "");
}

TEST(Incidents, OptionsTemplateLengthsThatWrap) {
  Harness h;
  h.feed(test::ipfix({}, test::set(3, Wire().u16(256).u16(0xffff).u16(0xfffe).u16(1).u16(4))));
  h.feed(test::netflow9({}, test::set(1, Wire().u16(256).u16(0xfffc).u16(0x0008).u16(1).u16(4))));
  h.feed(test::netflow9({}, Wire().u16(1).u16(0xffff).u16(256).u16(0x8000).u16(0x8000)));
  h.feed(test::netflow9({}, test::set(0, Wire().u16(256).u16(0x4000).u32(0))));
  EXPECT_EQ(h.rows().size(), 0u);
  EXPECT_EQ(h.count(Anomaly::truncated_template), 4u);
  EXPECT_EQ(h.imbalance(), "");
}

TEST(Incidents, FieldLengthsThatAddUpBeyondAnyRecord) {
  std::vector<FieldOf> fields(500, FieldOf{82, 65534});
  Harness h;
  h.feed(
      test::ipfix({}, test::set(2, test::template_record(256, fields)).add(test::set(256, Wire().zeros(200).u32(1)))));
  EXPECT_EQ(h.rows().size(), 0u);
  EXPECT_EQ(h.anomalies(), "truncated_record");
}

TEST(Incidents, RecordCountOfAHeaderIsNotBelieved) {
  for (const uint16_t count : {uint16_t{0}, uint16_t{1}, uint16_t{31}, uint16_t{1400}, uint16_t{65535}}) {
    Harness h;
    h.feed(test::netflow9({.count = count},
                          test::set(0, test::template_record(256, kFlow)).add(test::set(256, records(kFlow, 3)))));
    EXPECT_EQ(h.rows().size(), 3u);
  }
}

// Class 2: data sets shorter than the record; the last record cut.
TEST(Incidents, DataSetShorterThanItsTemplate) {
  for (size_t bytes = 0; bytes < 36; ++bytes) {
    Harness h;
    const Wire body = Wire().u16(256).u16(4 + bytes).add(Wire().number(UINT64_MAX, bytes));
    h.feed(test::netflow9({}, test::set(0, test::template_record(256, kFlow)).add(body)));
    EXPECT_EQ(h.rows().size(), 0u);
    EXPECT_EQ(h.imbalance(), "");
  }
}

// Class 3: things of size zero.
TEST(Incidents, TemplateOfNothing) {
  Harness h;
  h.feed(test::netflow9(
      {}, test::set(0, test::template_record(256, {{1, 0}, {2, 0}})).add(test::set(256, Wire().zeros(64)))));
  EXPECT_EQ(h.rows().size(), 0u) << "neither a division by zero nor records without end";
  EXPECT_EQ(h.count(Anomaly::bad_template), 1u);
  EXPECT_EQ(h.count(Anomaly::missing_template), 1u);
}

TEST(Incidents, SetOfLengthZeroEndsTheMessage) {
  Harness h;
  h.feed(test::netflow9({}, Wire().u16(256).u16(0).zeros(1000)));
  h.feed(test::ipfix({}, Wire().u16(256).u16(0).zeros(1000)));
  EXPECT_EQ(h.count(Anomaly::bad_set_length), 2u);
}

TEST(Incidents, VariableLengthFieldsOfNoOctets) {
  Harness h;
  h.feed(test::ipfix(
      {}, test::set(2, test::template_record(256, {{82, kVar}, {83, kVar}})).add(test::set(256, Wire().zeros(40)))));
  EXPECT_EQ(h.rows().size(), 20u);
  EXPECT_EQ(h.imbalance(), "");
}

// Class 4 (replacement and withdrawal while in use) is in session_test.cc: Templates.*

// Class 5: memory by templates, sources and options.
TEST(Incidents, FloodOfTemplates) {
  DecoderOptions options;
  options.limits.templates_per_session = 100;
  Harness h(options);
  for (uint32_t i = 0; i < 20'000; ++i) {
    h.feed(test::netflow9({.domain = i % 3},
                          test::set(0, test::template_record(static_cast<uint16_t>(256 + i / 3), kFlow))));
  }
  EXPECT_EQ(h.counters().templates_received, 20'000u);
  EXPECT_EQ(h.count(Anomaly::template_limit), 20'000u - 300u);
}

TEST(Incidents, FloodOfSamplers) {
  Harness h;
  Wire samplers;
  for (uint32_t i = 0; i < 3000; ++i) samplers.u32(0).u32(i).u32(100);
  h.feed(test::netflow9(
      {}, test::set(1, test::options_record_v9(257, {{1, 4}}, {{48, 4}, {50, 4}})).add(test::set(257, samplers))));
  EXPECT_EQ(h.counters().option_records, 3000u);
}

// Class 9: time arithmetic.
TEST(Incidents, UptimesAndClocksOfEveryKind) {
  const uint32_t extremes[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};
  for (const uint32_t seconds : extremes) {
    for (const uint32_t uptime : extremes) {
      Harness h;
      Wire body;
      for (const uint32_t first : extremes) body.u32(first).u32(0).u64(uint64_t{first} << 32 | first);
      h.feed(test::netflow9(
          {.seconds = seconds, .uptime_ms = uptime},
          test::set(0, test::template_record(256, {{22, 4}, {158, 4}, {154, 8}})).add(test::set(256, body))));
      EXPECT_EQ(h.rows().size(), 5u);
      EXPECT_EQ(h.imbalance(), "");
    }
  }
}

TEST(Incidents, FirstAfterLastIsKeptAsItWasSent) {
  Harness h;
  h.feed(test::ipfix({}, test::set(2, test::template_record(256, {{152, 8}, {153, 8}}))
                             .add(test::set(256, Wire().u64(1'700'000'000'000).u64(1'600'000'000'000)))));
  EXPECT_EQ(h.rows().at(0).at("time_flow_start"), "2023-11-14T22:13:20.000000Z");
  EXPECT_EQ(h.rows().at(0).at("time_flow_end"), "2020-09-13T12:26:40.000000Z");
}

// Class 14: integers of odd sizes.
TEST(Incidents, IntegersOfOddSizes) {
  for (uint16_t bytes = 0; bytes <= 20; ++bytes) {
    Harness h;
    h.feed(test::ipfix(
        {},
        test::set(2, test::template_record(256, {{1, bytes}, {16, bytes}, {21, bytes}, {152, bytes}, {8, 4}}))
            .add(test::set(256, Wire().number(1, bytes).number(2, bytes).number(3, bytes).number(4, bytes).u32(1)))));
    ASSERT_EQ(h.rows().size(), 1u) << bytes;
    EXPECT_EQ(h.rows()[0].contains("bytes"), bytes >= 1 && bytes <= 8) << bytes;
    EXPECT_EQ(h.imbalance(), "");
  }
}

// Defects seen in reading.
TEST(Incidents, UnknownElementsCostNothing) {
  Harness h;
  h.feed(test::ipfix({}, test::set(2, test::template_record(256, {{7, 2}, {32000, 4}, {5, 3, 4'000'000'000}, {11, 2}}))
                             .add(test::set(256, Wire().u16(80).zeros(7).u16(443)))));
  ASSERT_EQ(h.rows().size(), 1u);
  EXPECT_EQ(h.rows()[0].at("src_port"), "80");
  EXPECT_EQ(h.rows()[0].at("dst_port"), "443");
  EXPECT_EQ(h.anomalies(), "");
}

TEST(Incidents, EnterpriseFieldsAreEightBytesOfTemplate) {
  Harness h;
  h.feed(test::ipfix({}, test::set(2, test::template_record(256, {{1, 4, 9}, {7, 2}, {2, 4, 9}, {11, 2}})
                                          .add(test::template_record(257, {{1, 4}})))
                             .add(test::set(256, Wire().u32(1).u16(80).u32(2).u16(443)))
                             .add(test::set(257, Wire().u32(77)))));
  ASSERT_EQ(h.rows().size(), 2u);
  EXPECT_EQ(h.rows()[0].at("dst_port"), "443");
  EXPECT_FALSE(h.rows()[0].contains("bytes")) << "9:1 is not octetDeltaCount";
  EXPECT_EQ(h.rows()[1].at("bytes"), "77");
}

TEST(Incidents, TextCannotBreakJson) {
  DecoderOptions options;
  options.other = true;
  Harness h(options);
  const std::string evil = "\"},\n{\"\\";
  h.feed(test::ipfix({}, test::set(2, test::template_record(256, {{82, kVar}, {7, 2}}))
                             .add(test::set(256, Wire().u8(evil.size()).text(evil).u16(1)))));
  EXPECT_EQ(h.rows().at(0).at("other"), R"({"interfaceName":"\"},\n{\"\\"})");
}

}  // namespace
}  // namespace weir::decode
