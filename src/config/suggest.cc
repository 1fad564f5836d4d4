#include "config/suggest.h"

#include <fmt/format.h>

#include <vector>

#include "base/nearest.h"
#include "base/terminal_text.h"
#include "base/utf8.h"
#include "config/keys.h"

namespace weir::config {
namespace {

// "; max_age belongs below [retention]"
std::string right_section(Sections sections, std::string_view name) {
  for (const Section* section : sections) {
    if (find_key(*section, name) != nullptr) return fmt::format("; {} belongs below [{}]", name, section->name);
  }
  return {};
}

}  // namespace

std::string suggest_section(Sections sections, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Section* section : sections) names.push_back(section->name);
  const std::string text = did_you_mean(name, names);
  return text.empty() ? right_section(sections, name) : text;
}

std::string suggest_key(Sections sections, const Section& section, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Key& key : section.keys) names.push_back(key.name);
  const std::string text = did_you_mean(name, names);
  return text.empty() ? right_section(sections, name) : text;
}

std::string printable(std::string_view text) {
  constexpr size_t most = 80;
  const std::string line = terminal_text(utf8_prefix(text, most));
  return text.size() > most ? line + "..." : line;
}

}  // namespace weir::config
