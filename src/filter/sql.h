// Filter tree -> the condition of a WHERE. It is never null for a row whose filter holds, and never true for another.
#pragma once

#include <string>

#include "filter/dialect.h"
#include "filter/filter.h"

namespace weir::filter {

std::string filter_sql(const Filter& filter, const Dialect& dialect);

}  // namespace weir::filter
