// Text as JSON (RFC 8259), for everything that prints objects.
#pragma once

#include <string>
#include <string_view>

namespace weir {

// Appends `text` as a JSON string with its quotes. What exporters send as text need not be UTF-8: a byte that is not
// part of valid UTF-8 appears as the four characters \xNN, so that the result is always valid and nothing is lost.
void append_json_string(std::string& out, std::string_view text);

// Appends a number with as many digits as it needs; null for what JSON cannot say (NaN, infinities).
void append_json_real(std::string& out, double value);

}  // namespace weir
