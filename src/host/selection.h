// Which names a user wants, by regular expressions: the flags --collector.X.device-include and -exclude and their kin.
//
// Compiled once by regcomp(3), so that no regular expression library is part of the program. What users write for
// node_exporter is RE2's syntax; where POSIX extended expressions differ it is translated: \d \w \s and their
// opposites,
// (?:...), and (?i) at the begin. Other groups of the form (?...) are refused.
#pragma once

#include <regex.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "host/options.h"

namespace weir::host {

class Pattern {
 public:
  // The error names the expression and what is wrong with it.
  static Result<Pattern> compile(std::string_view expression);
  // Somewhere in the name, unless the expression has anchors. It may allocate: ask once for each name, not each scrape.
  bool matches(std::string_view name) const;

 private:
  struct Free {
    void operator()(regex_t* compiled) const {
      ::regfree(compiled);
      delete compiled;
    }
  };
  std::unique_ptr<regex_t, Free> compiled_;
};

// RE2's syntax as a POSIX extended expression.
struct Translated {
  std::string expression;
  bool ignore_case = false;
};
Result<Translated> posix_expression(std::string_view expression);

class Selector {
 public:
  // Fails if both expressions are given, or one is bad. `flag` is what the user knows it by, for the message.
  static Result<Selector> compile(const Selection& selection, std::string_view flag);
  // Everything without expressions. It may allocate, as Pattern::matches.
  bool selects(std::string_view name) const;

 private:
  std::unique_ptr<Pattern> include_;
  std::unique_ptr<Pattern> exclude_;
};

}  // namespace weir::host
