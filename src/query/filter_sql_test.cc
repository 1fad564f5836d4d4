// The SQL of filters against their plain meaning: both are asked about every row of a small random table.
#include "query/filter_sql.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "duck/duck.h"
#include "query/filter_generator.h"
#include "query/functions.h"

namespace weir::query {
namespace {

template <class T>
using Maybe = std::optional<T>;

struct Row {
  Maybe<IpAddress> src, dst, exporter, next_hop, bgp_next_hop;
  std::array<Maybe<IpAddress>, 2> nat, inner;
  Maybe<uint64_t> inner_proto;
  // Of the columns of terms.
  std::map<std::string, Maybe<uint64_t>, std::less<>> numbers;
  std::map<std::string, Maybe<std::string>, std::less<>> texts;
  std::array<Maybe<uint64_t>, 2> port, as, interface;
  Maybe<uint64_t> proto, packets, bytes, tos, icmp_type, icmp_code, flags;
  Maybe<int64_t> start_us, end_us;
};

std::vector<std::string> words_of(std::string_view list) {
  std::vector<std::string> words;
  while (!list.empty()) {
    words.emplace_back(list.substr(0, list.find(' ')));
    list.remove_prefix(std::min(words.back().size() + 1, list.size()));
  }
  return words;
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

bool is_text(const Term& term) { return term.kind == TermKind::text || term.kind == TermKind::part; }

// The columns of all terms: those of texts, or those of numbers.
std::set<std::string> term_columns(bool text) {
  std::set<std::string> columns;
  for (const Term& term : filter_terms()) {
    if (is_text(term) != text) continue;
    for (std::string& column : words_of(term.columns)) columns.insert(std::move(column));
  }
  return columns;
}

bool holds(Comparison comparison, uint64_t left, uint64_t right) {
  switch (comparison) {
    case Comparison::eq:
      return left == right;
    case Comparison::ne:
      return left != right;
    case Comparison::gt:
      return left > right;
    case Comparison::ge:
      return left >= right;
    case Comparison::lt:
      return left < right;
    case Comparison::le:
      return left <= right;
  }
  return false;
}

// The meaning, said without SQL: a condition on nothing is false.
class Meaning {
 public:
  explicit Meaning(const Row& row) : row_(row) {}

  bool of(const Filter& filter) const { return std::visit(*this, filter.node); }

  bool operator()(const Any&) const { return true; }
  bool operator()(const Family& family) const {
    const auto is = [&](const Maybe<IpAddress>& a) { return a && a->is_v4() != family.v6; };
    return is(row_.src) || is(row_.dst);
  }
  bool operator()(const AddressIn& in) const {
    const auto inside = [&](const Maybe<IpAddress>& a) {
      return a && std::ranges::any_of(in.ranges, [&](const IpPrefix& range) { return range.contains(*a); });
    };
    switch (in.field) {
      case AddressField::either:
        return inside(row_.src) || inside(row_.dst);
      case AddressField::src:
        return inside(row_.src);
      case AddressField::dst:
        return inside(row_.dst);
      case AddressField::exporter:
        return inside(row_.exporter);
      case AddressField::next_hop:
        return inside(row_.next_hop);
      case AddressField::bgp_next_hop:
        return inside(row_.bgp_next_hop);
      case AddressField::nat:
        return inside(row_.nat[0]) || inside(row_.nat[1]);
      case AddressField::nat_src:
        return inside(row_.nat[0]);
      case AddressField::nat_dst:
        return inside(row_.nat[1]);
      case AddressField::inner:
        return inside(row_.inner[0]) || inside(row_.inner[1]);
      case AddressField::inner_src:
        return inside(row_.inner[0]);
      case AddressField::inner_dst:
        return inside(row_.inner[1]);
    }
    return false;
  }
  bool operator()(const NumberIs& is) const {
    const auto one = [&](const Maybe<uint64_t>& value) { return value && holds(is.comparison, *value, is.value); };
    const std::vector<Maybe<uint64_t>> values = values_of(is.field, is.side);
    // "!=" without a direction: neither of them.
    return is.comparison == Comparison::ne ? std::ranges::all_of(values, one) : std::ranges::any_of(values, one);
  }
  bool operator()(const NumberIn& in) const {
    const std::vector<Maybe<uint64_t>> values = values_of(in.field, in.side);
    return std::ranges::any_of(values, [&](const Maybe<uint64_t>& value) {
      return value && std::ranges::find(in.values, *value) != in.values.end();
    });
  }
  bool operator()(const TermIs& is) const {
    const Term& term = filter_terms()[is.term];
    const auto one = [&](const std::string& column) {
      if (!is_text(term)) {
        const Maybe<uint64_t>& value = row_.numbers.find(column)->second;
        return value && holds(is.comparison, *value, is.number);
      }
      const Maybe<std::string>& value = row_.texts.find(column)->second;
      if (!value) return false;
      const bool same =
          term.kind == TermKind::text ? *value == is.text : lower(*value).find(lower(is.text)) != std::string::npos;
      return same == (is.comparison == Comparison::eq);
    };
    const std::vector<std::string> columns = words_of(term.columns);
    return is.comparison == Comparison::ne ? std::ranges::all_of(columns, one) : std::ranges::any_of(columns, one);
  }
  bool operator()(const FlagsSet& flags) const {
    if (row_.proto != 6 || !row_.flags) return false;
    return flags.exact ? *row_.flags == flags.mask : (*row_.flags & flags.mask) == flags.mask;
  }
  bool operator()(const Not& negation) const { return !of(*negation.child); }
  bool operator()(const And& all) const {
    return std::ranges::all_of(all.children, [&](const Filter& child) { return of(child); });
  }
  bool operator()(const Or& any) const {
    return std::ranges::any_of(any.children, [&](const Filter& child) { return of(child); });
  }

 private:
  static std::vector<Maybe<uint64_t>> sides(const std::array<Maybe<uint64_t>, 2>& values, Side side) {
    if (side == Side::src) return {values[0]};
    if (side == Side::dst) return {values[1]};
    return {values[0], values[1]};
  }
  std::vector<Maybe<uint64_t>> values_of(NumberField field, Side side) const {
    const bool icmp = row_.proto == 1 || row_.proto == 58;
    switch (field) {
      case NumberField::port:
        return sides(row_.port, side);
      case NumberField::as:
        return sides(row_.as, side);
      case NumberField::interface:
        return sides(row_.interface, side);
      case NumberField::proto:
        return {row_.proto};
      case NumberField::packets:
        return {row_.packets};
      case NumberField::bytes:
        return {row_.bytes};
      case NumberField::duration_ms:
        if (!row_.start_us || !row_.end_us || *row_.end_us < *row_.start_us) return {std::nullopt};
        return {static_cast<uint64_t>((*row_.end_us - *row_.start_us) / 1000)};
      case NumberField::tos:
        return {row_.tos};
      case NumberField::icmp_type:
        return {icmp ? row_.icmp_type : std::nullopt};
      case NumberField::icmp_code:
        return {icmp ? row_.icmp_code : std::nullopt};
      case NumberField::tcp_flags:
        return {row_.proto == 6 ? row_.flags : std::nullopt};
      case NumberField::inner_proto:
        return {row_.inner_proto};
    }
    return {};
  }

  const Row& row_;
};

class FilterSql : public ::testing::Test {
 protected:
  static constexpr size_t kRows = 300;

  void SetUp() override {
    ASSERT_TRUE(add_address_functions(connection));
    fill();
  }

  template <class Make>
  auto maybe(Make make) -> Maybe<decltype(make())> {
    if (generator.pick(4) == 0) return std::nullopt;
    return make();
  }
  Maybe<uint64_t> number(NumberField field) {
    return maybe([&] { return generator.value(field); });
  }

  Row random_row() {
    Row row;
    for (auto* address : {&row.src, &row.dst, &row.exporter, &row.next_hop, &row.bgp_next_hop, &row.nat[0], &row.nat[1],
                          &row.inner[0], &row.inner[1]}) {
      *address = maybe([&] { return generator.address(); });
    }
    for (size_t i = 0; i < 2; ++i) {
      row.port[i] = number(NumberField::port);
      row.as[i] = number(NumberField::as);
      row.interface[i] = number(NumberField::interface);
    }
    row.proto = number(NumberField::proto);
    row.inner_proto = number(NumberField::inner_proto);
    for (const std::string& column : term_columns(false)) {
      row.numbers[column] = maybe([&] { return std::array<uint64_t, 3>{0, 1, 100}[generator.pick(3)]; });
    }
    for (const std::string& column : term_columns(true)) {
      row.texts[column] = maybe([&] {
        return std::string(std::array{"", "eve", "Eve", "it's", "xx a \"b\"", "0x1f 0x2"}[generator.pick(6)]);
      });
    }
    row.packets = number(NumberField::packets);
    row.bytes = number(NumberField::bytes);
    row.tos = number(NumberField::tos);
    row.icmp_type = number(NumberField::icmp_type);
    row.icmp_code = number(NumberField::icmp_code);
    row.flags = number(NumberField::tcp_flags);
    // Some end before they start.
    row.start_us = maybe([&] { return int64_t{1'795'357'500'000'000} + (generator.pick(4) == 0 ? 1'000'001 : 0); });
    row.end_us = maybe([&] {
      return int64_t{1'795'357'500'000'000} + static_cast<int64_t>(generator.value(NumberField::duration_ms)) * 1000 +
             999;
    });
    return row;
  }

  void fill() {
    const Dialect& dialect = duckdb_dialect();
    std::string values;
    for (size_t i = 0; i < kRows; ++i) {
      const Row& row = rows.emplace_back(random_row());
      values += fmt::format("{}({}", i > 0 ? "," : "", i);
      for (const auto* address : {&row.src, &row.dst, &row.exporter, &row.next_hop, &row.bgp_next_hop, &row.nat[0],
                                  &row.nat[1], &row.inner[0], &row.inner[1]}) {
        values += fmt::format(",{}", *address ? dialect.address(**address) : "NULL");
      }
      for (const auto* value :
           {&row.port[0], &row.port[1], &row.as[0], &row.as[1], &row.interface[0], &row.interface[1], &row.proto,
            &row.packets, &row.bytes, &row.tos, &row.icmp_type, &row.icmp_code, &row.flags}) {
        values += *value ? fmt::format(",{}::UBIGINT", **value) : ",NULL";
      }
      for (const auto* time : {&row.start_us, &row.end_us})
        values += *time ? fmt::format(",make_timestamp({})", **time) : ",NULL";
      values += row.inner_proto ? fmt::format(",{}", *row.inner_proto) : ",NULL";
      for (const auto& [column, value] : row.numbers) values += value ? fmt::format(",{}", *value) : ",NULL";
      for (const auto& [column, value] : row.texts)
        values.append(",").append(value ? dialect.text(*value) : std::string("NULL"));
      values += ")";
    }
    std::string of_terms;
    for (const std::string& column : term_columns(false)) of_terms += fmt::format(", {} UBIGINT", column);
    for (const std::string& column : term_columns(true)) of_terms += fmt::format(", {} VARCHAR", column);
    ASSERT_TRUE(connection.run(
        "CREATE TABLE flows(i UINTEGER, src_addr UUID, dst_addr UUID, sampler_address UUID, next_hop UUID, "
        "bgp_next_hop UUID, post_nat_src_addr UUID, post_nat_dst_addr UUID, inner_src_addr UUID, inner_dst_addr UUID,"
        "src_port USMALLINT, dst_port USMALLINT, src_as UINTEGER, dst_as UINTEGER, in_if UINTEGER, out_if UINTEGER,"
        "proto UTINYINT, packets UBIGINT, bytes UBIGINT, ip_tos UTINYINT, icmp_type UTINYINT, icmp_code UTINYINT,"
        "tcp_flags USMALLINT, time_flow_start TIMESTAMP, time_flow_end TIMESTAMP, inner_proto UTINYINT" +
        of_terms + ")"));
    const auto filled = connection.run("INSERT INTO flows VALUES " + values);
    ASSERT_TRUE(filled) << filled.error().message;
  }

  std::vector<size_t> by_sql(const Filter& filter) {
    const std::string sql = "SELECT i FROM flows WHERE " + filter_sql(filter, duckdb_dialect()) + " ORDER BY i";
    auto result = connection.query(sql);
    EXPECT_TRUE(result) << sql << "\n" << result.error().message;
    std::vector<size_t> found;
    while (result) {
      const auto chunk = result->next();
      EXPECT_TRUE(chunk) << sql << "\n" << chunk.error().message;
      if (!chunk || !*chunk) break;
      for (size_t row = 0; row < (*chunk)->rows(); ++row) found.push_back((*chunk)->value<uint32_t>(0, row));
    }
    return found;
  }

  std::vector<size_t> by_meaning(const Filter& filter) const {
    std::vector<size_t> found;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (Meaning(rows[i]).of(filter)) found.push_back(i);
    }
    return found;
  }

  std::mt19937 random{7};
  FilterGenerator generator{random};
  std::vector<Row> rows;
  duck::Database database = duck::Database::open().value();
  duck::Connection connection = database.connect().value();
};

TEST_F(FilterSql, FindsWhatTheFilterMeans) {
  size_t some = 0;  // filters that tell rows apart: the test must not be about all and nothing
  for (int i = 0; i < 1500; ++i) {
    const Filter filter = i < 500 ? generator.primitive() : generator.filter(3);
    const std::vector<size_t> wanted = by_meaning(filter);
    ASSERT_EQ(by_sql(filter), wanted) << to_string(filter);
    some += !wanted.empty() && wanted.size() < kRows;
  }
  EXPECT_GT(some, 800u);
}

TEST_F(FilterSql, TextAndItsNegationSplitTheTable) {
  for (const char* text : {"port 80", "port != 53", "not src as 64500", "duration > 500", "flags S",
                           "icmp-type 8 or ip 192.0.2.1", "bytes = 18446744073709551615", "src net 2001:db8::/125",
                           "vlan 100", "mac != 00:00:00:00:00:64", "asa user eve", "ingress acl != 0X1F",
                           "nat ip 192.0.2.1", "inner src net 192.0.2.0/30", "not (ipv4 and proto tcp)"}) {
    const auto filter = parse_filter(text);
    const auto negation = parse_filter(fmt::format("not ({})", text));
    ASSERT_TRUE(filter && negation) << text;
    EXPECT_EQ(by_sql(*filter).size() + by_sql(*negation).size(), kRows) << text;
  }
}

TEST_F(FilterSql, ListsOfManyNetworksMeanTheSame) {
  for (int i = 0; i < 100; ++i) {
    AddressIn in{static_cast<AddressField>(generator.pick(3)), generator.prefixes(17 + generator.pick(30))};
    std::erase_if(in.ranges, [](const IpPrefix& range) { return range.last == *IpAddress::parse("255.255.255.255"); });
    const Filter filter{std::move(in)};
    ASSERT_EQ(by_sql(filter), by_meaning(filter)) << to_string(filter);
  }
}

TEST_F(FilterSql, TheLargestFiltersAreAnswered) {
  std::string list = "ip in [";
  for (size_t i = 0; i < kMaxFilterListEntries; ++i) list += fmt::format("10.{}.{}.0/25 ", i / 256, i % 256);
  const auto networks = parse_filter(list + "]");
  ASSERT_TRUE(networks);
  EXPECT_TRUE(by_sql(*networks).empty());

  std::string deep;
  for (size_t i = 0; i < kMaxFilterDepth; ++i) deep += i % 2 == 0 ? "not " : "(";
  deep += "port 53" + std::string(kMaxFilterDepth / 2, ')');
  const auto nested = parse_filter(deep);
  ASSERT_TRUE(nested);
  EXPECT_EQ(by_sql(*nested), by_meaning(*nested));
}

TEST(FilterSqlText, ConditionsOnOneColumnStayBareComparisons) {
  const auto sql = [](std::string_view text) { return filter_sql(*parse_filter(text), duckdb_dialect()); };
  EXPECT_EQ(
      sql("src net 192.0.2.0/24 and dst port 443"),
      "(src_addr BETWEEN '00000000-0000-0000-0000-ffffc0000200'::UUID AND '00000000-0000-0000-0000-ffffc00002ff'::UUID"
      " AND dst_port = 443)");
  EXPECT_EQ(sql("asa user \"o'neil\""), "user_name = 'o''neil'");
  EXPECT_EQ(sql("vlan != 7"), "(vlan_id <> 7 AND src_vlan <> 7 AND dst_vlan <> 7)");
  EXPECT_EQ(sql("not proto udp"), "((proto = 17) IS NOT TRUE)");
}

}  // namespace
}  // namespace weir::query
