// Values as text, each in the way of its format.
#pragma once

#include <string>
#include <string_view>

#include "query/result.h"

namespace weir::query {

// The value as plain text, exact: addresses, times as RFC 3339 with microseconds, MAC addresses; null is empty.
std::string plain_text(const Value& value);

// Adds the value as JSON: integers exact, numbers that JSON cannot say (NaN, infinities) as null.
void append_json(std::string& out, const Value& value);

// Text that a terminal cannot be harmed by: control characters as \xNN, invalid UTF-8 replaced by U+FFFD.
std::string terminal_text(std::string_view text);

// How many columns of a terminal valid UTF-8 takes, one for each code point.
size_t display_width(std::string_view utf8);
// At most `width` columns of it; if something is cut, it ends in "…".
std::string cut_to_width(std::string_view utf8, size_t width);

// "999", "12.3 k", "1.5 G": powers of 1000.
std::string human_number(double number);
// A floating-point number with as many digits as it needs.
std::string real_text(double number);

}  // namespace weir::query
