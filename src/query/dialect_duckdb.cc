#include <fmt/format.h>

#include "duck/duck.h"
#include "query/dialect.h"
#include "query/functions.h"

namespace weir::query {
namespace {

class DuckDbDialect final : public Dialect {
 public:
  std::string address(const IpAddress& address) const override { return fmt::format("'{}'::UUID", uuid_text(address)); }

  std::string time(Timestamp time) const override { return fmt::format("make_timestamp({})", to_us(time)); }

  // A literal beyond BIGINT would be a HUGEINT, and turn the column into one.
  std::string number(uint64_t number) const override {
    return number > INT64_MAX ? fmt::format("{}::UBIGINT", number) : fmt::format("{}", number);
  }

  std::string text(std::string_view text) const override { return duck::quote(text); }

  std::string contains(std::string_view column, std::string_view part) const override {
    return fmt::format("contains(lower({}), lower({}))", column, text(part));
  }

  std::string quote_name(std::string_view name) const override { return duck::quote_name(name); }

  std::string not_true(const std::string& condition) const override {
    return fmt::format("(({}) IS NOT TRUE)", condition);
  }

  std::string has_bits(std::string_view column, uint64_t mask) const override {
    return fmt::format("({0} & {1}) = {1}", column, mask);
  }

  std::string has_a_bit(std::string_view column, uint64_t mask) const override {
    return fmt::format("({} & {}) <> 0", column, mask);
  }

  // A list of literals that is long becomes a hash table by itself.
  std::string in_numbers(std::string_view operand, std::span<const uint64_t> values) const override {
    std::string list;
    for (const uint64_t value : values) list.append(list.empty() ? "" : ", ").append(number(value));
    return fmt::format("{} IN ({})", operand, list);
  }
  std::string in_addresses(std::string_view column, std::span<const IpAddress> addresses) const override {
    std::string list;
    for (const IpAddress& one : addresses) list.append(list.empty() ? "" : ", ").append(address(one));
    return fmt::format("{} IN ({})", column, list);
  }

  // A search instead of a chain of comparisons, of which thousands take DuckDB minutes; BETWEEN is for the row groups.
  std::string in_ranges(std::string_view column, std::span<const IpPrefix> ranges) const override {
    std::string blob;
    for (const IpPrefix& range : ranges) {
      for (const IpAddress* end : {&range.first, &range.last}) {
        for (const uint8_t byte : end->bytes) fmt::format_to(std::back_inserter(blob), "\\x{:02X}", byte);
      }
    }
    return fmt::format("({0} BETWEEN {1} AND {2} AND weir_in_ranges({0}, '{3}'::BLOB))", column,
                       address(ranges.front().first), address(ranges.back().last), blob);
  }

  std::string has_id(std::string_view column, uint32_t id) const override {
    return fmt::format("contains('-' || {} || '-', '-{:08x}-')", column, id);
  }
  // Eight digits each: their order is that of the numbers.
  std::string compare_ids(std::string_view column, std::string_view order, uint32_t id) const override {
    return fmt::format(
        "(regexp_full_match({0}, '[0-9a-f]{{8}}-[0-9a-f]{{8}}-[0-9a-f]{{8}}') AND (substr({0}, 1, 8) {1} '{2:08x}' OR "
        "substr({0}, 10, 8) {1} '{2:08x}' OR substr({0}, 19, 8) {1} '{2:08x}'))",
        column, order, id);
  }
  std::string like(std::string_view column, std::string_view pattern) const override {
    return fmt::format("{} LIKE {}", column, text(pattern));
  }
  std::string matches(std::string_view column, std::string_view regex) const override {
    return fmt::format("regexp_matches({}, {})", column, text(regex));
  }

  std::string computed(filter::Operand::Of of, std::string_view column) const override {
    using Of = filter::Operand::Of;
    switch (of) {
      case Of::high_byte:
        return fmt::format("(({} >> 8) & 255)", column);
      case Of::low_byte:
        return fmt::format("({} & 255)", column);
      case Of::or_one:
        return fmt::format("coalesce({}, 1)", column);
      case Of::pps:
        return rate("packets", 1000, duration_ms());
      case Of::bps:
        return rate("bytes", 8000, duration_ms());
      case Of::bpp:
        return rate("bytes", 1, "packets");
      default:
        return duration_ms();
    }
  }

  // HUGEINT: an exporter may claim any times, and their difference must not end the query; the same with rates.
  static std::string duration_ms() {
    return "(CASE WHEN time_flow_end >= time_flow_start "
           "THEN (epoch_us(time_flow_end)::HUGEINT - epoch_us(time_flow_start)) // 1000 END)";
  }
  static std::string rate(std::string_view counter, unsigned factor, std::string_view by) {
    return fmt::format("(CASE WHEN {2} = 0 THEN {0}::HUGEINT * 0 ELSE {0}::HUGEINT * {1} // {2} END)", counter, factor,
                       by);
  }

  std::string network(std::string_view address, std::string_view v4_bits, std::string_view v6_bits) const override {
    return fmt::format("weir_network({}, ({})::UTINYINT, ({})::UTINYINT)", address, v4_bits, v6_bits);
  }
  std::string network_text(std::string_view address, std::string_view v4_bits,
                           std::string_view v6_bits) const override {
    return fmt::format("weir_network_text({}, ({})::UTINYINT, ({})::UTINYINT)", address, v4_bits, v6_bits);
  }

  // The product of two numbers of 32 bits fits UBIGINT, which is much faster than HUGEINT; a larger counter is rare.
  std::string sum(std::string_view column, bool scaled) const override {
    if (!scaled) return fmt::format("coalesce(sum({}), 0)", column);
    return fmt::format(
        "coalesce(sum(CASE WHEN {0} <= 4294967295 THEN {0} * greatest(coalesce(sampling_rate, 1), 1) "
        "ELSE {0}::HUGEINT * greatest(coalesce(sampling_rate, 1), 1) END), 0)",
        column);
  }

  std::string seconds_between(std::string_view from, std::string_view to) const override {
    return fmt::format("(CASE WHEN {0} > {1} THEN (epoch_us({0})::DOUBLE - epoch_us({1})::DOUBLE) / 1e6 END)", to,
                       from);
  }

  std::string real(std::string_view value) const override { return fmt::format("({})::DOUBLE", value); }
};

}  // namespace

const Dialect& duckdb_dialect() {
  static const DuckDbDialect dialect;
  return dialect;
}

}  // namespace weir::query
