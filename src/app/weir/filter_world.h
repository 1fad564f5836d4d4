// What filters on the command line may ask for: host names, and the files that the user names.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "filter/filter.h"

namespace weir::app {

// With the columns that `more` knows.
filter::World filter_world(std::function<std::optional<flow::ColumnType>(std::string_view name)> more);

}  // namespace weir::app
