#include "query/engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "flow/batch.h"
#include "query/planner.h"
#include "query/stored_columns.h"
#include "store/segments.h"
#include "store/store.h"

namespace weir::query {
namespace {

namespace fs = std::filesystem;
using flow::Column;

constexpr Timestamp kStart = timestamp_from_us(1'795'356'000'000'000);  // 2026-11-22T14:00:00Z

// A flow as the tests need it; 0 is null for the sampling rate.
struct Flow {
  std::string_view src;
  uint16_t dst_port;
  uint64_t bytes;
  uint32_t sampling_rate = 0;
};

class EngineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "weir-engine-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory = name;
    fs::create_directories(directory / "flows");
  }
  void TearDown() override {
    engine.reset();
    fs::remove_all(directory);
  }

  // A segment of flows received one second after the other.
  fs::path add_segment(unsigned sequence, Timestamp first, const std::vector<Flow>& flows, unsigned generation = 0) {
    flow::FlowBatch batch(2048);
    batch.append(flows.size(), IpAddress::from_v4(0x0a000001));
    for (size_t i = 0; i < flows.size(); ++i) {
      batch.values<Column::time_received>()[i] = to_us(first) + static_cast<int64_t>(i) * 1'000'000;
      batch.values<Column::time_flow_start>()[i] = to_us(first) - 2'000'000;
      batch.values<Column::time_flow_end>()[i] = to_us(first) - 1'000'000;
      batch.values<Column::src_addr>()[i] = *IpAddress::parse(flows[i].src);
      batch.values<Column::dst_addr>()[i] = *IpAddress::parse("198.51.100.1");
      batch.values<Column::dst_port>()[i] = flows[i].dst_port;
      batch.values<Column::bytes>()[i] = flows[i].bytes;
      batch.values<Column::packets>()[i] = 1;
      batch.values<Column::src_mac>()[i] = 0x010203040506;
      batch.values<Column::sampling_rate>()[i] = flows[i].sampling_rate;
    }
    for (const Column column :
         {Column::time_received, Column::time_flow_start, Column::time_flow_end, Column::src_addr, Column::dst_addr,
          Column::dst_port, Column::bytes, Column::packets, Column::src_mac, Column::sampling_rate}) {
      batch.set_valid(column, 0, flows.size());
    }
    for (size_t i = 0; i < flows.size(); ++i) {
      if (flows[i].sampling_rate == 0) batch.set_null(Column::sampling_rate, i);
    }
    store::Segment segment{{},       first, first + std::chrono::seconds(flows.size() - 1), generation, sequence,
                           sequence, 0};
    const auto hour = std::chrono::floor<std::chrono::hours>(first);
    const auto day = std::chrono::floor<std::chrono::days>(hour);
    const std::string date = to_rfc3339(Timestamp(day)).substr(0, 10);
    segment.path = directory / "flows" / ("date=" + date) / fmt::format("hour={:02}", (hour - day).count()) /
                   store::segment_name(segment);
    fs::create_directories(segment.path.parent_path());
    const auto writer = store::make_parquet_writer();
    batch.settle();
    const flow::SealedBatch sealed(&batch, [](const flow::FlowBatch*) {});
    const auto written = writer->write(segment.path, std::span(&sealed, 1));
    EXPECT_TRUE(written) << written.error().message;
    return segment.path;
  }

  void open(Window window = {}) {
    auto opened = Engine::open({directory, window, 2, uint64_t{256} << 20});
    ASSERT_TRUE(opened) << opened.error().message;
    engine.emplace(*std::move(opened));
  }

  // Values as text by rows, "a|b;c|d"; or the error.
  std::string ask(const std::string& sql) {
    ResultTable table;
    const Result<> outcome = engine->run(sql, table);
    if (!outcome) return fmt::format("error: {}", outcome.error().message);
    std::string text;
    for (const auto& row : table.rows) {
      if (!text.empty()) text += ';';
      for (size_t i = 0; i < row.size(); ++i)
        text += fmt::format("{}{}", i > 0 ? "|" : "", is_null(row[i]) ? "null" : plain(row[i]));
    }
    return text;
  }
  static std::string plain(const Value& value) {
    if (const auto* number = std::get_if<Int128>(&value)) return to_string(*number);
    if (const auto* number = std::get_if<uint64_t>(&value)) return std::to_string(*number);
    if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
    if (const auto* address = std::get_if<IpAddress>(&value)) return address->to_string();
    if (const auto* time = std::get_if<Timestamp>(&value)) return to_rfc3339(*time);
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    if (const auto* mac = std::get_if<Mac>(&value)) return mac_to_string(mac->value);
    if (const auto* json = std::get_if<JsonText>(&value)) return json->text;
    if (const auto* number = std::get_if<NumberText>(&value)) return number->text;
    if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
    return fmt::format("{:g}", std::get<double>(value));
  }

  std::string top(std::string_view by, std::string_view filter = "", Metric order = Metric::bytes, bool scaled = true) {
    TopQuery query;
    query.filter = *filter::parse_filter(filter);
    query.by = *parse_dimensions(by);
    query.order = order;
    query.scaled = scaled;
    return ask(plan_top(query, duckdb_dialect()));
  }

  fs::path directory;
  std::optional<Engine> engine;
};

TEST_F(EngineTest, NoStoreIsAnErrorThatSaysSo) {
  const auto opened = Engine::open({directory / "nowhere", {}});
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("no store"), std::string::npos) << opened.error().message;
}

TEST_F(EngineTest, AnEmptyStoreHasAllColumnsAndNoRows) {
  open();
  EXPECT_EQ(ask("SELECT count(*) FROM flows"), "0");
  EXPECT_EQ(ask("SELECT count(*) FROM (DESCRIBE flows)"), std::to_string(flow::kColumnCount));
  EXPECT_EQ(ask("SELECT column_type FROM (DESCRIBE flows) WHERE column_name = 'src_addr'"), "UUID");
  EXPECT_EQ(top("src_addr"), "null|null|null|null|0|null|null|null|null|null|null");
}

TEST_F(EngineTest, ValuesComeInTheirTypes) {
  add_segment(1, kStart, {{"2001:db8::1", 443, 18'446'744'073'709'551'615u}});
  open();
  EXPECT_EQ(ask("SELECT src_addr, dst_addr, time_received, bytes, src_mac, dst_mac, src_as FROM flows"),
            "2001:db8::1|198.51.100.1|2026-11-22T14:00:00.000000Z|18446744073709551615|01:02:03:04:05:06|null|null");
  EXPECT_EQ(ask("SELECT [1, 2], {'a': 1}, 1.50::DECIMAL(5,2), DATE '2026-11-22', true, 0.5, (-5)::HUGEINT, 'x'"),
            "[1,2]|{\"a\":1}|1.50|2026-11-22|true|0.5|-5|x");
  EXPECT_EQ(ask("SELECT sum(bytes::HUGEINT * 4294967295) FROM flows"), "79228162495817593515539431425");
}

TEST_F(EngineTest, TopSumsAreExactAndScaledBySampling) {
  add_segment(1, kStart,
              {{"192.0.2.1", 443, 100},
               {"192.0.2.1", 53, 50, 1},
               {"192.0.2.2", 443, 10, 1000},
               {"192.0.2.3", 443, 18'446'744'073'709'551'615u, 4'294'967'295u}});
  open();
  // address, flows, packets, bytes, then groups and totals in every row
  const std::string totals =
      "|3|4|4294968297|79228162495817593515539441575|2026-11-22T14:00:00.000000Z|"
      "2026-11-22T14:00:03.000000Z|4294967295";
  EXPECT_EQ(top("src_addr"), "192.0.2.3|1|4294967295|79228162495817593515539431425" + totals +
                                 ";192.0.2.2|1|1000|10000" + totals + ";192.0.2.1|2|2|150" + totals);
  EXPECT_TRUE(top("src_addr", "", Metric::bytes, false)
                  .starts_with("192.0.2.3|1|1|18446744073709551615|3|4|4|18446744073709551775|"));
  EXPECT_TRUE(top("", "port 53").starts_with("1|1|50|1|1|1|50|"));
  EXPECT_TRUE(top("", "port 54").starts_with("0|0|0|1|0|0|0|null"));
}

TEST_F(EngineTest, EveryDimensionAndOrderIsAnswered) {
  add_segment(1, kStart, {{"192.0.2.1", 443, 100}, {"192.0.2.200", 53, 50}, {"2001:db8:0:1::5", 443, 10}});
  open();
  EXPECT_TRUE(top("src_addr/24").starts_with("192.0.2.0/24|2|2|150|2|")) << top("src_addr/24");
  EXPECT_NE(top("src_addr/24").find(";2001:db8:0:1::/64|1|1|10|"), std::string::npos);
  EXPECT_NE(top("src_addr/24/32").find(";2001:db8::/32|1|1|10|"), std::string::npos);
  EXPECT_TRUE(top("srcnet").starts_with("192.0.2.1|1|1|100|3|")) << top("srcnet");
  // Each flow counts for both of its addresses, once in the totals.
  EXPECT_TRUE(top("ip").starts_with("198.51.100.1|3|3|160|4|3|3|160|")) << top("ip");
  EXPECT_TRUE(top("dst_port,src_addr", "", Metric::flows).starts_with("53|192.0.2.200|1|1|50|3|"))
      << top("dst_port,src_addr", "", Metric::flows);
  EXPECT_TRUE(top("src_addr", "", Metric::bps).starts_with("192.0.2.1|1|1|100|800|3|"))
      << top("src_addr", "", Metric::bps);
  EXPECT_TRUE(top("src_addr", "", Metric::pps).starts_with("192.0.2.1|1|1|100|1|3|"));
  EXPECT_TRUE(top("src_addr", "", Metric::bpp).starts_with("192.0.2.1|1|1|100|100|3|"));
  for (const flow::ColumnInfo& column : flow::kColumns) {
    EXPECT_FALSE(top(column.name).starts_with("error")) << column.name << ": " << top(column.name);
  }
}

// A flow that ends before it starts has no duration, and no rate.
TEST_F(EngineTest, NothingIsNegative) {
  open();
  const Dialect& dialect = duckdb_dialect();
  const auto seconds = [&](std::string_view to) {
    return ask("SELECT " +
               dialect.seconds_between("TIMESTAMP '2026-11-22 14:00:00'", fmt::format("TIMESTAMP '{}'", to)));
  };
  EXPECT_EQ(seconds("2026-11-22 14:00:01.5"), "1.5");
  EXPECT_EQ(seconds("2026-11-22 14:00:00"), "null");
  EXPECT_EQ(seconds("2026-11-22 13:59:59"), "null");
  EXPECT_EQ(ask("SELECT " + dialect.seconds_between("NULL::TIMESTAMP", "TIMESTAMP '2026-11-22 14:00:00'")), "null");
  const auto duration = [&](std::string_view end) {
    return ask(
        fmt::format("SELECT {} FROM (SELECT TIMESTAMP '2026-11-22 14:00:00' AS time_flow_start, "
                    "TIMESTAMP '{}' AS time_flow_end)",
                    dialect.computed(filter::Operand::Of::duration, ""), end));
  };
  EXPECT_EQ(duration("2026-11-22 14:00:01.5"), "1500");
  EXPECT_EQ(duration("2026-11-22 14:00:00"), "0");
  EXPECT_EQ(duration("2026-11-22 13:59:59"), "null");
}

TEST_F(EngineTest, TheWindowChoosesFilesAndRows) {
  add_segment(1, kStart, {{"192.0.2.1", 1, 1}, {"192.0.2.2", 1, 1}});
  add_segment(2, kStart + std::chrono::hours(1), {{"192.0.2.3", 1, 1}});
  const Window window{kStart + std::chrono::seconds(1), kStart + std::chrono::hours(1)};
  open(window);
  FlowsQuery query;
  query.window = window;
  query.columns = *parse_columns("src_addr");
  EXPECT_EQ(ask(plan_flows(query, duckdb_dialect())), "192.0.2.2");
  EXPECT_EQ(engine->files(), 1u);
}

TEST_F(EngineTest, FlowsAreOrderedAndLimited) {
  add_segment(1, kStart, {{"192.0.2.1", 1, 5}, {"192.0.2.2", 2, 9}, {"192.0.2.3", 3, 7}});
  open();
  FlowsQuery query;
  query.columns = *parse_columns("src_addr, bytes");
  query.order = "bytes";
  query.ascending = false;
  query.limit = 2;
  EXPECT_EQ(ask(plan_flows(query, duckdb_dialect())), "192.0.2.2|9;192.0.2.3|7");
  query.filter = *filter::parse_filter("not port 2");
  query.limit = 0;
  EXPECT_EQ(ask(plan_flows(query, duckdb_dialect())), "192.0.2.3|7;192.0.2.1|5");
}

TEST_F(EngineTest, CountersAreThereIfAskedFor) {
  add_segment(1, kStart, {{"192.0.2.1", 1, 5}});
  open();
  EXPECT_TRUE(ask("SELECT * FROM counters").starts_with("error: Catalog Error"));
  Engine without = *Engine::open({.store = directory, .window = {}, .counters = true});
  engine.emplace(std::move(without));
  EXPECT_EQ(ask("SELECT count(*) FROM counters"), "0") << "none were ever received";
  EXPECT_EQ(ask("SELECT count(*) FROM (DESCRIBE counters)"), std::to_string(flow::kCounterColumnCount));

  flow::FlowBatch batch(64, flow::Schema::counters());
  batch.append(2, *IpAddress::parse("192.0.2.9"));
  for (size_t row = 0; row < 2; ++row) {
    batch.values<flow::CounterColumn::time_received>()[row] = to_us(kStart) + static_cast<int64_t>(row) * 10'000'000;
    batch.values<flow::CounterColumn::name>()[row] = batch.add_text("if_in_octets");
    batch.values<flow::CounterColumn::value>()[row] = 1000 + 5000 * row;
  }
  for (const auto column : {flow::CounterColumn::time_received, flow::CounterColumn::name, flow::CounterColumn::value})
    batch.set_valid(column, 0, 2);
  const store::Segment segment{{}, kStart, kStart + std::chrono::seconds(10), 0, 1, 1, 0};
  const fs::path hour = directory / "counters/date=2026-11-22/hour=14";
  fs::create_directories(hour);
  batch.settle();
  const flow::SealedBatch sealed(&batch, [](const flow::FlowBatch*) {});
  ASSERT_TRUE(store::make_parquet_writer()->write(hour / store::segment_name(segment), std::span(&sealed, 1)));
  engine.emplace(*Engine::open({.store = directory, .window = {}, .counters = true}));
  EXPECT_EQ(ask("SELECT (max(value) - min(value)) * 8 / 10 FROM counters WHERE name = 'if_in_octets'"), "4000");
  EXPECT_EQ(engine->files(), 2u);
  EXPECT_EQ(ask("SELECT count(*) FROM flows"), "1");
  // A damaged one is left out, and said.
  fs::resize_file(hour / store::segment_name(segment), 100);
  engine.emplace(*Engine::open({.store = directory, .window = {}, .counters = true}));
  EXPECT_EQ(ask("SELECT count(*) FROM counters"), "0");
  EXPECT_EQ(engine->missing().size(), 1u);
  EXPECT_EQ(ask("SELECT count(*) FROM flows"), "1");
}

TEST_F(EngineTest, ColumnsThatOnlyFilesKnow) {
  const auto schema =
      flow::Schema::flows_with(std::vector<flow::ConfiguredColumn>{{"mood", flow::ColumnType::text, 9, 1, {}},
                                                                   {"probe", flow::ColumnType::address, 9, 2, {}}})
          .value();
  flow::FlowBatch batch(64, schema);
  batch.append(1, *IpAddress::parse("192.0.2.9"));
  batch.values<Column::time_received>()[0] = to_us(kStart);
  batch.values<Column::bytes>()[0] = 7;
  batch.values<Column::url>()[0] = batch.add_text("http://example.com/");
  static_cast<flow::TextRef*>(batch.raw(*schema->find("mood")))[0] = batch.add_text("good");
  static_cast<IpAddress*>(batch.raw(*schema->find("probe")))[0] = *IpAddress::parse("198.51.100.77");
  for (const flow::ColumnIndex column : {flow::ColumnIndex(Column::time_received), flow::ColumnIndex(Column::bytes),
                                         flow::ColumnIndex(Column::url), *schema->find("mood"), *schema->find("probe")})
    batch.set_valid(column, 0, 1);
  add_segment(1, kStart, {{"192.0.2.1", 1, 5}});
  const store::Segment segment{{}, kStart, kStart, 0, 2, 2, 0};
  batch.settle();
  const flow::SealedBatch sealed(&batch, [](const flow::FlowBatch*) {});
  ASSERT_TRUE(store::make_parquet_writer()->write(
      directory / "flows/date=2026-11-22/hour=14" / store::segment_name(segment), std::span(&sealed, 1)));
  open();
  StoredColumns stored(make_surveyor(directory), {});
  const std::vector<std::string> names = stored.names();
  const auto has = [&](std::string_view name) { return std::ranges::find(names, name) != names.end(); };
  EXPECT_TRUE(has("mood") && has("probe") && has("url") && has("src_mac"));
  EXPECT_FALSE(has("inner_src_addr"));
  EXPECT_EQ(parse_columns("mood,colour", stored.more()).error().message.find("there is no column 'colour'"), 0u);
  EXPECT_FALSE(parse_columns("mood"));
  TopQuery query;
  query.by = *parse_dimensions("mood,probe/24", stored.more());
  query.limit = 1;
  EXPECT_TRUE(ask(plan_top(query, duckdb_dialect())).starts_with("good|198.51.100.0/24|1|"))
      << ask(plan_top(query, duckdb_dialect()));
  EXPECT_FALSE(parse_dimensions("mood/24", stored.more())) << "no address";
  EXPECT_TRUE(StoredColumns(make_surveyor(directory / "nowhere"), {}).names().size() > 50);
}

TEST_F(EngineTest, ASegmentThatWasMergedMeanwhileIsReadInItsNewPlace) {
  const fs::path old_1 = add_segment(1, kStart, {{"192.0.2.1", 1, 1}});
  const fs::path old_2 = add_segment(2, kStart + std::chrono::seconds(1), {{"192.0.2.2", 1, 2}});
  open();
  EXPECT_EQ(ask("SELECT sum(bytes) FROM flows"), "3");
  fs::remove(old_1);
  fs::remove(old_2);
  add_segment(3, kStart, {{"192.0.2.1", 1, 1}, {"192.0.2.2", 1, 2}}, 1);
  EXPECT_EQ(ask("SELECT sum(bytes) FROM flows"), "3");
  EXPECT_EQ(engine->files(), 1u);
  EXPECT_TRUE(engine->missing().empty());
}

TEST_F(EngineTest, ACageIsBuiltAnewAroundTheSegmentsThatAreThere) {
  const fs::path old = add_segment(1, kStart, {{"192.0.2.1", 1, 1}});
  const fs::path damaged = add_segment(2, kStart + std::chrono::seconds(1), {{"192.0.2.2", 1, 2}});
  fs::resize_file(damaged, fs::file_size(damaged) - 1);
  engine.emplace(*Engine::open({.store = directory, .window = {}, .threads = 2, .caged = true}));
  EXPECT_EQ(engine->split("SELECT 1; SELECT 2").value().size(), 2u);
  EXPECT_EQ(engine->missing().size(), 1u);  // known, and locked, before the first statement is looked at
  EXPECT_EQ(ask("SELECT current_setting('lock_configuration'), sum(bytes) FROM flows"), "true|1");
  const std::string outside = fmt::format("FROM read_parquet('{}')", damaged.string());
  EXPECT_TRUE(ask(outside).starts_with("error: ")) << ask(outside);
  fs::remove(old);
  add_segment(3, kStart, {{"192.0.2.1", 1, 5}}, 1);
  EXPECT_EQ(ask("SELECT current_setting('lock_configuration'), sum(bytes) FROM flows"), "true|5");
  EXPECT_EQ(engine->files(), 1u);
  EXPECT_EQ(engine->missing().front().path, damaged);
}

class DamagedEngineTest : public EngineTest, public ::testing::WithParamInterface<const char*> {};

// The other segments answer, and the damaged one is named.
TEST_P(DamagedEngineTest, ADamagedSegmentIsLeftOutAndNamed) {
  std::vector<Flow> flows(2000, Flow{"192.0.2.1", 1, 1});
  for (size_t i = 0; i < flows.size(); ++i) flows[i].bytes = i * i * 2654435761u;
  const fs::path damaged = add_segment(1, kStart, flows);
  add_segment(2, kStart + std::chrono::hours(1), {{"192.0.2.2", 1, 7}});
  const std::string how = GetParam();
  if (how == "empty") {
    fs::resize_file(damaged, 0);
  } else if (how == "cut") {
    fs::resize_file(damaged, fs::file_size(damaged) / 2);
  } else {
    // "PAR1", pages, footer, length of the footer (4 bytes, little endian), "PAR1"
    std::fstream file(damaged, std::ios::in | std::ios::out | std::ios::binary);
    const auto size = static_cast<std::streamoff>(fs::file_size(damaged));
    std::array<unsigned char, 4> length{};
    file.seekg(size - 8);
    file.read(reinterpret_cast<char*>(length.data()), 4);
    const std::streamoff footer = size - 8 - (length[0] | length[1] << 8 | length[2] << 16);
    const std::streamoff from = how == "footer" ? footer : 4;
    const std::streamoff to = how == "footer" ? size - 8 : footer;
    file.seekp(from);
    for (std::streamoff i = from; i < to; ++i) file.put('\x5a');
  }
  open();
  EXPECT_EQ(ask("SELECT sum(bytes) FROM flows"), "7");
  ASSERT_EQ(engine->missing().size(), 1u);
  EXPECT_EQ(engine->missing()[0].path, damaged);
  EXPECT_FALSE(engine->missing()[0].reason.empty());
  EXPECT_EQ(engine->files(), 1u);
}
INSTANTIATE_TEST_SUITE_P(Kinds, DamagedEngineTest, ::testing::Values("empty", "cut", "footer", "pages"),
                         [](const auto& param) { return std::string(param.param); });

TEST_F(EngineTest, MistakesInSqlAreToldAsTheyAre) {
  add_segment(1, kStart, {{"192.0.2.1", 1, 1}});
  open();
  EXPECT_TRUE(ask("SELEC 1").starts_with("error: Parser Error"));
  EXPECT_TRUE(ask("SELECT colour FROM flows").starts_with("error: Binder Error"));
  EXPECT_NE(ask("SELECT ip('nowhere')").find("not an address: 'nowhere'"), std::string::npos);
  EXPECT_TRUE(ask("SELECT CAST('x' AS INTEGER)").starts_with("error: Conversion Error"));
  EXPECT_TRUE(engine->missing().empty());
  EXPECT_EQ(ask("SELECT count(*) FROM flows"), "1");
}

TEST_F(EngineTest, StatementsWithoutRowsGiveNone) {
  open();
  EXPECT_EQ(ask("CREATE TABLE mine AS SELECT 1 AS one"), "");
  EXPECT_EQ(ask("SELECT one FROM mine"), "1");
}

}  // namespace
}  // namespace weir::query
