// The macros, in a DuckDB that knows nothing of us, and the functions of our own engine: both against IpAddress.
#include "query/macros.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "duck/duck.h"
#include "query/dialect.h"
#include "query/functions.h"

namespace weir::query {
namespace {

enum class Engine { shell, ours };

// Addresses with every shape that RFC 5952 distinguishes, and random ones with many zero groups.
std::vector<IpAddress> addresses() {
  std::vector<IpAddress> all;
  for (const char* text : {"0.0.0.0",
                           "255.255.255.255",
                           "192.0.2.1",
                           "10.0.0.10",
                           "1.2.3.4",
                           "::",
                           "::1",
                           "::2:1",
                           "::1:0:0",
                           "1::",
                           "1:2:3:4:5:6:7:8",
                           "2001:db8::",
                           "2001:db8::1",
                           "2001:0:0:1::1",
                           "2001:db8:0:0:1:0:0:1",
                           "1:0:0:2:0:0:0:3",
                           "1:0:2:0:3:0:4:0",
                           "0:1:0:1:0:1:0:1",
                           "::ffff:0:0:1",
                           "fe80::1",
                           "ff02::1:ff00:1",
                           "64:ff9b::192.0.2.33",
                           "::192.0.2.1",
                           "abcd:ef01:2345:6789:abcd:ef01:2345:6789",
                           "0:0:1::",
                           "1:0:0:0:1:0:0:0",
                           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                           "a:b:c:d:e:f::",
                           "::b:c:d:e:f:1:2"}) {
    all.push_back(*IpAddress::parse(text));
  }
  std::mt19937 random(5952);
  for (int i = 0; i < 3000; ++i) {
    IpAddress a;
    for (size_t group = 0; group < 8; ++group) {
      if (random() % 2 == 0) continue;
      const uint32_t value = static_cast<uint32_t>(random()) >> (random() % 32);
      a.bytes[2 * group] = static_cast<uint8_t>(value >> 8);
      a.bytes[2 * group + 1] = static_cast<uint8_t>(value);
    }
    all.push_back(i % 5 == 0 ? IpAddress::from_v4(static_cast<uint32_t>(random())) : a);
  }
  return all;
}

class AddressSql : public ::testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    if (GetParam() == Engine::ours) {
      ASSERT_TRUE(add_address_functions(connection));
    }
    const auto created = connection.run(GetParam() == Engine::shell ? sql_macros() : engine_macros());
    ASSERT_TRUE(created) << created.error().message;
  }

  // The first column of a query, one text per row; "null" for null.
  std::vector<std::string> texts(const std::string& sql) {
    std::vector<std::string> found;
    auto result = connection.query(sql);
    EXPECT_TRUE(result) << sql << "\n" << result.error().message;
    while (result) {
      const auto chunk = result->next();
      EXPECT_TRUE(chunk) << sql << "\n" << chunk.error().message;
      if (!chunk || !*chunk) break;
      for (size_t row = 0; row < (*chunk)->rows(); ++row) {
        found.push_back((*chunk)->is_null(0, row) ? "null" : std::string((*chunk)->text(0, row)));
      }
    }
    return found;
  }
  std::string text(const std::string& expression) {
    const std::vector<std::string> found = texts(fmt::format("SELECT CAST({} AS VARCHAR)", expression));
    return found.size() == 1 ? found[0] : "failed";
  }
  std::string address(const std::string& expression) { return text(fmt::format("ip_text({})", expression)); }

  bool fails(const std::string& sql) {
    auto rows = connection.query(sql);
    return !rows || !rows->next();
  }

  duck::Database database = duck::Database::open().value();
  duck::Connection connection = database.connect().value();
};

TEST_P(AddressSql, TextIsThatOfIpAddress) {
  const std::vector<IpAddress> all = addresses();
  std::string values;
  for (size_t i = 0; i < all.size(); ++i) {
    values += fmt::format("{}({}, {})", i > 0 ? "," : "", i, duckdb_dialect().address(all[i]));
  }
  const std::vector<std::string> found =
      texts(fmt::format("SELECT ip_text(u) FROM (VALUES {}) AS t(i, u) ORDER BY i", values));
  ASSERT_EQ(found.size(), all.size());
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(found[i], all[i].to_string());
}

TEST_P(AddressSql, AddressIsThatOfIpAddress) {
  const std::vector<IpAddress> all = addresses();
  std::string values;
  for (size_t i = 0; i < all.size(); ++i) {
    std::string spelled = all[i].to_string();
    if (i % 3 == 1) spelled = fmt::format("{:02X}", fmt::join(all[i].bytes, ""));
    if (i % 3 == 1) {  // in full, in capitals
      for (size_t at = 4; at < spelled.size(); at += 5) spelled.insert(at, 1, ':');
    }
    values += fmt::format("{}({}, '{}', {})", i > 0 ? "," : "", i, spelled, duckdb_dialect().address(all[i]));
  }
  EXPECT_EQ(texts(fmt::format("SELECT s FROM (VALUES {}) AS t(i, s, u) WHERE ip(s) IS DISTINCT FROM u", values)),
            std::vector<std::string>{});
}

TEST_P(AddressSql, MixedNotationAndNull) {
  EXPECT_EQ(address("ip('::ffff:192.0.2.1')"), "192.0.2.1");
  EXPECT_EQ(address("ip('2001:db8::192.0.2.1')"), "2001:db8::c000:201");
  EXPECT_EQ(address("ip('1:2:3:4:5:6:1.2.3.4')"), "1:2:3:4:5:6:102:304");
  EXPECT_EQ(address("ip(NULL::VARCHAR)"), "null");
  EXPECT_EQ(text("ip_text(NULL::UUID)"), "null");
}

TEST_P(AddressSql, WhatIsNoAddressFails) {
  for (const char* bad : {"",
                          "1.2.3",
                          "1.2.3.256",
                          "01.2.3.4",
                          "1.2.3.4.5",
                          "x",
                          ":",
                          ":::",
                          "1:2:3:4:5:6:7",
                          "1:2:3:4:5:6:7:8:9",
                          "1::2::3",
                          "1:::2",
                          ":1::2",
                          "1::2:",
                          "1:2:3:4:5:6:7::8",
                          "12345::",
                          "g::",
                          "::1.2.3",
                          "::1.2.3.4:5",
                          "1.2.3.4::",
                          "10/8",
                          "1:2:3:4:5:6:7:1.2.3.4",
                          " 1.2.3.4"}) {
    EXPECT_TRUE(fails(fmt::format("SELECT ip('{}')", bad))) << bad;
  }
  for (const char* bad : {"", "10", "10/33", "10.0.0.0/", "::/129", "x/8", "1.2.3.4.5/8", "1.2.3.4/-1", "10/8/8"}) {
    EXPECT_TRUE(fails(fmt::format("SELECT net_first('{}')", bad))) << bad;
    EXPECT_TRUE(fails(fmt::format("SELECT net_last('{}')", bad))) << bad;
  }
}

TEST_P(AddressSql, PrefixesAreThoseOfIpPrefix) {
  std::vector<std::string> prefixes = {"10/8", "172.16/12",  "192.0.2/23", "0.0.0.0/0",
                                       "::/0", "192.0.2.77", "2001:db8::5"};
  for (int bits = 0; bits <= 32; ++bits) prefixes.push_back(fmt::format("170.85.170.85/{}", bits));
  for (int bits = 0; bits <= 128; bits += 3)
    prefixes.push_back(fmt::format("a5a5:5a5a:a5a5:5a5a:a5a5:5a5a:a5a5:5a5a/{}", bits));
  std::string values;
  for (const std::string& prefix : prefixes) {
    const IpPrefix range = *IpPrefix::parse(prefix);
    values += fmt::format("{}('{}', {}, {})", values.empty() ? "" : ",", prefix, duckdb_dialect().address(range.first),
                          duckdb_dialect().address(range.last));
  }
  EXPECT_EQ(
      texts(fmt::format("SELECT s FROM (VALUES {}) AS t(s, a, b) WHERE net_first(s) <> a OR net_last(s) <> b OR NOT "
                        "(in_net(a, s) AND in_net(b, s))",
                        values)),
      std::vector<std::string>{});
  EXPECT_EQ(text("in_net(ip('10.1.2.3'), '10/8')"), "true");
  EXPECT_EQ(text("in_net(ip('11.1.2.3'), '10/8')"), "false");
  EXPECT_EQ(text("in_net(ip('2001:db8::1'), '::/0')"), "true");
  EXPECT_EQ(text("in_net(NULL::UUID, '10/8')"), "null");
}

// What lets DuckDB skip row groups: the ends of the range are constants in the plan, and the column is bare.
TEST_P(AddressSql, RangesAreConstantsInThePlan) {
  ASSERT_TRUE(connection.run("CREATE TABLE t AS SELECT ip(a) AS src_addr FROM (VALUES ('::'), ('ffff::')) AS v(a)"));
  auto rows = connection.query("EXPLAIN SELECT count(*) FROM t WHERE in_net(src_addr, '10/8')");
  ASSERT_TRUE(rows);
  const auto chunk = rows->next();
  ASSERT_TRUE(chunk && *chunk);
  std::string plan;  // without the box that it is drawn in
  for (const char c : (*chunk)->text(1, 0)) {
    if (c > ' ' && c <= '~') plan += c;
  }
  EXPECT_NE(plan.find("Filters:src_addr>="), std::string::npos) << plan;
  EXPECT_EQ(plan.find("net_first"), std::string::npos) << plan;
  EXPECT_EQ(plan.find("regexp"), std::string::npos) << plan;
}

TEST_P(AddressSql, NamesOfNumbers) {
  EXPECT_EQ(text("mac_text(1108152157446::UBIGINT)"), "01:02:03:04:05:06");
  EXPECT_EQ(text("mac_text(18446744073709551615::UBIGINT)"), "ff:ff:ff:ff:ff:ff");
  EXPECT_EQ(text("proto_name(6::UTINYINT)"), "TCP");
  EXPECT_EQ(text("proto_name(200::UTINYINT)"), "200");
  EXPECT_EQ(text("type_name(4::UTINYINT)"), "IPFIX");
  EXPECT_EQ(text("tcp_flags_text(18::USMALLINT)"), "SA");
  EXPECT_EQ(text("tcp_flags_text(NULL::USMALLINT)"), "null");
}

INSTANTIATE_TEST_SUITE_P(Both, AddressSql, ::testing::Values(Engine::shell, Engine::ours),
                         [](const auto& param) { return param.param == Engine::shell ? "shell" : "ours"; });

TEST(Networks, AreCutByFamily) {
  auto database = duck::Database::open();
  ASSERT_TRUE(database);
  auto connection = database->connect();
  ASSERT_TRUE(connection && add_address_functions(*connection));
  const auto network = [&](std::string_view address, int v4, int v6) {
    auto rows =
        connection->query(fmt::format("SELECT weir_network_text(weir_network(ip('{0}'), {1}::UTINYINT, {2}::UTINYINT), "
                                      "{1}::UTINYINT, {2}::UTINYINT)",
                                      address, v4, v6));
    EXPECT_TRUE(rows) << rows.error().message;
    const auto chunk = rows->next();
    return chunk && *chunk ? std::string((*chunk)->text(0, 0)) : "failed";
  };
  EXPECT_EQ(network("192.0.2.77", 24, 48), "192.0.2.0/24");
  EXPECT_EQ(network("192.0.2.77", 32, 48), "192.0.2.77/32");
  EXPECT_EQ(network("192.0.2.77", 0, 48), "0.0.0.0/0");
  EXPECT_EQ(network("192.0.2.77", 99, 48), "192.0.2.77/32");
  EXPECT_EQ(network("2001:db8:1:2:3::4", 24, 48), "2001:db8:1::/48");
  EXPECT_EQ(network("2001:db8:ffff::4", 24, 33), "2001:db8:8000::/33");
  EXPECT_EQ(network("2001:db8:ffff::4", 24, 0), "::/0");
}

}  // namespace
}  // namespace weir::query
