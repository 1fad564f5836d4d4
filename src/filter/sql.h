// Filter -> SQL condition on the columns of `flows`.
#pragma once

#include <string>

#include "query/dialect.h"
#include "query/filter.h"

namespace weir::query {

// The condition is true for exactly the rows that the filter wants; for others it is false or null, as in WHERE.
// Conditions on one column stay bare comparisons with constants, so that an engine can skip row groups by their minimum
// and maximum. Text of the user never gets into the SQL: only column names of ours, validated numbers and addresses do.
std::string filter_sql(const Filter& filter, const Dialect& dialect);

}  // namespace weir::query
