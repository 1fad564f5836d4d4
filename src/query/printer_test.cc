#include "query/printer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/terminal_text.h"
#include "query/text.h"
#include "query/views.h"

namespace weir::query {
namespace {

// What a printer writes for a table.
std::string printed(const ResultTable& table, Format format, Screen screen = {}) {
  std::FILE* file = std::tmpfile();
  {
    Output output(file);
    const auto printer = make_printer(format, output, screen);
    EXPECT_TRUE(print(table, *printer));
  }
  std::string text(static_cast<size_t>(std::ftell(file)), '\0');
  std::rewind(file);
  EXPECT_EQ(std::fread(text.data(), 1, text.size(), file), text.size());
  std::fclose(file);
  return text;
}

ResultTable sample() {
  ResultTable table;
  table.columns = {{"src_addr"}, {"bytes", true}, {"note"}};
  table.rows = {{*IpAddress::parse("192.0.2.1"), uint64_t{18'446'744'073'709'551'615u}, std::string("plain")},
                {*IpAddress::parse("2001:db8::1"), std::monostate{}, std::string("a \"b\",\\\n\x01\x1b[31m\xff é")}};
  return table;
}

TEST(JsonPrinter, IsExactAndEscapes) {
  EXPECT_EQ(printed(sample(), Format::json),
            "[\n {\"src_addr\":\"192.0.2.1\",\"bytes\":18446744073709551615,\"note\":\"plain\"},\n"
            " {\"src_addr\":\"2001:db8::1\",\"bytes\":null,"
            "\"note\":\"a \\\"b\\\",\\\\\\n\\u0001\\u001b[31m\\\\xff é\"}\n]\n");
  EXPECT_EQ(printed({}, Format::json), "[]\n");
}

TEST(JsonPrinter, OneObjectALine) {
  ResultTable table;
  table.columns = {{"t"}, {"m"}, {"h", true}, {"d", true}, {"nan", true}, {"truth"}, {"list"}, {"odd \"name\""}};
  table.rows = {{timestamp_from_us(1'795'357'500'123'456), Mac{0x010203040506},
                 static_cast<Int128>(std::numeric_limits<uint64_t>::max()) * 10, 0.5, std::nan(""), true,
                 JsonText{"[1,2]"}, NumberText{"1.50"}}};
  EXPECT_EQ(printed(table, Format::ndjson),
            "{\"t\":\"2026-11-22T14:25:00.123456Z\",\"m\":\"01:02:03:04:05:06\",\"h\":184467440737095516150,\"d\":0.5,"
            "\"nan\":null,\"truth\":true,\"list\":[1,2],\"odd \\\"name\\\"\":1.50}\n");
}

TEST(CsvPrinter, QuotesWhatMustBe) {
  EXPECT_EQ(printed(sample(), Format::csv),
            "src_addr,bytes,note\n192.0.2.1,18446744073709551615,plain\n"
            "2001:db8::1,,\"a \"\"b\"\",\\\n\x01\x1b[31m\xff é\"\n");
}

TEST(CsvPrinter, GuardsFormulasForSpreadsheets) {
  ResultTable table;
  table.columns = {{"=name"}, {"n", true}};
  const auto row = [&](std::string_view text) { table.rows.push_back({std::string(text), int64_t{-1}}); };
  for (const char* text : {"=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x"}) row(text);
  for (const char* text : {"a=1", "ge-0/0/1", "'", "=cmd|' /C calc'!A0,\"", "x;=1\t=2", ""}) row(text);
  table.rows.push_back({Value(), -0.5});
  table.rows.push_back({JsonText{"-1"}, NumberText{"-1.50"}});
  table.rows.push_back({*IpAddress::parse("192.0.2.1"), static_cast<Int128>(-7)});
  EXPECT_EQ(printed(table, Format::csv_guarded),
            "\"'=name\",\"n\"\n"
            "\"'=1+1\",-1\n\"'+1\",-1\n\"'-1\",-1\n\"'@SUM(A1)\",-1\n\"'\tx\",-1\n\"'\rx\",-1\n\"'\nx\",-1\n"
            "\"'＝1\",-1\n\"'＋1\",-1\n\"'－1\",-1\n\"'＠x\",-1\n"
            "\"a=1\",-1\n\"ge-0/0/1\",-1\n\"'\",-1\n\"'=cmd|' /C calc'!A0,\"\"\",-1\n\"x;=1\t=2\",-1\n\"\",-1\n"
            ",-0.5\n\"'-1\",-1.50\n192.0.2.1,-7\n");
  EXPECT_TRUE(printed(table, Format::csv).starts_with("=name,n\n=1+1,-1\n")) << "without it, as it is";
}

TEST(TablePrinter, AlignsAndDisarmsTheTerminal) {
  EXPECT_EQ(printed(sample(), Format::table),
            "src_addr                    bytes  note\n"
            "192.0.2.1    18446744073709551615  plain\n"
            "2001:db8::1                        a \"b\",\\\\x0a\\x01\\x1b[31m\\xff é\n");
}

TEST(TablePrinter, CutsTextToTheScreenButNoNumbers) {
  const std::string narrow = printed(sample(), Format::table, {45, true});
  EXPECT_TRUE(narrow.starts_with("\x1b[1msrc_addr")) << narrow;
  EXPECT_NE(narrow.find("18446744073709551615"), std::string::npos) << narrow;
  EXPECT_NE(narrow.find("…"), std::string::npos) << narrow;
  for (size_t at = narrow.find('\n') + 1; at < narrow.size(); at = narrow.find('\n', at) + 1) {
    EXPECT_LE(display_width(narrow.substr(at, narrow.find('\n', at) - at)), 45u) << narrow;
  }
}

TEST(TablePrinter, StreamsPastItsSample) {
  ResultTable table;
  table.columns = {{"n", true}};
  for (uint64_t i = 0; i < kTableSample + 500; ++i) table.rows.push_back({i});
  const std::string text = printed(table, Format::table);
  EXPECT_EQ(static_cast<size_t>(std::count(text.begin(), text.end(), '\n')), kTableSample + 501);
  EXPECT_TRUE(text.ends_with("1499\n"));
}

TEST(TablePrinter, LinesOfTextStayLines) {
  ResultTable table;
  table.columns = {{"name"}, {"plan", false, false, true}};
  table.rows = {{std::string("physical"), std::string("a\nb\n")}, {std::string("x"), std::string("y")}};
  EXPECT_EQ(printed(table, Format::table), "name      plan\nphysical  a\n          b\nx         y\n");
}

TEST(Output, AFullDiskIsAnError) {
  std::FILE* full = std::fopen("/dev/full", "w");
  if (full == nullptr) GTEST_SKIP() << "no /dev/full here";
  {
    Output output(full);
    const auto printer = make_printer(Format::csv, output);
    const auto outcome = print(sample(), *printer);
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().message.find("No space left"), std::string::npos) << outcome.error().message;
  }
  std::fclose(full);
}

TEST(Text, HumanNumbers) {
  struct Row {
    double number;
    std::string_view text;
  };
  for (const Row& row :
       {Row{0, "0"}, Row{999, "999"}, Row{1000, "1.0 k"}, Row{12'345, "12.3 k"}, Row{999'949, "999.9 k"},
        Row{999'950, "1.0 M"}, Row{1.5e9, "1.5 G"}, Row{2e21, "2000.0 E"}, Row{0.25, "0.2"}}) {
    EXPECT_EQ(human_number(row.number), row.text);
  }
}

TEST(Text, HugeIntegers) {
  EXPECT_EQ(to_string(static_cast<Int128>(0)), "0");
  EXPECT_EQ(to_string(static_cast<Int128>(-7)), "-7");
  const Int128 least = static_cast<Int128>(1) << 126;
  EXPECT_EQ(to_string(-least - least), "-170141183460469231731687303715884105728");
}

TEST(FlowLines, AreThoseOfNfdump) {
  ResultTable table;
  FlowLines lines(table, Units::human);
  std::vector<ResultColumn> columns(flow_line_columns().size());
  ASSERT_TRUE(lines.begin(columns));
  const Value start = timestamp_from_us(1'795'357'500'123'456);
  const Value end = timestamp_from_us(1'795'357'502'623'456);
  const IpAddress v4 = *IpAddress::parse("192.0.2.1");
  const IpAddress v6 = *IpAddress::parse("2001:db8::1");
  ASSERT_TRUE(lines.row(std::vector<Value>{start, end, uint64_t{6}, v6, uint64_t{443}, v4, uint64_t{80},
                                           uint64_t{12'345}, uint64_t{1'500'000'000}, v4}));
  ASSERT_TRUE(
      lines.row(std::vector<Value>{Value{}, Value{}, uint64_t{1}, v4, uint64_t{0}, v4, Value{}, Value{}, Value{}, v4}));
  const auto line = [&](size_t row) {
    std::string text;
    for (const Value& value : table.rows[row]) text += plain_text(value) + " ";
    return text;
  };
  EXPECT_EQ(line(0), "2026-11-22 14:25:00.123 2.500 TCP [2001:db8::1]:443 -> 192.0.2.1:80 12.3 k 1.5 G 192.0.2.1 ");
  // Times that contradict each other are no duration.
  ASSERT_TRUE(lines.row(
      std::vector<Value>{end, start, uint64_t{6}, v4, uint64_t{443}, v4, uint64_t{80}, uint64_t{1}, uint64_t{60}, v4}));
  EXPECT_EQ(line(2), "2026-11-22 14:25:02.623 - TCP 192.0.2.1:443 -> 192.0.2.1:80 1 60 192.0.2.1 ");
  // A narrow screen: less of each flow, but whole addresses.
  ResultTable narrow;
  FlowLines narrow_lines(narrow, Units::plain, 80);
  ASSERT_TRUE(narrow_lines.begin(columns));
  ASSERT_TRUE(narrow_lines.row(std::vector<Value>{start, end, uint64_t{6}, v6, uint64_t{443}, v4, uint64_t{80},
                                                  uint64_t{12'345}, uint64_t{1'500}, v4}));
  ASSERT_EQ(narrow.columns.size(), 7u);
  EXPECT_EQ(plain_text(narrow.rows[0][0]), "14:25:00");
  EXPECT_EQ(plain_text(narrow.rows[0][2]), "[2001:db8::1]:443");
  EXPECT_EQ(line(1), "- - ICMP 192.0.2.1 -> 192.0.2.1   192.0.2.1 ");
}

}  // namespace
}  // namespace weir::query
