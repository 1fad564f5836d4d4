#include "query/cage.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "query/engine.h"
#include "query/test_refused.h"
#include "query/text.h"

namespace weir::query {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSecret = "hunter2";

std::string replaced(std::string_view text, const std::string& folder) {
  std::string result(text);
  for (size_t at = 0; (at = result.find("{}", at)) != std::string::npos; at += folder.size())
    result.replace(at, 2, folder);
  return result;
}

class CageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "weir-cage-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory = name;
    outside = (directory / "outside").string();
    fs::create_directories(directory / "store/flows");
    fs::create_directories(outside);
    std::ofstream(outside + "/secret.csv") << "a\n" << kSecret << "\n";
    std::ofstream(outside + "/schema.sql") << "CREATE TABLE stolen AS SELECT 1;\n";
    std::ofstream(outside + "/load.sql") << "";
    open({});
  }
  void TearDown() override {
    engine.reset();
    fs::remove_all(directory);
  }

  void open(const fs::path& export_file) {
    EngineOptions options;
    options.store = directory / "store";
    options.threads = 1;
    options.memory_bytes = uint64_t{256} << 20;
    options.counters = true;
    options.caged = true;
    options.export_file = export_file;
    auto opened = Engine::open(options);
    ASSERT_TRUE(opened) << opened.error().message;
    engine.emplace(*std::move(opened));
  }

  // The rows of all statements of a text, or the error.
  std::string ask(const std::string& text) {
    const auto statements = engine->split(text);
    if (!statements) return "error: " + statements.error().message;
    std::string answer;
    for (const std::string& statement : *statements) {
      ResultTable table;
      if (const Result<> ran = engine->run(statement, table); !ran) return "error: " + ran.error().message;
      for (const auto& row : table.rows) {
        for (const Value& value : row) answer += plain_text(value) + ' ';
      }
    }
    return answer;
  }

  size_t files_outside() const {
    return static_cast<size_t>(std::distance(fs::recursive_directory_iterator(outside), {}));
  }

  fs::path directory;
  std::string outside;
  std::optional<Engine> engine;
};

TEST_F(CageTest, WhatReachesOutIsRefusedInOneSentence) {
  const size_t before = files_outside();
  for (const std::string_view statement : kRefused) {
    const std::string text = replaced(statement, outside);
    const auto split = engine->split(text);
    ASSERT_FALSE(split) << text;
    const std::string& message = split.error().message;
    EXPECT_NE(message.find(": weir sql "), std::string::npos) << text << "\n" << message;
    EXPECT_NE(message.find("; --unsafe gives DuckDB as it is"), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    // Also of somebody who does not split.
    ResultTable table;
    if (text.find(';') == std::string::npos) {
      EXPECT_FALSE(engine->run(text, table)) << text;
    }
  }
  EXPECT_EQ(files_outside(), before);
  EXPECT_EQ(ask("SELECT count(*) FROM flows"), "0 ");  // all as before
}

// What nobody checked meets DuckDB's own locks.
TEST_F(CageTest, TheSecondWallHoldsAlone) {
  auto session = duck::Session::open({.threads = 1});
  ASSERT_TRUE(session);
  const fs::path allowed = directory / "allowed.csv";
  std::ofstream(allowed) << "a\n1\n";
  const auto locked = session->connection.run(lock_sql(std::span(&allowed, 1)));
  ASSERT_TRUE(locked) << locked.error().message;
  EXPECT_TRUE(session->connection.run(fmt::format("FROM '{}'", allowed.string())));
  const size_t before = files_outside();
  for (const std::string_view statement : kRefused) {
    const bool file = statement.find("{}") != std::string_view::npos;
    const bool setting = statement.starts_with("SET enable") || statement.starts_with("SET GLOBAL") ||
                         statement.starts_with("RESET") || statement.starts_with("PRAGMA threads");
    const bool loads = statement.find("httpfs") != std::string_view::npos;
    if (!setting && !loads && (!file || statement.starts_with("EXPLAIN C"))) continue;
    // It takes the place of the log, and ends the process when it is first written to.
    if (statement.find("enable_logging") != std::string_view::npos) continue;
    const std::string text = replaced(statement, outside);
    const auto ran = session->connection.run(text);
    if (ran && text.starts_with("CREATE FUNCTION")) continue;  // nothing is opened before it is called
    EXPECT_FALSE(ran) << text;
  }
  EXPECT_EQ(files_outside(), before);
}

TEST_F(CageTest, QuestionsAreAnswered) {
  for (const auto& [text, answer] : {
           std::pair("SELECT 1", "1 "),
           std::pair("SELECT ';' AS a; -- ;\nVALUES (2)", "; 2 "),
           std::pair("FROM range(3)", "0 1 2 "),
           std::pair("WITH a AS (SELECT 1 AS x), b AS (FROM a) SELECT x FROM b", "1 "),
           std::pair(
               "WITH RECURSIVE a(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM a WHERE n < 3) SELECT sum(n) FROM a",
               "6 "),
           std::pair("WITH \"a.b\" AS (SELECT 1) FROM \"a.b\"", "1 "),
           std::pair("SELECT count(*) FROM flows f JOIN counters c USING (sampler_address)", "0 "),
           std::pair("SHOW TABLES", "account counters flows "),
           std::pair("SELECT unnest([1, 2]) UNION ALL SELECT * FROM unnest([3])", "1 2 3 "),
           std::pair("PIVOT (SELECT 6 AS proto, 10 AS bytes) ON proto IN (6, 17) USING sum(bytes)", "10  "),
           std::pair("SELECT in_net('10.1.2.3', '10/8'), in_net(ip_text(ip('10.1.2.3')), '11/8')", "true false "),
           std::pair("SELECT current_setting('lock_configuration')", "true "),
       }) {
    EXPECT_EQ(ask(text), answer) << text;
  }
  for (const char* text :
       {"DESCRIBE flows", "SUMMARIZE flows", "SHOW ALL TABLES", "EXPLAIN SELECT * FROM flows",
        "EXPLAIN (FORMAT json) SELECT 1", "EXPLAIN ANALYZE SELECT 1", "/* x */ explain (select 1)",
        "SELECT * FROM duckdb_columns() LIMIT 1", "SELECT * FROM information_schema.tables LIMIT 1"}) {
    const std::string answer = ask(text);
    EXPECT_FALSE(answer.empty() || answer.starts_with("error")) << text << "\n" << answer;
  }
}

TEST_F(CageTest, AddressesCompareWithText) {
  const std::string from = " FROM (SELECT ip('203.0.113.9') AS a, ip('2001:db8::1') AS b)";
  for (const auto& [condition, answer] : {
           std::pair("a = '203.0.113.9'", "true "),
           std::pair("'203.0.113.9' = a", "true "),
           std::pair("a <> '203.0.113.8'", "true "),
           std::pair("a IN ('203.0.113.8', '203.0.113.9')", "true "),
           std::pair("'2001:DB8:0::1' IN (a, b)", "true "),
           std::pair("a NOT IN ('203.0.113.9')", "false "),
           std::pair("a BETWEEN '203.0.113.0' AND '203.0.113.255'", "true "),
           std::pair("a = ip_text(a)", "true "),
           std::pair("a = '00000000-0000-0000-0000-ffffcb007109'", "true "),
           std::pair("a = '00000000000000000000FFFFCB007109'", "true "),
           std::pair("in_net(a, '203.0.113.0/24') AND NOT in_net('203.0.114.0', '203.0.113.0/24')", "true "),
           std::pair("TRY_CAST('203.0.113.900' AS UUID) IS NULL", "true "),
           std::pair("a::VARCHAR || uuid_text(b)", "203.0.113.920010db8-0000-0000-0000-000000000001 "),
           std::pair("CAST(NULL::VARCHAR AS UUID) IS NULL AND CAST(NULL::UUID AS VARCHAR) IS NULL", "true "),
       }) {
    EXPECT_EQ(ask("SELECT " + std::string(condition) + from), answer) << condition;
  }
  for (const char* wrong :
       {"203.0.113.900", "", "zz000000-0000-0000-0000-ffffcb007109", "0000000000000000000fffffcb00710900"}) {
    const std::string answer = ask(fmt::format("SELECT a = '{}'{}", wrong, from));
    EXPECT_NE(answer.find("not an address: '"), std::string::npos) << answer;
  }
}

TEST_F(CageTest, OneFileIsWritten) {
  const fs::path file = directory / "result.parquet";
  std::ofstream(file) << "";  // as it is made before
  open(file);
  const std::string sql = "SELECT ip('203.0.113.9') AS a, 1 AS n UNION ALL SELECT NULL, 2 -- all";
  for (const bool text : {true, false}) {
    const auto rows = engine->write_parquet(sql, text);
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_EQ(*rows, 2u);
    auto session = duck::Session::open({.threads = 1});
    const auto description = session->connection.describe(fmt::format("FROM '{}'", file.string()));
    ASSERT_TRUE(description) << description.error().message;
    EXPECT_EQ(description->columns[0].type, text ? DUCKDB_TYPE_VARCHAR : DUCKDB_TYPE_UUID);
    EXPECT_TRUE(
        session->connection.run(fmt::format("SELECT error('wrong') FROM '{}' WHERE a::VARCHAR <> '{}'", file.string(),
                                            text ? "203.0.113.9" : "00000000-0000-0000-0000-ffffcb007109")));
  }
  EXPECT_FALSE(engine->write_parquet("EXPLAIN SELECT 1", true));
  EXPECT_FALSE(engine->write_parquet(fmt::format("FROM '{}/secret.csv'", outside), true));
  EXPECT_FALSE(engine->write_parquet("SELECT 1) TO '/dev/null' (FORMAT csv); --", true));
  EXPECT_NE(ask(fmt::format("FROM '{}'", file.string())).find("opens no files"), std::string::npos);
}

}  // namespace
}  // namespace weir::query
