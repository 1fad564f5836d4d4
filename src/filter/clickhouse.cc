#include "filter/clickhouse.h"

#include <fmt/format.h>

namespace weir::filter {
namespace {

// ClickHouse reads the value of a parameter as a field of TSV.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '\\':
        result += "\\\\";
        break;
      case '\t':
        result += "\\t";
        break;
      case '\n':
        result += "\\n";
        break;
      case '\r':
        result += "\\r";
        break;
      default:
        result += c;
    }
  }
  return result;
}

template <class Values, class TextOf>
std::string array_of(const Values& values, TextOf text) {
  std::string list = "[";
  for (const auto& value : values) {
    if (list.size() > 1) list += ',';
    list += text(value);
  }
  list += ']';
  return list;
}

// IPv4 in the form that type IPv6 takes.
std::string address_text(const IpAddress& address) {
  return address.is_v4() ? fmt::format("::ffff:{}", address.to_string()) : address.to_string();
}

}  // namespace

std::string ClickHouseDialect::bind(std::string_view type, std::string value) const {
  std::string name = fmt::format("p{}", parameters_.size());
  std::string reference = fmt::format("{{{}:{}}}", name, type);
  parameters_.push_back({std::move(name), std::string(type), std::move(value)});
  return reference;
}

std::string ClickHouseDialect::address(const IpAddress& address) const { return bind("IPv6", address_text(address)); }
std::string ClickHouseDialect::number(uint64_t number) const { return bind("UInt64", std::to_string(number)); }
std::string ClickHouseDialect::text(std::string_view text) const { return bind("String", escaped(text)); }

std::string ClickHouseDialect::time(Timestamp time) const {
  std::string text = to_rfc3339(time);  // 2026-11-22T14:05:00.000000Z
  text.pop_back();
  text[text.find('T')] = ' ';
  return bind("DateTime64(6,'UTC')", std::move(text));
}

std::string ClickHouseDialect::quote_name(std::string_view name) const {
  std::string quoted = "`";
  for (const char c : name) {
    if (c == '`' || c == '\\') quoted += '\\';
    quoted += c;
  }
  quoted += '`';
  return quoted;
}

std::string ClickHouseDialect::not_true(const std::string& condition) const {
  return fmt::format("NOT ifNull({}, false)", condition);
}

std::string ClickHouseDialect::has_bits(std::string_view column, uint64_t mask) const {
  const std::string bits = number(mask);
  return fmt::format("bitAnd({0}, {1}) = {1}", column, bits);
}

std::string ClickHouseDialect::has_a_bit(std::string_view column, uint64_t mask) const {
  return fmt::format("bitAnd({}, {}) <> 0", column, number(mask));
}

std::string ClickHouseDialect::in_numbers(std::string_view operand, std::span<const uint64_t> values) const {
  return fmt::format("{} IN {}", operand,
                     bind("Array(UInt64)", array_of(values, [](uint64_t value) { return std::to_string(value); })));
}

std::string ClickHouseDialect::in_addresses(std::string_view column, std::span<const IpAddress> addresses) const {
  const auto quoted = [](const IpAddress& one) { return fmt::format("'{}'", address_text(one)); };
  return fmt::format("{} IN {}", column, bind("Array(IPv6)", array_of(addresses, quoted)));
}

std::string ClickHouseDialect::in_ranges(std::string_view column, std::span<const IpPrefix> ranges) const {
  const auto first = [](const IpPrefix& range) { return fmt::format("'{}'", address_text(range.first)); };
  const auto last = [](const IpPrefix& range) { return fmt::format("'{}'", address_text(range.last)); };
  return fmt::format("arrayExists((first, last) -> {0} BETWEEN first AND last, {1}, {2})", column,
                     bind("Array(IPv6)", array_of(ranges, first)), bind("Array(IPv6)", array_of(ranges, last)));
}

std::string ClickHouseDialect::contains(std::string_view column, std::string_view part) const {
  return fmt::format("position(lower({}), lower({})) > 0", column, text(part));
}

std::string ClickHouseDialect::has_id(std::string_view column, uint32_t id) const {
  return fmt::format("position(concat('-', {}, '-'), {}) > 0", column, text(fmt::format("-{:08x}-", id)));
}

// Eight digits each: their order is that of the numbers.
std::string ClickHouseDialect::compare_ids(std::string_view column, std::string_view order, uint32_t id) const {
  const std::string value = text(fmt::format("{:08x}", id));
  return fmt::format(
      "(match({0}, '^[0-9a-f]{{8}}-[0-9a-f]{{8}}-[0-9a-f]{{8}}$') AND (substring({0}, 1, 8) {1} {2} OR "
      "substring({0}, 10, 8) {1} {2} OR substring({0}, 19, 8) {1} {2}))",
      column, order, value);
}

// A backslash is special here.
std::string ClickHouseDialect::like(std::string_view column, std::string_view pattern) const {
  std::string plain;
  for (const char c : pattern) {
    if (c == '\\') plain += '\\';
    plain += c;
  }
  return fmt::format("{} LIKE {}", column, text(plain));
}

// Here '.' takes a newline, too, unless it is told not to.
std::string ClickHouseDialect::matches(std::string_view column, std::string_view regex) const {
  return fmt::format("match({}, {})", column, text(fmt::format("(?-s){}", regex)));
}

std::string ClickHouseDialect::computed(Operand::Of of, std::string_view column) const {
  using Of = Operand::Of;
  constexpr std::string_view kDuration =
      "if(time_flow_end >= time_flow_start, intDiv(toInt128(toUnixTimestamp64Micro(time_flow_end)) - "
      "toUnixTimestamp64Micro(time_flow_start), 1000), NULL)";
  const auto rate = [](std::string_view counter, unsigned factor, std::string_view by) {
    return fmt::format("if({2} = 0, toInt128({0}) * 0, intDivOrZero(toInt128({0}) * {1}, {2}))", counter, factor, by);
  };
  switch (of) {
    case Of::high_byte:
      return fmt::format("bitAnd(bitShiftRight({}, 8), 255)", column);
    case Of::low_byte:
      return fmt::format("bitAnd({}, 255)", column);
    case Of::or_one:
      return fmt::format("ifNull({}, 1)", column);
    case Of::pps:
      return rate("packets", 1000, kDuration);
    case Of::bps:
      return rate("bytes", 8000, kDuration);
    case Of::bpp:
      return rate("bytes", 1, "packets");
    default:
      return std::string(kDuration);
  }
}

}  // namespace weir::filter
