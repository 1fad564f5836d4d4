#include "duck/duck.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace weir::duck {
namespace {

struct Fixture : testing::Test {
  Database database = Database::open().value();
  Connection connection = database.connect().value();

  // The only chunk of a small result.
  Chunk one(const std::string& sql) {
    auto rows = connection.query(sql);
    EXPECT_TRUE(rows) << rows.error().message;
    auto chunk = rows->next();
    EXPECT_TRUE(chunk) << chunk.error().message;
    return std::move(**chunk);
  }
};
using Duck = Fixture;

TEST_F(Duck, ReadsEveryTypeThatTheStoreUses) {
  const Chunk c =
      one("SELECT true, 255::UTINYINT, 65535::USMALLINT, 4294967295::UINTEGER, 18446744073709551615::UBIGINT, "
          "-5::BIGINT, 1.5::DOUBLE,"
          " 'short', 'longer than twelve bytes', NULL::INTEGER, '::1', TIMESTAMP '2026-11-22 14:05:00.000001',"
          " '00000000-0000-0000-0000-ffffc0000201'::UUID, 3::HUGEINT");
  ASSERT_EQ(c.rows(), 1u);
  ASSERT_EQ(c.columns(), 14u);
  EXPECT_TRUE(c.value<bool>(0, 0));
  EXPECT_EQ(c.value<uint8_t>(1, 0), 255);
  EXPECT_EQ(c.value<uint16_t>(2, 0), 65535);
  EXPECT_EQ(c.value<uint32_t>(3, 0), UINT32_MAX);
  EXPECT_EQ(c.value<uint64_t>(4, 0), UINT64_MAX);
  EXPECT_EQ(c.value<int64_t>(5, 0), -5);
  EXPECT_EQ(c.value<double>(6, 0), 1.5);
  EXPECT_EQ(c.text(7, 0), "short");
  EXPECT_EQ(c.text(8, 0), "longer than twelve bytes");
  EXPECT_TRUE(c.is_null(9, 0));
  EXPECT_FALSE(c.is_null(0, 0));
  EXPECT_EQ(to_rfc3339(c.timestamp(11, 0)), "2026-11-22T14:05:00.000001Z");
  EXPECT_EQ(c.uuid(12, 0).to_string(), "192.0.2.1");
  EXPECT_EQ(c.value<duckdb_hugeint>(13, 0).lower, 3u);
}

TEST_F(Duck, UuidKeepsBytesAndTheirOrder) {
  for (const char* text :
       {"::", "::1", "192.0.2.1", "8000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::1"}) {
    EXPECT_EQ(from_uuid(to_uuid(*IpAddress::parse(text))), *IpAddress::parse(text)) << text;
  }
  EXPECT_LT(to_uuid(*IpAddress::parse("7fff::")).upper, to_uuid(*IpAddress::parse("8000::")).upper);
}

TEST_F(Duck, StreamsAllRowsOfALargeResult) {
  auto rows = connection.query("SELECT i, i % 7 = 0 AS seventh FROM range(100000) t(i)");
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->columns()[1].name, "seventh");
  EXPECT_EQ(rows->columns()[0].type, DUCKDB_TYPE_BIGINT);
  int64_t count = 0, sum = 0;
  while (true) {
    auto chunk = rows->next();
    ASSERT_TRUE(chunk);
    if (!*chunk) break;
    for (size_t row = 0; row < (*chunk)->rows(); ++row, ++count) sum += (*chunk)->value<int64_t>(0, row);
  }
  EXPECT_EQ(count, 100000);
  EXPECT_EQ(sum, int64_t{100000} * 99999 / 2);
}

TEST_F(Duck, AnErrorInTheMiddleOfAResultIsReported) {
  auto rows =
      connection.query("SELECT CASE WHEN i = 2900000 THEN error('broken here') ELSE i END FROM range(3000000) t(i)");
  ASSERT_TRUE(rows);
  for (int i = 0; i < 2000; ++i) {
    auto chunk = rows->next();
    if (!chunk) {
      EXPECT_NE(chunk.error().message.find("broken here"), std::string::npos) << chunk.error().message;
      return;
    }
    ASSERT_TRUE(*chunk) << "the result ended as if it were complete";
  }
  FAIL() << "no end";
}

TEST_F(Duck, ErrorsCarryTheMessage) {
  EXPECT_NE(connection.run("SELECT * FROM nowhere").error().message.find("nowhere"), std::string::npos);
  EXPECT_NE(connection.query("SELEKT 1").error().message.find("syntax"), std::string::npos);
  EXPECT_NE(connection.query("SELECT 1; SELECT 2").error().message, "");
  EXPECT_FALSE(Database::open({.threads = 0}));
}

// A failure has the same kind whether a result tells it or a statement that cannot even be prepared.
TEST_F(Duck, ErrorsHaveAKind) {
  const struct {
    std::string sql;
    ErrorKind kind;
  } cases[] = {
      {"SELEKT 1", ErrorKind::statement},
      {"SELECT nothing", ErrorKind::statement},
      {"SELECT * FROM nowhere", ErrorKind::statement},
      {"SELECT CAST('x' AS INTEGER)", ErrorKind::statement},
      {"SELECT * FROM read_parquet('/nonexistent/x.parquet')", ErrorKind::io},
      {"SELECT error('IO Error: told by the text only')", ErrorKind::other},
  };
  for (const auto& [sql, kind] : cases) {
    const auto ran = connection.run(sql);
    ASSERT_FALSE(ran) << sql;
    EXPECT_EQ(ran.error().kind, kind) << ran.error().message;
    const auto described = connection.describe(sql);
    if (!described) {
      EXPECT_EQ(described.error().kind, kind) << described.error().message;
    }
  }
}

TEST_F(Duck, SaysThatMemoryWasTheReason) {
  const Session small = Session::open({.memory_bytes = 4 << 20}).value();
  auto rows = small.database.connect()->query("SELECT list(i) FROM range(10000000) t(i)");
  const auto chunk = rows ? rows->next() : std::unexpected(rows.error());
  ASSERT_FALSE(chunk);
  EXPECT_EQ(chunk.error().kind, ErrorKind::memory) << chunk.error().message;
}

TEST_F(Duck, SaysThatItWasInterrupted) {
  std::atomic<bool> done = false;
  std::thread other([&] {
    while (!done) connection.interrupt();
  });
  auto rows = connection.query("SELECT count(*) FROM range(1000000000000) t(i) WHERE hash(i) = 5");
  const auto chunk = rows ? rows->next() : std::unexpected(rows.error());
  done = true;
  other.join();
  ASSERT_FALSE(chunk);
  EXPECT_EQ(chunk.error().kind, ErrorKind::interrupted) << chunk.error().message;
}

TEST_F(Duck, TellsWhatItHoldsInMemory) {
  const uint64_t before = database.memory_held().value();
  ASSERT_TRUE(connection.run("CREATE TABLE numbers AS SELECT hash(i) AS h FROM range(1000000) t(i)"));
  EXPECT_GE(database.memory_held().value(), before + 4'000'000);
  ASSERT_TRUE(connection.run("DROP TABLE numbers"));
  EXPECT_LT(database.memory_held().value(), before + 4'000'000);
}

TEST_F(Duck, SplitsOutsideOfTextAndComments) {
  using Texts = std::vector<std::string>;
  const auto split = [&](std::string_view sql) { return connection.split(sql).value(); };
  EXPECT_EQ(split("SELECT 1"), Texts{"SELECT 1"});
  EXPECT_EQ(split("SELECT 1; SELECT 2;"), (Texts{"SELECT 1", " SELECT 2"}));
  EXPECT_EQ(split(" ; -- nothing\n; /* ; */ ;"), Texts{});
  EXPECT_EQ(split(""), Texts{});
  const std::string one = "SELECT ';', \"a;b\", 'it''s;', $$;$$, $x$;$$;$x$, E'\\';' -- ;\n/*;/*;*/;*/ FROM t";
  EXPECT_EQ(split(one), Texts{one});
  EXPECT_EQ(split(one + ";" + one), (Texts{one, one}));
  // What stands behind a ';' in a comment would be a statement of its own.
  EXPECT_EQ(split("SELECT 1 -- ;SELECT 3\n+ 1; SELECT 2"), (Texts{"SELECT 1 -- ;SELECT 3\n+ 1", " SELECT 2"}));
  EXPECT_EQ(split("SELECT 1 -- ;\nFROM t; SELECT 2"), (Texts{"SELECT 1 -- ;\nFROM t", " SELECT 2"}));
}

TEST_F(Duck, SplitsNothingThatIsNotSql) {
  EXPECT_EQ(connection.split("SELECT 'open; SELECT 2").error().kind, ErrorKind::statement);
  EXPECT_EQ(connection.split("SELECT 1; SELEKT 2").error().kind, ErrorKind::statement);
}

TEST_F(Duck, DescribesWithoutRunning) {
  const auto statement = connection.describe("SELECT error('ran') AS a, 1.5 AS b, [1] AS c");
  ASSERT_TRUE(statement) << statement.error().message;
  EXPECT_EQ(statement->type, DUCKDB_STATEMENT_TYPE_SELECT);
  ASSERT_EQ(statement->columns.size(), 3u);
  EXPECT_EQ(statement->columns[1].name, "b");
  EXPECT_EQ(statement->columns[1].type, DUCKDB_TYPE_DECIMAL);
  EXPECT_EQ(statement->columns[2].type, DUCKDB_TYPE_LIST);
}

TEST_F(Duck, QuotesLiteralsAndNames) {
  EXPECT_EQ(one("SELECT " + quote("it's \"so\"") + " AS " + quote_name("a \"b\" 'c'")).text(0, 0), "it's \"so\"");
}

TEST_F(Duck, CallsAFunctionOfOurs) {
  const ScalarFunction twice{
      "twice",
      {DUCKDB_TYPE_BIGINT},
      DUCKDB_TYPE_BIGINT,
      [](duckdb_function_info, duckdb_data_chunk input, duckdb_vector output) {
        const auto* in = static_cast<int64_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 0)));
        auto* out = static_cast<int64_t*>(duckdb_vector_get_data(output));
        for (size_t i = 0; i < duckdb_data_chunk_get_size(input); ++i) out[i] = in[i] * 2;
      }};
  ASSERT_TRUE(connection.add_function(twice));
  const Chunk c = one("SELECT sum(twice(i))::BIGINT, twice(NULL) FROM range(5000) t(i)");
  EXPECT_EQ(c.value<int64_t>(0, 0), int64_t{5000} * 4999);
  EXPECT_TRUE(c.is_null(1, 0));
}

TEST_F(Duck, NeverAsksTheNetworkForAnExtension) { EXPECT_FALSE(connection.run("SELECT '192.0.2.1'::INET")); }

}  // namespace
}  // namespace weir::duck
