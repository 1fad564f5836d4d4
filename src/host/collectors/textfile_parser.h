// A strict parser of the text format of Prometheus, version 0.0.4, for files of the textfile collector. It is strict
// since one bad line makes Prometheus drop a whole scrape.
//
//   # HELP name text with \\ and \n
//   # TYPE name counter|gauge|histogram|summary|untyped
//   name{label="value with \\, \" and \n",...} number
//
// It refuses, with the number of the line: anything else, timestamps, a last line without its end, the same sample
// twice, the same label twice, HELP or TYPE twice, TYPE after a sample, samples that do not fit their type, and values
// that are not UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::host {

enum class TextType : uint8_t { untyped, counter, gauge, histogram, summary };
std::string_view text_type_name(TextType type);

struct TextFamily {
  std::string name;
  std::optional<std::string> help;  // escapes undone
  TextType type = TextType::untyped;
  // Lines in a normal form, without their end: labels in alphabetical order, one space, the shortest form of the
  // number. What stands before the last space is the series.
  std::vector<std::string> samples;
};

// What stands before the number of a line.
std::string_view series_of(std::string_view sample);

// The families that have samples, in the order of their first mention.
Result<std::vector<TextFamily>> parse_text_format(std::string_view text);

}  // namespace weir::host
