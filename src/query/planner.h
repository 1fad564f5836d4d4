// Query -> SQL. The plans are written against Dialect; what an engine must offer besides is the relation `flows`.
#pragma once

#include <string>
#include <vector>

#include "query/dialect.h"
#include "query/query.h"

namespace weir::query {

// The result columns of plan_top: the dimensions in order, then flows, packets, bytes, then the rate if the order is
// one, then the totals over all groups, the same in every row. If no flow matches, there is one row with zero groups.
struct TopShape {
  size_t dimensions = 0;
  size_t flows = 0;  // position of the column; packets and bytes follow
  size_t packets = 0;
  size_t bytes = 0;
  size_t rate = 0;    // 0: there is none
  size_t totals = 0;  // position of the first of: groups, flows, packets, bytes, first and last time_received, greatest
                      // sampling_rate
  static constexpr size_t kTotals = 7;
};

TopShape shape_of(const TopQuery& query);
std::string plan_top(const TopQuery& query, const Dialect& dialect);
std::string plan_flows(const FlowsQuery& query, const Dialect& dialect);

// The condition of a window and a filter together.
std::string where_sql(const Window& window, const Filter& filter, const Dialect& dialect);

}  // namespace weir::query
