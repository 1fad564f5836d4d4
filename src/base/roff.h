// Text of manual pages: macros of man(7).
#pragma once

#include <string>
#include <string_view>

namespace weir {

// The text as it is to be read: no character of it is a request or an escape of roff. Ends with a newline. Long lines are
// broken between words, as they are filled anyway.
std::string roff_text(std::string_view text);

// The same between .nf and .fi: lines stay as they are.
std::string roff_lines(std::string_view text);

// The same in one line, for the argument of a macro: in quotes.
std::string roff_argument(std::string_view text);

}  // namespace weir
