// The text format of Prometheus, version 0.0.4, as files of the textfile collector hold it: strictly, since one bad
// line in a scrape costs the whole scrape.
//
//   # HELP name text with \\ and \n
//   # TYPE name counter|gauge|histogram|summary|untyped
//   name{label="value with \\, \" and \n",...} number
//
// Refused, each with the number of the line: anything else, timestamps, a last line without its end, the same sample
// twice, the same label twice, HELP or TYPE twice or TYPE after a sample, samples that do not fit their type, values
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
  // Whole lines without their end: labels in the order of the alphabet, one space, the shortest form of the number. Two
  // are the same series if what stands before the last space is the same.
  std::vector<std::string> samples;
};

// What stands before the number.
std::string_view series_of(std::string_view sample);

// The families that have samples, in the order of their first mention.
Result<std::vector<TextFamily>> parse_text_format(std::string_view text);

}  // namespace weir::host
