// Which names a collector reports: the expressions of --collector.X.device-include and -exclude. Users write them for
// Go's RE2; POSIX extended expressions with the rest translated are the same language but for what is refused here.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

namespace weir::host {

// Expressions over a name, as the user wrote them; at most one of both.
struct Selection {
  std::string include;
  std::string exclude;
};

// RE2 as POSIX extended: \d \w \s and their complements (also in brackets), \t \n \xHH, (?:...), (?P<name>...).
// Refuses what POSIX cannot say: non-greedy repetition, flags other than (?i) at the begin, \p, \Q. `icase` is set by
// (?i).
Result<std::string> translate_expression(std::string_view expression, bool& icase);

// A compiled expression. Finds it anywhere in a name, as Go's MatchString does: anchors are the user's.
class Pattern {
 public:
  // The error names the flag that the expression is from.
  static Result<Pattern> compile(std::string_view expression, std::string_view flag);
  bool matches(std::string_view name) const;
  // Gives up what was remembered while matching: glibc adds a state of 2 KiB for nearly each octet of a new name. Done
  // by itself too, from time to time.
  void forget() const;

 private:
  static constexpr uint32_t kMatchesKept = 64;
  struct Compiled;
  struct Free {
    void operator()(Compiled* compiled) const;
  };
  Pattern(std::string expression, int flags) : expression_(std::move(expression)), flags_(flags) {}
  int compile() const;  // 0, or an error of regcomp

  std::string expression_;  // translated
  int flags_;
  mutable uint32_t matches_ = 0;
  mutable std::unique_ptr<Compiled, Free> compiled_;  // none: forgotten
};

// Include or exclude. Names repeat at each scrape. One thread at a time.
class Selector {
 public:
  // Selects all names.
  Selector() = default;
  // `flag` is what the user knows it by, without "-include" and "-exclude": "--collector.diskstats.device". Both at
  // once are refused: there is no one obvious meaning.
  static Result<Selector> compile(const Selection& selection, std::string_view flag);
  // Those that `expression` matches; all if it is empty.
  static Result<Selector> only(std::string_view expression, std::string_view flag);

  // The answer is kept: nothing is allocated for a name that was asked about before.
  bool selects(std::string_view name) const;
  // For whoever has asked about all names that there are: the expression gives up the memory that it took.
  void rest() const {
    if (expression_) expression_->forget();
  }

 private:
  // Names of devices that come and go must not add up.
  static constexpr size_t kMaxKept = 4096;
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };

  std::optional<Pattern> expression_;
  bool wanted_ = true;  // what a match means
  mutable std::unordered_map<std::string, bool, Hash, std::equal_to<>> kept_;
};

}  // namespace weir::host
