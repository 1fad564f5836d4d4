#include "host/kernel/key_value.h"

#include "base/text.h"

namespace weir::host {

std::optional<uint64_t> keyed_value(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    std::string_view line = next_line(text);
    if (next_word(line) == key) return parse_number<uint64_t>(next_word(line));
  }
  return std::nullopt;
}

std::optional<double> parse_human(std::string_view text) {
  text = trimmed(text);
  constexpr std::string_view kPerSecond = "/sec";
  if (text.ends_with(kPerSecond)) text.remove_suffix(kPerSecond.size());
  double factor = 1;
  constexpr std::string_view kUnits = "KMGTPE";
  if (!text.empty()) {
    const char unit = text.back() == 'k' ? 'K' : text.back();
    const size_t power = kUnits.find(unit);
    if (power != std::string_view::npos) {
      for (size_t i = 0; i <= power; ++i) factor *= 1024;
      text.remove_suffix(1);
    }
  }
  const auto number = parse_number<double>(trimmed(text));
  if (!number) return std::nullopt;
  return *number * factor;
}

std::optional<double> human_value(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = trimmed(next_line(text));
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ':')
      return parse_human(line.substr(key.size() + 1));
  }
  return std::nullopt;
}

}  // namespace weir::host
