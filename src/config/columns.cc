#include "config/columns.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <vector>

namespace weir::config {
namespace {

using flow::ColumnType;
using flow::Conversion;

constexpr auto kTypes =
    std::to_array<ColumnType>({ColumnType::u8, ColumnType::u16, ColumnType::u32, ColumnType::u64, ColumnType::text,
                               ColumnType::address, ColumnType::mac, ColumnType::timestamp, ColumnType::f64});
constexpr auto kConversions = std::to_array<Conversion>(
    {Conversion::uint, Conversion::text, Conversion::address, Conversion::mac, Conversion::real, Conversion::seconds,
     Conversion::milliseconds, Conversion::ntp, Conversion::delta_us, Conversion::uptime_ms, Conversion::mpls_label,
     Conversion::high_byte, Conversion::low_byte, Conversion::forwarding_status, Conversion::application_id});

// Says in an IPFIX template that an enterprise number follows. NetFlow v9 has the same elements of vendors, with the
// bit and without an enterprise number.
constexpr uint16_t kEnterpriseBit = 0x8000;

constexpr size_t words_in(std::string_view list) {
  size_t words = 1;
  for (const char c : list) words += c == ' ' ? 1 : 0;
  return words;
}
static_assert(words_in(kTypeNames) == kTypes.size() && words_in(kConversionNames) == kConversions.size());

// The value whose name is the same place in the list.
template <class Values>
auto named(const Values& values, std::string_view names, std::string_view name)
    -> std::optional<typename Values::value_type> {
  for (const auto value : values) {
    const std::string_view first = names.substr(0, names.find(' '));
    if (first == name) return value;
    names.remove_prefix(std::min(first.size() + 1, names.size()));
  }
  return std::nullopt;
}

std::optional<uint64_t> number(std::string_view text, uint64_t most) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

}  // namespace

std::optional<Element> parse_element(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto enterprise = number(text.substr(0, colon), UINT32_MAX);
  const auto element = number(text.substr(colon + 1), UINT16_MAX);
  if (!enterprise || !element || (*element & ~kEnterpriseBit) == 0) return std::nullopt;
  return Element{static_cast<uint32_t>(*enterprise), static_cast<uint16_t>(*element)};
}

std::string to_string(const Element& element) { return fmt::format("{}:{}", element.enterprise, element.number); }

Result<flow::SchemaPtr> flow_schema(std::span<const Column> columns) {
  std::vector<flow::ConfiguredColumn> configured;
  for (const Column& column : columns) {
    const auto type = named(kTypes, kTypeNames, column.type);
    const auto conversion = named(kConversions, kConversionNames, column.conversion);
    if (!type) return fail("column {}: there is no type \"{}\"", column.name, column.type);
    if (!conversion && !column.conversion.empty())
      return fail("column {}: there is no conversion \"{}\"", column.name, column.conversion);
    const auto [enterprise, number] = column.element;
    const bool with_bit = enterprise != 0 && (number & kEnterpriseBit) != 0;
    const auto plain = static_cast<uint16_t>(with_bit ? number & ~kEnterpriseBit : number);
    configured.push_back({column.name, *type, enterprise, plain, conversion});
    if (with_bit) configured.push_back({column.name, *type, 0, number, conversion});
  }
  return flow::Schema::flows_with(configured);
}

}  // namespace weir::config
