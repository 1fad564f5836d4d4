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

// At most `width` columns of it; if something is cut, it ends in "…".
std::string cut_to_width(std::string_view utf8, size_t width);

// "999", "12.3 k", "1.5 G": powers of 1000.
std::string human_number(double number);
// A floating-point number with as many digits as it needs.
std::string real_text(double number);

}  // namespace weir::query
