// DuckDB's rows -> values.
#pragma once

#include <string>
#include <vector>

#include "duck/duck.h"
#include "query/result.h"

namespace weir::query {

// Types that rows_to() has no value for are turned into text or numbers by SQL first: the expression for a column of
// that type, empty if the column can be read as it is.
std::string readable_expression(duckdb_type type, const std::string& quoted_name);

// Whether and how the columns of `describe` need that: the statement around `sql`, or `sql` itself.
std::string readable_statement(const std::string& sql, const std::vector<duck::ColumnInfo>& columns);

// The same for addresses as text: the statement around `sql`.
std::string text_addresses_statement(const std::string& sql, const std::vector<duck::ColumnInfo>& columns);

// All rows to the sink, begin and end included. `types` are the types before readable_statement. Sets `begun` once the
// sink has seen anything.
duck::Result<> rows_to(duck::Rows& rows, const std::vector<duck::ColumnInfo>& types, RowSink& sink, bool& begun);

}  // namespace weir::query
