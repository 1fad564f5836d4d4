#include "base/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace weir {
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

}  // namespace

void Nearest::offer(std::string_view known) {
  if (const size_t n = nearness(written_, known); n < nearness_) nearness_ = n, name_ = known;
}

std::string Nearest::text() const {
  return name_.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", name_);
}

}  // namespace weir
