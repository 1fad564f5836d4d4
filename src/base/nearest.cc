#include "base/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "base/letters.h"

namespace weir {
namespace {

bool begins_with(std::string_view text, std::string_view begin) {
  return equals_ignoring_case(text.substr(0, begin.size()), begin);
}

constexpr size_t kLongestWord = 40;

// How many letters to add, to take away, to change or to swap with their neighbour make one word of the other. Neither
// is longer than kLongestWord.
size_t distance(std::string_view a, std::string_view b) {
  using Row = std::array<size_t, kLongestWord + 1>;
  std::array<Row, 3> rows{};  // the last three, in turn
  std::iota(rows[0].begin(), rows[0].end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    Row& row = rows[i % 3];
    const Row& last = rows[(i + 2) % 3];
    const Row& before_last = rows[(i + 1) % 3];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = last[j - 1] + (to_lower(a[i - 1]) == to_lower(b[j - 1]) ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, change});
      if (i > 1 && j > 1 && to_lower(a[i - 1]) == to_lower(b[j - 2]) && to_lower(a[i - 2]) == to_lower(b[j - 1]))
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return rows[a.size() % 3][b.size()];
}

}  // namespace

std::string_view nearest(std::string_view written, std::span<const std::string_view> known) {
  if (written.size() < 2 || written.size() > kLongestWord) return {};
  std::string_view best;
  bool best_is_begun = false;
  size_t least = written.size() / 4 + 2;  // one mistake in short words, one more for each four letters
  for (const std::string_view name : known) {
    if (name.size() > kLongestWord) continue;
    const bool begun = begins_with(name, written);  // wins a tie
    const size_t apart = begun && written.size() >= 3 ? 1 : distance(written, name);
    const bool wins = apart < least || (apart == least && begun && !best_is_begun && !best.empty());
    if (wins && apart < name.size()) {
      best = name;
      best_is_begun = begun;
      least = apart;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view written, std::span<const std::string_view> known) {
  const std::string_view name = nearest(written, known);
  return name.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", name);
}

}  // namespace weir
