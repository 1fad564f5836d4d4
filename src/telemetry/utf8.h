// Text of others inside the exposition formats: valid UTF-8, escaped.
#pragma once

#include <string>
#include <string_view>

namespace weir::telemetry {

// Escapes `\`, line feed and `"`; bytes that are not UTF-8 become U+FFFD each.
void append_label_value(std::string& out, std::string_view value);
// The same but for `"`, which HELP leaves alone in the text format.
void append_help(std::string& out, std::string_view help);

}  // namespace weir::telemetry
