// Which names a collector reports: the expressions of --collector.X.device-include and -exclude. Users write them for
// RE2, the syntax of Go. They are translated to POSIX extended expressions for regcomp(3); what those cannot express is
// refused.
#pragma once

#include <cstdint>
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

// Translates RE2 to POSIX extended: \d \w \s and their complements (also in brackets), \t \n \xHH, (?:...),
// (?P<name>...). (?i) at the start sets `icase`. Refuses non-greedy repetition, other flags, \p and \Q.
Result<std::string> translate_expression(std::string_view expression, bool& icase);

// A compiled expression. It matches anywhere in a name, as Go's MatchString does, unless the user wrote anchors.
class Pattern {
 public:
  // The error names the flag.
  static Result<Pattern> compile(std::string_view expression, std::string_view flag);
  bool matches(std::string_view name) const;
  // Frees the states that glibc built while matching: 2 KiB for nearly each byte of a new name. matches() does this
  // from time to time.
  void free_states() const;

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
  mutable std::unique_ptr<Compiled, Free> compiled_;  // none: freed
};

// A Selection, compiled. Keeps its answers, since names repeat at each scrape. One thread at a time.
class Selector {
 public:
  // Selects all names.
  Selector() = default;
  // `flag` is the name of the flag without "-include" and "-exclude", such as "--collector.diskstats.device". Both at
  // once are refused.
  static Result<Selector> compile(const Selection& selection, std::string_view flag);
  // Selects the names that `expression` matches; all names if it is empty.
  static Result<Selector> only(std::string_view expression, std::string_view flag);

  // Allocates nothing for a name that was asked about before.
  bool selects(std::string_view name) const;
  // Frees what matching took. To be called when all names are known.
  void shrink() const {
    if (expression_) expression_->free_states();
  }

 private:
  // Bounded, as devices come and go under ever new names.
  static constexpr size_t kMaxKept = 4096;
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };

  std::optional<Pattern> expression_;
  bool wanted_ = true;  // false: a match excludes
  mutable std::unordered_map<std::string, bool, Hash, std::equal_to<>> kept_;
};

}  // namespace weir::host
