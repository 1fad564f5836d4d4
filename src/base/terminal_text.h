// Text that others chose, for people: on a terminal, in a log. Whatever is not seen as what it is becomes an escape
// that is seen. Every table, message and log line goes through here; formats for programs (json, csv) have their own.
//
//   \x1b         a control character (C0, DEL), or a byte that is no part of a character (RFC 3629)
//   \u009b       a control character of C1, which some terminals obey
//   \u202e       a character that turns the direction of others, ends the line, joins, or is shown as nothing
//   \U000e0041   the same past U+FFFF
#pragma once

#include <string>
#include <string_view>

namespace weir {

// On one line: a line feed is escaped, too.
std::string terminal_text(std::string_view text);
// The same of a message that has lines of its own: they stay.
std::string terminal_lines(std::string_view text);

// How many columns of a terminal the result of these takes, one for each code point.
size_t display_width(std::string_view utf8);

}  // namespace weir
