// What SQL needs to speak of addresses: ip('192.0.2.1'), ip_text(src_addr), in_net(src_addr, '192.0.2.0/24') and names
// of numbers. In SQL alone, so that they also work in a DuckDB shell that knows nothing of Weir.
#pragma once

#include <string>
#include <string_view>

namespace weir::query {

// CREATE OR REPLACE MACRO statements, with comments, ready for a file.
std::string sql_macros();
// Those of them that are not in functions.h.
std::string engine_macros();

// 'text' with its quotes.
std::string sql_literal(std::string_view text);

}  // namespace weir::query
