#include "config/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "config/keys.h"

namespace weir::config {
namespace {

// Levenshtein's distance: insertions, deletions and replacements of one character.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// Near enough to be a slip: a third of the name, or the beginning of it. 0 is the nearest; nothing at all is SIZE_MAX.
size_t nearness(std::string_view written, std::string_view known) {
  if (written.size() > 64) return SIZE_MAX;
  if (written.size() >= 3 && known.starts_with(written)) return 1;
  const size_t d = distance(written, known);
  return d <= (known.size() <= 3 ? 1 : std::max<size_t>(2, known.size() / 3)) ? d : SIZE_MAX;
}

// The nearest of some names.
class Nearest {
 public:
  explicit Nearest(std::string_view written) : written_(written) {}
  void offer(std::string_view known) {
    if (const size_t n = nearness(written_, known); n < nearness_) nearness_ = n, name_ = known;
  }
  // Empty if none is near.
  std::string text() const { return name_.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", name_); }

 private:
  std::string_view written_;
  std::string_view name_;
  size_t nearness_ = SIZE_MAX;
};

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
  std::string line(text.substr(0, most));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text.size() > most ? line + "..." : line;
}

}  // namespace weir::config
