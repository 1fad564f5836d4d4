// What options records tell: sampling rates of samplers, interfaces and templates, and names.
#include <gtest/gtest.h>

#include "decode/template/options_state.h"
#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using test::FieldOf;
using test::Harness;
using test::Wire;

const std::vector<FieldOf> kFlow = {{8, 4}, {10, 4}, {14, 4}};

Wire flow_template(const std::vector<FieldOf>& fields = kFlow) {
  return test::set(2, test::template_record(256, fields));
}
Wire flow_of(uint32_t in_if, uint32_t out_if) { return test::set(256, Wire().u32(0x0a000001).u32(in_if).u32(out_if)); }
Wire options(const std::vector<FieldOf>& scope, const std::vector<FieldOf>& fields, const Wire& data) {
  return test::set(3, test::options_record_ipfix(300, scope, fields)).add(test::set(300, data));
}
Wire name(std::string_view text, size_t bytes) { return Wire().text(text).zeros(bytes - text.size()); }

std::string value(const test::Row& row, const std::string& column) {
  return row.contains(column) ? row.at(column) : "null";
}
std::string rate(const test::Row& row) { return value(row, "sampling_rate"); }

TEST(Rates, OfAnInterfaceAreNotOfTheDomain) {
  Harness h;
  h.feed(test::ipfix({}, options({{10, 4}}, {{34, 4}}, Wire().u32(7).u32(100).u32(9).u32(1000))
                             .add(flow_template())
                             .add(flow_of(7, 9))
                             .add(flow_of(3, 9))
                             .add(flow_of(3, 4))));
  EXPECT_EQ(rate(h.rows().at(0)), "100") << "the input interface first";
  EXPECT_EQ(rate(h.rows().at(1)), "1000");
  EXPECT_EQ(rate(h.rows().at(2)), "null");
}

TEST(Rates, OfAnInterfaceInNetflow9) {
  // Scope 2 is an interface. Interface 0 is none: softflowd means the whole device with it.
  for (const auto& [interface, want] : {std::pair{5U, "null"}, std::pair{3U, "64"}, std::pair{0U, "64"}}) {
    Harness h;
    h.feed(test::netflow9({.count = 3}, test::set(1, test::options_record_v9(300, {{2, 4}}, {{34, 4}, {35, 1}}))
                                            .add(test::set(300, Wire().u32(interface).u32(64).u8(1)))
                                            .add(test::set(0, test::template_record(256, kFlow)))
                                            .add(flow_of(3, 4))));
    EXPECT_EQ(rate(h.rows().at(0)), want) << interface;
  }
}

TEST(Rates, OfATemplate) {
  Harness h;
  h.feed(test::ipfix({}, options({{145, 2}}, {{34, 4}}, Wire().u16(256).u32(50))
                             .add(flow_template())
                             .add(test::set(2, test::template_record(257, kFlow)))
                             .add(flow_of(1, 2))
                             .add(test::set(257, Wire().u32(1).u32(1).u32(2)))));
  EXPECT_EQ(rate(h.rows().at(0)), "50");
  EXPECT_EQ(rate(h.rows().at(1)), "null");
}

TEST(Rates, TheMostSpecialWins) {
  Harness h;
  const Wire domain = options({{149, 4}}, {{34, 4}}, Wire().u32(0).u32(10));
  const Wire interface =
      test::set(3, test::options_record_ipfix(301, {{14, 4}}, {{34, 4}})).add(test::set(301, Wire().u32(2).u32(20)));
  const Wire sampler = test::set(3, test::options_record_ipfix(302, {{302, 1}}, {{305, 4}, {306, 4}}))
                           .add(test::set(302, Wire().u8(1).u32(1).u32(29)));
  h.feed(test::ipfix({}, Wire().add(domain).add(interface).add(sampler)));
  h.feed(test::ipfix(
      {}, flow_template({{8, 4}, {10, 4}, {14, 4}, {302, 1}})
              .add(test::set(
                  256, Wire().u32(1).u32(1).u32(2).u8(1).u32(1).u32(1).u32(2).u8(9).u32(1).u32(1).u32(3).u8(9)))));
  EXPECT_EQ(rate(h.rows().at(0)), "30") << "its sampler's";
  EXPECT_EQ(rate(h.rows().at(1)), "20") << "a sampler that nobody announced: its output interface's";
  EXPECT_EQ(rate(h.rows().at(2)), "10") << "the domain's";
}

// 304 is 3: random n-out-of-N sampling, whose rate is 310 / 309, whatever 305 says (Cisco IOS XR sends all of them).
TEST(Rates, OfRandomSamplingAreNotTheInterval) {
  Harness h;
  h.feed(test::ipfix(
      {}, options({{302, 4}}, {{305, 4}, {304, 2}, {309, 4}, {310, 4}}, Wire().u32(1).u32(1).u16(3).u32(1).u32(2000))
              .add(flow_template())
              .add(flow_of(1, 2))));
  EXPECT_EQ(rate(h.rows().at(0)), "2000");
}

// Public captures of Cisco IOS XE have the sampler table under source id 6, the flows under 256.
TEST(Rates, OfADomainThatOnlyAnnouncesHoldForTheOthers) {
  const auto announce = [](Harness& h, uint32_t domain, uint8_t sampler, uint32_t rate) {
    h.feed(test::ipfix({.domain = domain}, options({{302, 1}}, {{34, 4}}, Wire().u8(sampler).u32(rate))));
  };
  const auto send = [](Harness& h, uint32_t domain, uint8_t sampler) {
    h.feed(test::ipfix({.domain = domain},
                       flow_template({{8, 4}, {302, 1}}).add(test::set(256, Wire().u32(1).u8(sampler)))));
    return rate(h.rows().back());
  };
  {
    Harness h;
    announce(h, 6, 1, 1000);
    EXPECT_EQ(send(h, 256, 1), "1000");
    EXPECT_EQ(send(h, 256, 2), "null") << "another sampler";
    announce(h, 7, 1, 1000);
    EXPECT_EQ(send(h, 256, 1), "1000") << "two that agree";
    announce(h, 7, 1, 100);
    EXPECT_EQ(send(h, 256, 1), "null") << "two that do not";
    send(h, 7, 1);
    EXPECT_EQ(send(h, 256, 1), "1000") << "one of them sends data, so what it tells is about itself";
    announce(h, 256, 1, 50);
    EXPECT_EQ(send(h, 256, 1), "50") << "its own wins";
  }
  Harness other;
  other.feed(test::ipfix({.domain = 6}, options({{302, 1}}, {{34, 4}}, Wire().u8(1).u32(1000))), 50000,
             IpAddress::from_v4(0xc0000299));
  EXPECT_EQ(send(other, 256, 1), "null") << "another exporter";
}

TEST(Rates, OfAnEvictedDomainAreForgotten) {
  DecoderOptions small;
  small.limits.sessions = 2;
  Harness h(small);
  h.feed(test::ipfix({.domain = 6}, options({{149, 4}}, {{34, 4}}, Wire().u32(6).u32(1000))));
  h.feed(test::ipfix({.domain = 1}, flow_template().add(flow_of(1, 2))));
  EXPECT_EQ(rate(h.rows().back()), "1000");
  h.feed(test::ipfix({.domain = 2}, flow_template().add(flow_of(1, 2))));
  EXPECT_EQ(rate(h.rows().back()), "null") << "domain 6 was the least recently used";
}

TEST(Names, OfInterfaces) {
  Harness h;
  const Wire names = options({{10, 4}}, {{82, 16}, {83, 16}},
                             Wire()
                                 .u32(7)
                                 .add(name("Gi0/0/7", 16))
                                 .add(name("to Basel", 16))
                                 .u32(9)
                                 .zeros(16)
                                 .add(name("HundredGigE0/9", 16)));
  h.feed(test::ipfix({}, Wire(names).add(flow_template()).add(flow_of(7, 9)).add(flow_of(1, 7))));
  EXPECT_EQ(value(h.rows().at(0), "in_if_name"), "Gi0/0/7");
  EXPECT_EQ(value(h.rows().at(0), "out_if_name"), "HundredGigE0/9") << "only a description is known";
  EXPECT_EQ(value(h.rows().at(1), "in_if_name"), "null");
  EXPECT_EQ(value(h.rows().at(1), "out_if_name"), "Gi0/0/7");
}

// Cisco ASR 9000, NetFlow v9: the interface is a field, the scope is the system.
TEST(Names, OfInterfacesInFieldsBesideASystemScope) {
  Harness h;
  h.feed(test::netflow9({.count = 4},
                        test::set(1, test::options_record_v9(300, {{1, 4}}, {{10, 4}, {83, 16}}))
                            .add(test::set(300, Wire().u32(0xc1c4be43).u32(74).add(name("TenGigE0_0_1_0", 16))))
                            .add(test::set(0, test::template_record(256, kFlow)))
                            .add(flow_of(74, 0))));
  EXPECT_EQ(value(h.rows().at(0), "in_if_name"), "TenGigE0_0_1_0");
}

TEST(Names, OfVrfsAndApplications) {
  Harness h;
  const Wire vrf = options({{234, 4}}, {{236, 8}, {90, 8}}, Wire().u32(0x60000002).add(name("blue", 8)).zeros(8));
  // The same application, with a selector of three bytes here and of four there.
  const Wire application = test::set(3, test::options_record_ipfix(301, {{95, 4}}, {{96, 8}, {94, 8}}))
                               .add(test::set(301, Wire().hex("0d0001c4").add(name("skype", 8)).add(name("calls", 8))));
  h.feed(test::ipfix({}, Wire().add(vrf).add(application)));
  h.feed(test::ipfix(
      {}, flow_template({{8, 4}, {234, 4}, {235, 4}, {95, 5}, {236, 4}})
              .add(test::set(256, Wire().u32(1).u32(0x60000002).u32(0x60000002).add(Wire::hex("0d000001c4")).zeros(4)))
              .add(test::set(256, Wire().u32(1).u32(0x60000002).u32(1).add(Wire::hex("03000001bb")).text("red1")))));
  EXPECT_EQ(value(h.rows().at(0), "ingress_vrf_name"), "blue");
  EXPECT_EQ(value(h.rows().at(0), "egress_vrf_name"), "blue");
  EXPECT_EQ(value(h.rows().at(0), "application_name"), "skype");
  EXPECT_EQ(value(h.rows().at(1), "ingress_vrf_name"), "red1") << "the record's own";
  EXPECT_EQ(value(h.rows().at(1), "egress_vrf_name"), "null");
  EXPECT_EQ(value(h.rows().at(1), "application_name"), "null");
}

// What a batch holds of a name is not trusted across batches.
TEST(Names, AreThereInEveryBatch) {
  Harness h;
  const Wire names = options({{10, 4}}, {{82, 8}}, Wire().u32(1).add(name("one", 8)).u32(2).add(name("two", 8)));
  h.feed(test::ipfix({}, Wire(names).add(flow_template())));
  for (int i = 0; i < 300; ++i) {
    h.feed(test::ipfix({}, i % 3 == 0 ? flow_of(2, 1) : flow_of(1, 2)));
    if (i % 7 == 0) h.builder.hand_over();
  }
  ASSERT_EQ(h.rows().size(), 300u);
  for (size_t i = 0; i < 300; ++i) {
    EXPECT_EQ(value(h.rows()[i], "in_if_name"), i % 3 == 0 ? "two" : "one") << i;
    EXPECT_EQ(value(h.rows()[i], "out_if_name"), i % 3 == 0 ? "one" : "two") << i;
  }
}

TEST(Names, AChangeHoldsFromThenOn) {
  Harness h;
  const auto tell = [&](std::string_view text) {
    h.feed(test::ipfix(
        {}, options({{10, 4}}, {{82, 8}}, Wire().u32(1).add(name(text, 8))).add(flow_template()).add(flow_of(1, 1))));
  };
  tell("old");
  tell("new");
  tell("");
  EXPECT_EQ(value(h.rows().at(0), "in_if_name"), "old");
  EXPECT_EQ(value(h.rows().at(1), "in_if_name"), "new");
  EXPECT_EQ(value(h.rows().at(2), "in_if_name"), "new") << "no name is no news";
}

TEST(Names, AreForgottenByARestart) {
  Harness h;
  const auto at = [&](uint32_t seconds, uint32_t uptime_ms, const Wire& sets) {
    h.feed(test::netflow9({.seconds = seconds, .uptime_ms = uptime_ms}, sets));
  };
  const Wire data = test::set(0, test::template_record(256, kFlow)).add(flow_of(1, 1));
  at(1'700'000'000, 3'600'000,
     test::set(1, test::options_record_v9(300, {{2, 4}}, {{82, 4}}))
         .add(test::set(300, Wire().u32(1).text("eth0")))
         .add(data));
  at(1'700'000'600, 1000, data);
  EXPECT_EQ(value(h.rows().at(0), "in_if_name"), "eth0");
  EXPECT_EQ(value(h.rows().at(1), "in_if_name"), "null");
}

TEST(Incidents, NamesFromHostileExporters) {
  DecoderOptions small;
  small.limits.names_per_session = 2;
  small.limits.name_length = 5;
  Harness h(small);
  Wire data;
  for (uint32_t i = 1; i <= 4; ++i) data.u32(i).text("\"x\xff\x01long");
  h.feed(test::ipfix({}, options({{10, 4}}, {{82, 8}}, data).add(flow_template()).add(flow_of(1, 4))));
  EXPECT_EQ(h.count(Anomaly::options_limit), 2u);
  EXPECT_EQ(value(h.rows().at(0), "in_if_name"), "\"x\\xf") << "cut";
  EXPECT_EQ(value(h.rows().at(0), "out_if_name"), "null");
}

TEST(Incidents, NamesInAllAreBounded) {
  DecoderOptions small;
  small.limits.memory = 40'000;
  Harness h(small);
  for (uint32_t i = 0; i < 200; ++i) {
    h.feed(test::ipfix({.domain = i}, options({{10, 4}}, {{82, 8}}, Wire().u32(i + 1).text("GigE0001"))));
  }
  EXPECT_GT(h.count(Anomaly::session_limit), 100u) << "the least recently used domains went";
  h.feed(test::ipfix({.domain = 199}, flow_template().add(flow_of(200, 1))));
  EXPECT_EQ(value(h.rows().at(0), "in_if_name"), "GigE0001");
}

TEST(Incidents, RatesOfMoreInterfacesThanWeKeep) {
  DecoderOptions small;
  small.limits.rates_per_session = 3;
  Harness h(small);
  Wire data;
  for (uint32_t i = 1; i <= 5; ++i) data.u32(i).u32(i * 10);
  h.feed(
      test::ipfix({}, options({{10, 4}}, {{34, 4}}, data).add(flow_template()).add(flow_of(3, 0)).add(flow_of(4, 0))));
  EXPECT_EQ(h.count(Anomaly::options_limit), 2u);
  EXPECT_EQ(rate(h.rows().at(0)), "30");
  EXPECT_EQ(rate(h.rows().at(1)), "null");
}

TEST(Incidents, RatesFromManyPortsHaveTheLimitOfOne) {
  DecoderOptions options_of_decoder;
  options_of_decoder.limits.rates_per_session = 4;
  Harness h(options_of_decoder);
  Wire rates;
  for (uint32_t i = 1; i <= 4; ++i) rates.u32(i).u32(100);
  for (uint16_t port = 1000; port < 1005; ++port) h.feed(test::ipfix({}, options({{10, 4}}, {{34, 4}}, rates)), port);
  EXPECT_EQ(h.count(Anomaly::options_limit), 4u * 4u) << "the first one has them all";
}

TEST(Options, ApplicationKeys) {
  const auto key = [](std::string_view hex) { return application_key(Wire::hex(hex)); };
  EXPECT_EQ(key("0d0001c4"), key("0d000001c4"));
  EXPECT_NE(key("0d0001c4"), key("030001c4"));
  EXPECT_EQ(key(""), std::nullopt);
  EXPECT_EQ(key("03 01020304 05060708"), std::nullopt) << "a selector of more than 56 bits";
  // Engine 20: an enterprise, and a selector of it in whichever length.
  EXPECT_EQ(key("14 00003044 003e31"), key("14 00003044 00003e31"));
  EXPECT_EQ(key("14 00003044 003e31"), key("14 00003044 00000000 00003e31"));
  EXPECT_NE(key("14 00003044 003e31"), key("14 00003045 003e31"));
  EXPECT_NE(key("14 00003044 003e31"), key("14 00003044 003e32"));
  EXPECT_EQ(key("14 01003044 003e31"), std::nullopt) << "an enterprise of more than 24 bits";
  EXPECT_EQ(key("14 00003044 01 00003e31"), std::nullopt) << "a selector of more than 32 bits";
}

}  // namespace
}  // namespace weir::decode
