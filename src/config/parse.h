// TOML text -> Config. Every problem is reported, all at once, each with its place.
//
//   weir.toml:3:18: store.flush_interval: 5 is not allowed: it must be a duration from "100ms" to "1h": ...
//   weir.toml:7:1: store.compakt: there is no such key; did you mean "compact"?
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/keys.h"

namespace weir::config {

// Configurations are written by people; one of more than this is another file.
inline constexpr size_t kMaxFileBytes = size_t{1} << 20;

struct Problem {
  size_t line = 0;  // from 1; 0 if it concerns the file as a whole
  size_t column = 0;
  std::string text;  // "section.key: what is wrong, and what is allowed"
};

// file:line:column: text
std::string to_string(const Problem& problem, std::string_view file);

// The configuration, or all problems in the order of the file (after a syntax error: that one only).
std::expected<Config, std::vector<Problem>> parse(std::string_view text, Sections sections = config::sections());

// file:line:column of a key that is in the file, else only the file. For what is wrong with a value and can only be
// seen by somebody else, such as a file that it names.
std::string place(const std::string& file, std::string_view section, std::string_view key);

// Reads and parses a file; the error holds one line for each problem.
Result<Config> load(const std::string& file, Sections sections);

}  // namespace weir::config
