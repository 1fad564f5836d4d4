// NetFlow v9 and IPFIX messages into rows.
#include <gtest/gtest.h>

#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using test::FieldOf;
using test::Harness;
using test::Row;
using test::Wire;

constexpr uint16_t kVar = 65535;

Wire ipfix_with(const std::vector<FieldOf>& fields, const Wire& records) {
  return test::ipfix({}, test::set(2, test::template_record(256, fields)).add(test::set(256, records)));
}

Wire netflow9_with(const std::vector<FieldOf>& fields, const Wire& records) {
  return test::netflow9({.count = 2}, test::set(0, test::template_record(256, fields)).add(test::set(256, records)));
}

// The row without what every row has.
Row own(Row row) {
  for (const char* name : {"time_received", "type", "sampler_address", "observation_domain_id"}) row.erase(name);
  return row;
}

// One IPFIX record's own columns.
Row row_of(const std::vector<FieldOf>& fields, const Wire& record, DecoderOptions options = {}) {
  Harness h(std::move(options));
  h.feed(ipfix_with(fields, record));
  return h.rows().size() == 1 ? own(h.rows()[0]) : Row{};
}

TEST(Ipfix, ExampleOfTheRfc) {
  // RFC 7011 appendix A: template, data, options template and options data.
  Harness h;
  h.feed(Wire::hex(R"(
    000a 0098 5ad2fd00 00000000 00000007           # version, length, export time, sequence, domain 7
    0002 001c                                      # template set
      0100 0005  0008 0004 000c 0004 000f 0004 0002 0004 0001 0004
    0100 0040                                      # data set
      c000020c c00002fe c0000201 00001391 00518c81
      c000021b c0000217 c0000202 000002ec 0005ef46
      c0000238 c0000241 c0000203 00000005 00001986
    0003 0018                                      # options template set
      0102 0003 0001  008d 0004 0029 0002 002a 0002  0000
    0102 0014                                      # options data set
      00000001 0159 27d9  00000002 02b2 4fb2
  )"));
  ASSERT_EQ(h.rows().size(), 3u);
  EXPECT_EQ(own(h.rows()[0]), (Row{{"src_addr", "192.0.2.12"},
                                   {"dst_addr", "192.0.2.254"},
                                   {"next_hop", "192.0.2.1"},
                                   {"packets", "5009"},
                                   {"bytes", "5344385"},
                                   {"etype", "2048"}}));
  EXPECT_EQ(h.rows()[2].at("bytes"), "6534");
  EXPECT_EQ(h.rows()[2].at("observation_domain_id"), "7");
  EXPECT_EQ(h.rows()[2].at("type"), "4");
  EXPECT_EQ(h.counters().option_records, 2u);
  EXPECT_EQ(h.anomalies(), "");
}

TEST(Ipfix, ExampleOfTheRfcInspected) {
  Decoder decoder({});
  test::TextSink sink;
  decoder.inspect(test::datagram(Wire::hex(R"(
    000a 003c 5ad2fd00 00000000 00000007
    0003 0018  0102 0003 0001  008d 0004 0029 0002 002a 0002  0000
    0102 0014  00000001 0159 27d9  00000002 02b2 4fb2
  )")),
                  sink);
  EXPECT_EQ(sink.records, (std::vector<std::string>{"options 258/1 scope 0:141=00000001 0:41=0159 0:42=27d9",
                                                    "options 258/2 scope 0:141=00000002 0:41=02b2 0:42=4fb2"}));
}

TEST(Ipfix, VariableLength) {
  // RFC 7011 appendix A.5: one byte of length below 255, else 255 and two.
  const std::vector<FieldOf> fields = {{7, 2}, {371, kVar}, {11, 2}};
  const std::string long_name(1000, 'u');
  Wire records = Wire().u16(1).u8(5).text("alice").u16(2);
  records.u16(3).u8(255).u16(1000).text(long_name).u16(4);
  records.u16(5).u8(255).u16(2).text("al").u16(6);  // three bytes where one would do
  records.u16(7).u8(0).u16(8);
  DecoderOptions options;
  options.other = true;
  Harness h(options);
  h.feed(ipfix_with(fields, records));
  ASSERT_EQ(h.rows().size(), 4u);
  EXPECT_EQ(h.rows()[0].at("user_name"), "alice");
  EXPECT_EQ(h.rows()[1].at("user_name"), long_name);
  EXPECT_EQ(h.rows()[1].at("dst_port"), "4");
  EXPECT_EQ(h.rows()[2].at("user_name"), "al");
  EXPECT_FALSE(h.rows()[3].contains("user_name"));
  EXPECT_EQ(h.rows()[3].at("dst_port"), "8");
  EXPECT_EQ(h.anomalies(), "");
}

TEST(Ipfix, TableOfVariableLengthDamage) {
  struct Case {
    const char* name;
    Wire records;
    size_t rows;
    const char* anomalies;
  };
  const Wire whole = Wire().u16(1).u8(2).text("ab");
  const Case cases[] = {
      {"length beyond the set", Wire().add(whole).u16(1).u8(200).text("abcdefgh"), 1, "truncated_record"},
      {"two-byte length beyond the set", Wire().add(whole).u16(1).u8(255).u16(65535).u8(0), 1, "truncated_record"},
      {"length byte cut", Wire().add(whole).u16(1).u8(255).zeros(0), 1, "truncated_record"},
      {"padding shorter than a record", Wire().add(whole).zeros(2), 1, ""},
      {"padding that is not zero", Wire().add(whole).u16(7).u8(0), 2, ""},
  };
  for (const Case& c : cases) {
    Harness h;
    // The sets are not padded here, so that what stands at their end is what the case says.
    const Wire body = Wire().u16(256).u16(4 + c.records.size()).add(c.records);
    h.feed(test::ipfix({}, test::set(2, test::template_record(256, {{7, 2}, {82, kVar}})).add(body)));
    EXPECT_EQ(h.rows().size(), c.rows) << c.name;
    EXPECT_EQ(h.anomalies(), c.anomalies) << c.name;
    EXPECT_EQ(h.imbalance(), "") << c.name;
  }
}

TEST(Ipfix, TableOfMessageDamage) {
  const Wire sets =
      test::set(2, test::template_record(256, {{7, 2}, {11, 2}})).add(test::set(256, Wire().u32(1).u32(2)));
  const Wire whole = test::ipfix({}, sets);
  const auto with_length = [&](uint16_t length) { return Wire().u16(10).u16(length).u32(1).u32(0).u32(0).add(sets); };
  struct Case {
    const char* name;
    Wire bytes;
    size_t rows;
    const char* anomalies;
  };
  const Case cases[] = {
      {"whole", whole, 2, ""},
      {"header cut", Wire::hex("000a 0020 00000000 00000000 0000"), 0, "truncated_header"},
      {"length below the header", with_length(15), 0, "truncated_header"},
      {"length of the header alone", with_length(16), 0, "trailing_bytes"},
      {"length beyond the datagram", with_length(static_cast<uint16_t>(whole.size() + 100)), 2,
       "length_beyond_datagram"},
      {"bytes behind the message", Wire().add(whole).u32(1), 2, "trailing_bytes"},
      {"message that ends inside of a set", with_length(static_cast<uint16_t>(whole.size() - 2)), 1,
       "bad_set_length trailing_bytes"},
      {"set length below its header", test::ipfix({}, Wire().add(sets).u16(256).u16(3).u32(1)), 2, "bad_set_length"},
      {"set length of zero", test::ipfix({}, Wire().add(sets).u16(256).u16(0).u32(1)), 2, "bad_set_length"},
      {"set length beyond the message", test::ipfix({}, Wire().add(sets).u16(256).u16(400).u32(1)), 3,
       "bad_set_length"},
      {"zeros to the end", test::ipfix({}, Wire().add(sets).zeros(64)), 2, "trailing_bytes"},
      {"two bytes at the end", test::ipfix({}, Wire().add(sets).u16(0)), 2, ""},
      {"two odd bytes at the end", test::ipfix({}, Wire().add(sets).u16(7)), 2, "trailing_bytes"},
      {"reserved set id", test::ipfix({}, Wire().add(test::set(4, Wire().u32(1))).add(sets)), 2, "reserved_set_id"},
      {"v9's set ids", test::ipfix({}, Wire().add(test::set(0, Wire().u32(1))).add(sets)), 2, "reserved_set_id"},
      {"set shorter than a record", test::ipfix({}, Wire().add(sets).u16(256).u16(6).u16(7)), 2, "truncated_record"},
      {"empty set", test::ipfix({}, Wire().add(sets).u16(256).u16(4)), 2, ""},
      {"padding of a data set", test::ipfix({}, Wire().add(sets).u16(256).u16(11).u32(7).zeros(3)), 3, ""},
      {"odd padding", test::ipfix({}, Wire().add(sets).u16(256).u16(11).u32(7).zeros(2).u8(1)), 3, "bad_padding"},
  };
  for (const Case& c : cases) {
    Harness h;
    h.feed(c.bytes);
    EXPECT_EQ(h.rows().size(), c.rows) << c.name;
    EXPECT_EQ(h.anomalies(), c.anomalies) << c.name;
    EXPECT_EQ(h.imbalance(), "") << c.name;
  }
}

TEST(Netflow9, EveryFieldOfTheFigure) {
  // RFC 3954 section 5: template and data of one router.
  Harness h;
  h.feed(Wire::hex(R"(
    0009 0002 0036ee80 6553f100 00000001 0000002a   # version, count, uptime, seconds, sequence, source id 42
    0000 0024  0100 0007  0008 0004 000c 0004 000f 0004 0002 0004 0001 0004 0015 0004 0016 0004
    0100 0020  c612010c 0a050c17 0a050c01 0000138f 00518c31 0036e8a4 0036d710
  )"));
  ASSERT_EQ(h.rows().size(), 1u);
  EXPECT_EQ(own(h.rows()[0]), (Row{{"src_addr", "198.18.1.12"},
                                   {"dst_addr", "10.5.12.23"},
                                   {"next_hop", "10.5.12.1"},
                                   {"packets", "5007"},
                                   {"bytes", "5344305"},
                                   {"time_flow_start", "2023-11-14T22:13:14.000000Z"},
                                   {"time_flow_end", "2023-11-14T22:13:18.500000Z"},
                                   {"etype", "2048"}}));
  EXPECT_EQ(h.rows()[0].at("type"), "3");
  EXPECT_EQ(h.rows()[0].at("observation_domain_id"), "42");
  EXPECT_EQ(h.anomalies(), "");
}

TEST(Netflow9, CountsItsRecords) {
  Harness h;
  h.feed(test::netflow9(
      {.count = 7},
      test::set(0, test::template_record(256, {{7, 2}, {11, 2}})).add(test::set(256, Wire().u32(1).u32(2)))));
  EXPECT_EQ(h.rows().size(), 2u) << "the sets are believed, not the count";
  EXPECT_EQ(h.anomalies(), "count_mismatch");
}

TEST(Netflow9, ManyMoreThanSixtyRecords) {
  Wire records;
  for (uint32_t i = 0; i < 300; ++i) records.u32(i);
  Harness h;
  h.feed(test::netflow9({.count = 301},
                        test::set(0, test::template_record(256, {{7, 2}, {11, 2}})).add(test::set(256, records))));
  ASSERT_EQ(h.rows().size(), 300u);
  EXPECT_EQ(h.rows()[299].at("dst_port"), "299");
  EXPECT_EQ(h.anomalies(), "");
}

TEST(Netflow9, VendorElementsAreNotEnterpriseElements) {
  Harness h;
  h.feed(netflow9_with({{40001, 4}, {40005, 1}}, Wire::hex("c0a80e01 02")));
  EXPECT_EQ(own(h.rows().at(0)), (Row{{"post_nat_src_addr", "192.168.14.1"}, {"firewall_event", "2"}}));
}

TEST(Netflow9, SeveralMessagesInOneDatagram) {
  const Wire first =
      test::netflow9({.sequence = 1, .domain = 9, .count = 2},
                     test::set(0, test::template_record(256, {{7, 2}, {11, 2}})).add(test::set(256, Wire().u32(1))));
  const Wire second = test::netflow9({.sequence = 2, .domain = 9, .count = 1}, test::set(256, Wire().u32(2)));
  DecoderOptions one;
  one.several_messages = false;
  Harness first_only(one);
  first_only.feed(Wire().add(first).add(second));
  EXPECT_EQ(first_only.rows().size(), 1u);
  Harness both;
  both.feed(Wire().add(first).add(second));
  EXPECT_EQ(both.rows().size(), 2u);
  EXPECT_EQ(both.anomalies(), "");
}

TEST(Rows, SameFlowsAsNetflow9AndAsIpfixAreEqual) {
  const std::vector<FieldOf> fields = {{8, 4},  {12, 4},  {1, 4},   {2, 8},  {4, 1},  {7, 2},
                                       {11, 2}, {10, 2},  {14, 4},  {16, 4}, {6, 2},  {61, 1},
                                       {89, 1}, {152, 8}, {153, 8}, {58, 2}, {56, 6}, {136, 1}};
  Wire records;
  for (uint64_t i = 1; i <= 40; ++i) {
    for (const FieldOf& field : fields) records.number(i * 1'000'003 * field.element, field.length);
  }
  Harness v9;
  v9.feed(netflow9_with(fields, records));
  Harness ipfix;
  ipfix.feed(ipfix_with(fields, records));
  ASSERT_EQ(v9.rows().size(), 40u);
  ASSERT_EQ(ipfix.rows().size(), 40u);
  for (size_t i = 0; i < 40; ++i) EXPECT_EQ(own(v9.rows()[i]), own(ipfix.rows()[i]));
}

TEST(Rows, OrderOfFieldsDoesNotMatter) {
  std::vector<FieldOf> fields = {{8, 4},  {12, 4},  {27, 16}, {28, 16}, {1, 4},   {85, 8}, {4, 1},
                                 {7, 2},  {180, 2}, {32, 2},  {58, 2},  {243, 2}, {70, 3}, {95, 4},
                                 {22, 4}, {21, 4},  {160, 8}, {34, 4},  {48, 1}};
  const auto decode = [](const std::vector<FieldOf>& order) {
    Wire records;
    for (uint64_t i = 1; i <= 5; ++i) {
      for (const FieldOf& field : order) {
        const uint64_t value = field.element == 160 ? 1'699'990'000'000 : i * 77'777 * field.element;
        // Every other record leaves the preferred ones zero.
        records.number(i % 2 == 0 && (field.element == 27 || field.element == 1) ? 0 : value, field.length);
      }
    }
    Harness h;
    h.feed(ipfix_with(order, records));
    return h.rows();
  };
  const std::vector<Row> want = decode(fields);
  ASSERT_EQ(want.size(), 5u);
  uint32_t noise = 12345;
  for (int round = 0; round < 50; ++round) {
    for (size_t i = fields.size(); i > 1; --i) {
      noise = noise * 1664525 + 1013904223;
      std::swap(fields[i - 1], fields[(noise >> 8) % i]);
    }
    EXPECT_EQ(decode(fields), want);
  }
}

TEST(Rows, FixedAndVariableLengthFieldsDecodeTheSame) {
  const std::vector<FieldOf> fixed = {{8, 4}, {12, 4}, {1, 4},  {2, 4},   {4, 1},
                                      {7, 2}, {11, 2}, {56, 6}, {152, 8}, {16, 4}};
  std::vector<FieldOf> variable = fixed;
  for (FieldOf& field : variable) field.length = kVar;
  Wire fixed_records;
  Wire variable_records;
  for (uint64_t i = 1; i <= 30; ++i) {
    for (const FieldOf& field : fixed) {
      fixed_records.number(i * 1'234'567 * field.element, field.length);
      variable_records.u8(field.length).number(i * 1'234'567 * field.element, field.length);
    }
  }
  Harness a;
  a.feed(ipfix_with(fixed, fixed_records));
  Harness b;
  b.feed(ipfix_with(variable, variable_records));
  ASSERT_EQ(a.rows().size(), 30u);
  EXPECT_EQ(a.rows(), b.rows());
}

TEST(Rows, IntegersOfAnyLengthAreOneValue) {
  for (uint16_t bytes = 1; bytes <= 8; ++bytes) {
    const auto number = [&](uint16_t element) { return Wire().number(200, bytes).u16(element); };
    EXPECT_EQ(row_of({{1, bytes}, {7, 2}}, number(7)).at("bytes"), "200") << bytes;
    EXPECT_EQ(row_of({{10, bytes}, {7, 2}}, number(7)).at("in_if"), "200") << bytes;
    EXPECT_EQ(row_of({{16, bytes}, {7, 2}}, number(7)).at("src_as"), "200") << bytes;
    EXPECT_EQ(row_of({{5, bytes}, {7, 2}}, number(7)).at("ip_tos"), "200") << bytes;
    EXPECT_EQ(row_of({{11, bytes}, {7, 2}}, number(7)).at("dst_port"), "200") << bytes;
  }
}

TEST(Rows, NumbersAreNeitherCutNorShifted) {
  // 32-bit interfaces and AS numbers.
  EXPECT_EQ(row_of({{10, 4}, {14, 4}}, Wire().u32(0x80000003).u32(0x00010000)),
            (Row{{"in_if", "2147483651"}, {"out_if", "65536"}}));
  EXPECT_EQ(row_of({{16, 4}, {17, 4}}, Wire().u32(4200000000).u32(65536)),
            (Row{{"src_as", "4200000000"}, {"dst_as", "65536"}}));
  EXPECT_EQ(row_of({{1, 8}}, Wire().u64(UINT64_MAX)), (Row{{"bytes", "18446744073709551615"}}));
  // What does not fit is null, not cut.
  Harness h;
  h.feed(ipfix_with({{7, 4}, {11, 4}}, Wire().u32(65536).u32(443).u32(80).u32(1u << 20)));
  ASSERT_EQ(h.rows().size(), 2u);
  EXPECT_EQ(own(h.rows()[0]), (Row{{"dst_port", "443"}}));
  EXPECT_EQ(own(h.rows()[1]), (Row{{"src_port", "80"}}));
  EXPECT_EQ(h.anomalies(), "value_out_of_range*2");
}

TEST(Rows, FieldsOfImpossibleLengthAreNull) {
  Harness h;
  h.feed(ipfix_with({{8, 5}, {56, 7}, {1, 9}, {7, 2}}, Wire().zeros(21).u16(80).zeros(21).u16(81)));
  ASSERT_EQ(h.rows().size(), 2u);
  EXPECT_EQ(own(h.rows()[0]), (Row{{"src_port", "80"}, {"etype", "2048"}}));
  EXPECT_EQ(h.anomalies(), "bad_field_length*6");
}

TEST(Rows, LessPreferredElementsFillWhatIsEmpty) {
  EXPECT_EQ(row_of({{85, 8}, {1, 4}}, Wire().u64(900).u32(5)).at("bytes"), "5");
  EXPECT_EQ(row_of({{1, 4}, {85, 8}}, Wire().u32(0).u64(900)).at("bytes"), "900");
  EXPECT_EQ(row_of({{1, 4}, {1, 4}}, Wire().u32(7).u32(8)).at("bytes"), "7") << "the outer comes first";
  EXPECT_EQ(row_of({{1, 4}, {1, 4}}, Wire().u32(0).u32(8)).at("bytes"), "8");
  const Row v4 = row_of({{27, 16}, {8, 4}}, Wire().zeros(16).u32(0xc0000201));
  EXPECT_EQ(v4.at("src_addr"), "192.0.2.1");
  EXPECT_EQ(v4.at("etype"), "2048");
  const Row v6 = row_of({{27, 16}, {8, 4}}, Wire::hex("20010db8000000000000000000000001 00000000"));
  EXPECT_EQ(v6.at("src_addr"), "2001:db8::1");
  EXPECT_EQ(v6.at("etype"), "34525");
}

TEST(Rows, EtypeOfTheRecordWins) {
  EXPECT_EQ(row_of({{256, 2}, {8, 4}}, Wire().u16(0x8847).u32(1)).at("etype"), "34887");
  EXPECT_EQ(row_of({{256, 2}, {8, 4}}, Wire().u16(0).u32(1)).at("etype"), "2048");
  EXPECT_EQ(row_of({{28, 16}}, Wire().zeros(16)).at("etype"), "34525");
  EXPECT_FALSE(row_of({{7, 2}}, Wire().u16(1)).contains("etype"));
}

TEST(Rows, OneOfStartAndEndWithADuration) {
  const Wire end = Wire().u64(1'700'000'000'000);
  EXPECT_EQ(row_of({{153, 8}, {161, 4}}, Wire().add(end).u32(2500)).at("time_flow_start"),
            "2023-11-14T22:13:17.500000Z");
  EXPECT_EQ(row_of({{153, 8}, {162, 4}}, Wire().add(end).u32(2500)).at("time_flow_start"),
            "2023-11-14T22:13:19.997500Z");
  EXPECT_EQ(row_of({{152, 8}, {161, 4}}, Wire().add(end).u32(2500)).at("time_flow_end"), "2023-11-14T22:13:22.500000Z");
  EXPECT_FALSE(row_of({{153, 8}}, end).contains("time_flow_start"));
}

TEST(Rows, UptimeInIpfixNeedsTheStartOfTheSystem) {
  Harness unknown;
  unknown.feed(ipfix_with({{22, 4}, {21, 4}}, Wire().u32(1000).u32(2000)));
  EXPECT_EQ(own(unknown.rows().at(0)), Row{});
  EXPECT_EQ(unknown.anomalies(), "time_base_unknown*2");

  EXPECT_EQ(row_of({{22, 4}, {160, 8}}, Wire().u32(1000).u64(1'699'999'900'000)).at("time_flow_start"),
            "2023-11-14T22:11:41.000000Z")
      << "the record says so";

  Harness options;
  options.feed(test::ipfix({}, test::set(3, test::options_record_ipfix(257, {{143, 4}}, {{160, 8}}))
                                   .add(test::set(257, Wire().u32(1).u64(1'699'999'900'000)))));
  options.feed(test::ipfix({.sequence = 1},
                           test::set(2, test::template_record(256, {{22, 4}})).add(test::set(256, Wire().u32(1000)))));
  EXPECT_EQ(options.rows().at(0).at("time_flow_start"), "2023-11-14T22:11:41.000000Z");
  EXPECT_EQ(options.anomalies(), "");
}

TEST(Rows, BiflowMplsNatAndApplication) {
  EXPECT_EQ(row_of({{1, 8}, {1, 8, 29305}, {2, 4, 29305}, {6, 1, 29305}}, Wire().u64(10).u64(20).u32(3).u8(18)),
            (Row{{"bytes", "10"}, {"reverse_bytes", "20"}, {"reverse_packets", "3"}, {"reverse_tcp_flags", "18"}}));
  EXPECT_EQ(row_of({{70, 3}, {71, 3}, {95, 4}, {225, 4}, {227, 2}, {230, 1}, {89, 4}},
                   Wire::hex("186a10 000201 0d0001c4 cb007109 0400 01 00000040")),
            (Row{{"mpls_label_1", "100001"},
                 {"mpls_label_2", "32"},
                 {"application_id", "13:452"},
                 {"post_nat_src_addr", "203.0.113.9"},
                 {"post_nat_src_port", "1024"},
                 {"nat_event", "1"},
                 {"forwarding_status", "64"}}));
  EXPECT_EQ(row_of({{32, 2}, {5, 2}}, Wire().u16(0x0301).u16(0)),
            (Row{{"icmp_type", "3"}, {"icmp_code", "1"}, {"ip_tos", "0"}}));
  EXPECT_EQ(row_of({{32, 2}, {176, 2}}, Wire().u16(0x0301).u16(8)), (Row{{"icmp_type", "8"}, {"icmp_code", "1"}}));
}

TEST(Rows, OtherHoldsWhatHasNoColumn) {
  DecoderOptions options;
  options.other = true;
  const std::vector<FieldOf> fields = {{7, 2}, {94, 8}, {94, 8}, {1, 2, 9999}, {198, 4}, {210, 3}, {346, 0}};
  const Wire record = Wire().u16(80).text("eth\"0\\").zeros(2).text("lo").zeros(6).u16(0xbeef).u32(12).zeros(3);
  const std::string other = row_of(fields, record, options)["other"];
  EXPECT_NE(other.find(R"("applicationDescription#2":"lo")"), std::string::npos) << other;
  EXPECT_NE(other.find(R"("9999:1":"beef")"), std::string::npos) << other;
  EXPECT_NE(other.find(R"("octetDeltaSumOfSquares":12)"), std::string::npos) << other;
  EXPECT_NE(other.find(R"("applicationDescription":"eth\"0\\)"), std::string::npos) << other;
  EXPECT_EQ(other.find("padding"), std::string::npos) << other;
  EXPECT_FALSE(row_of(fields, record).contains("other")) << "only when it is asked for";
}

// Always JSON: what would be too long is cut by whole values, or left out.
TEST(Rows, OtherIsBounded) {
  DecoderOptions options;
  options.other = true;
  options.limits.text_length = 8;
  options.limits.other_length = 100;
  const auto other = [&](const std::vector<FieldOf>& fields, const Wire& record) {
    Harness h(options);
    h.feed(ipfix({}, set(2, template_record(256, fields)).add(set(256, record))));
    EXPECT_EQ(h.rows().size(), 1u);
    Row row = h.rows().at(0);
    return row["other"] + " " + h.anomalies();
  };
  EXPECT_EQ(other({{1, 8, 9999}}, Wire::hex("0102030405060708")), R"({"9999:1":"0102030405060708"} )");
  EXPECT_EQ(other({{1, 10, 9999}}, Wire::hex("0102030405060708090a").zeros(2)),
            R"({"9999:1":"0102030405060708"} list_limit)");
  std::vector<FieldOf> fields;
  for (uint16_t i = 1; i <= 16; ++i) fields.push_back({i, 4, 9999});
  EXPECT_EQ(other(fields, Wire().zeros(64)),
            R"({"9999:1":"00000000","9999:2":"00000000","9999:3":"00000000","9999:4":"00000000"} list_limit)");
  // A list of 50 values, behind which there is room for others.
  const Wire list = Wire().u8(255).u16(5 + 50 * 2).u8(3).u16(4242).u16(2).add(Wire().zeros(100));
  EXPECT_EQ(other({{1, 4, 9999}, {291, 65535}}, Wire().zeros(4).add(list)), R"({"9999:1":"00000000"} list_limit)");
}

}  // namespace
}  // namespace weir::decode
