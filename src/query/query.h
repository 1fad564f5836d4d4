// A question about flows, before it is SQL of any engine: the command line and the API fill these, a planner reads
// them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "filter/filter.h"
#include "flow/columns.gen.h"

namespace weir::query {

using filter::Filter;

// Flows received in [from, to); an end that is not given is open.
struct Window {
  std::optional<Timestamp> from;
  std::optional<Timestamp> to;
};

// What flows are grouped by.
struct Dimension {
  enum class Kind : uint8_t {
    column,   // columns[0]
    either,   // columns[0] and columns[1]: each flow counts once for each
    network,  // columns[0], an address, cut to v4_bits or v6_bits
    routed,   // columns[0], an address, cut to the length in columns[1]
  };
  std::string name;  // of the result column
  Kind kind = Kind::column;
  std::vector<std::string> columns;
  uint8_t v4_bits = 32;
  uint8_t v6_bits = 128;
};

enum class Metric : uint8_t { bytes, packets, flows, bps, pps, bpp };

struct TopQuery {
  Window window;
  Filter filter;
  std::vector<Dimension> by;  // none: one row of totals; at most one of Kind::either
  Metric order = Metric::bytes;
  bool ascending = false;
  uint64_t limit = 10;  // 0: all
  bool scaled = true;   // counters times sampling_rate
};

struct FlowsQuery {
  Window window;
  Filter filter;
  std::vector<std::string> columns;
  std::optional<std::string> order;  // none: as stored, oldest segment first
  bool ascending = true;
  uint64_t limit = 100;  // 0: all
};

std::string_view name(Metric metric);
std::optional<Metric> parse_metric(std::string_view text);

// Knows the columns that this version does not: those that the operator added, from the files of a store. Not asked for
// any other name. Empty: there are none.
using MoreColumns = std::function<std::optional<flow::ColumnType>(std::string_view name)>;

// The type of a column; nothing if there is no column of that name.
std::optional<flow::ColumnType> find_column(std::string_view name, const MoreColumns& more = {});

// A list of dimensions, "src_addr,dst_port": column names, nfdump's element names (srcip, dstport, as, srcnet, record
// ...), or an address cut to a prefix: src_addr/24 (IPv6 to /64), src_addr/24/48.
Result<std::vector<Dimension>> parse_dimensions(std::string_view list, const MoreColumns& more = {});

// The names of nfdump's elements among them, which are no columns.
std::vector<std::string_view> dimension_names();

// "src_addr,dst_port": column names only.
Result<std::vector<std::string>> parse_columns(std::string_view list, const MoreColumns& more = {});

// nfdump's -s: ELEMENT[:p][/ORDER[:a|:d]], such as "srcip/bytes" or "dstport:p/flows". Fills by, order and ascending.
Result<> parse_statistic(std::string_view text, TopQuery& query, const MoreColumns& more = {});

}  // namespace weir::query
