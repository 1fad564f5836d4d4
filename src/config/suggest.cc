#include "config/suggest.h"

#include <fmt/format.h>

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
  Nearest nearest(name);
  for (const Section* section : sections) nearest.offer(section->name);
  const std::string text = nearest.text();
  return text.empty() ? right_section(sections, name) : text;
}

std::string suggest_key(Sections sections, const Section& section, std::string_view name) {
  Nearest nearest(name);
  for (const Key& key : section.keys) nearest.offer(key.name);
  const std::string text = nearest.text();
  return text.empty() ? right_section(sections, name) : text;
}

std::string printable(std::string_view text) {
  constexpr size_t most = 80;
  const std::string line = terminal_text(utf8_prefix(text, most));
  return text.size() > most ? line + "..." : line;
}

}  // namespace weir::config
