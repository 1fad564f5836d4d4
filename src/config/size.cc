#include "config/size.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace weir::config {
namespace {

struct Unit {
  std::string_view name;
  uint64_t bytes;
};

// Largest first within each family: size_to_string takes the first that divides.
constexpr std::array<Unit, 8> kUnits = {{{"Ti", uint64_t{1} << 40},
                                         {"Gi", uint64_t{1} << 30},
                                         {"Mi", uint64_t{1} << 20},
                                         {"Ki", uint64_t{1} << 10},
                                         {"T", 1'000'000'000'000},
                                         {"G", 1'000'000'000},
                                         {"M", 1'000'000},
                                         {"k", 1'000}}};

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if ((a[i] | 0x20) != (b[i] | 0x20)) return false;
  }
  return true;
}

}  // namespace

std::optional<uint64_t> parse_size(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || !(value >= 0)) return std::nullopt;
  std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  if (unit.ends_with('B') || unit.ends_with('b')) unit.remove_suffix(1);
  uint64_t factor = unit.empty() ? 1 : 0;
  for (const Unit& candidate : kUnits) {
    if (equal_ignoring_case(unit, candidate.name)) factor = candidate.bytes;
  }
  const double bytes = value * static_cast<double>(factor);
  if (factor == 0 || !(bytes < 9.2e18)) return std::nullopt;
  return static_cast<uint64_t>(std::llround(bytes));
}

std::string size_to_string(uint64_t bytes) {
  for (const Unit& unit : kUnits) {
    if (bytes >= unit.bytes && bytes % unit.bytes == 0) return fmt::format("{}{}B", bytes / unit.bytes, unit.name);
  }
  return fmt::format("{}B", bytes);
}

}  // namespace weir::config
