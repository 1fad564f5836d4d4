#include "query/planner.h"

#include <fmt/format.h>

#include <algorithm>

#include "filter/sql.h"
#include "flow/batch.h"

namespace weir::query {
namespace {

using Kind = Dimension::Kind;

bool is_rate(Metric metric) { return metric == Metric::bps || metric == Metric::pps || metric == Metric::bpp; }

const Dimension* either_of(const TopQuery& query) {
  const auto found = std::ranges::find(query.by, Kind::either, &Dimension::kind);
  return found == query.by.end() ? nullptr : &*found;
}

// The lengths that cut an address, as expressions.
std::pair<std::string, std::string> bits_of(const Dimension& dimension) {
  if (dimension.kind == Kind::network) return {std::to_string(dimension.v4_bits), std::to_string(dimension.v6_bits)};
  // Without a length from the exporter the address stays whole.
  const std::string& length = dimension.columns[1];
  return {fmt::format("coalesce({}, 32)", length), fmt::format("coalesce({}, 128)", length)};
}

// What a dimension groups by, in terms of the columns of flows.
std::string key_of(const Dimension& dimension, const Dialect& dialect) {
  const std::string column = dialect.quote_name(dimension.columns[0]);
  switch (dimension.kind) {
    case Kind::column:
      return column;
    case Kind::either:
      return "side";  // made by source_of
    case Kind::network:
    case Kind::routed: {
      const auto [v4, v6] = bits_of(dimension);
      return dialect.network(column, v4, v6);
    }
  }
  return {};
}

// flows, or for a dimension of either side each flow twice, with the value of each side in `side`.
std::string source_of(const TopQuery& query, const std::string& where) {
  const Dimension* either = either_of(query);
  if (either == nullptr) return fmt::format("flows WHERE {}", where);
  return fmt::format("(SELECT *, {} AS side FROM flows WHERE {} UNION ALL SELECT *, {} AS side FROM flows WHERE {})",
                     either->columns[0], where, either->columns[1], where);
}

std::string rate_sql(const TopQuery& query, const Dialect& dialect) {
  const std::string seconds = dialect.seconds_between("seen_first", "seen_last");
  switch (query.order) {
    case Metric::bps:
      return fmt::format("{} * 8 / {}", dialect.real("bytes"), seconds);
    case Metric::pps:
      return fmt::format("{} / {}", dialect.real("packets"), seconds);
    case Metric::bpp:
      return fmt::format("{} / nullif({}, 0)", dialect.real("bytes"), dialect.real("packets"));
    default:
      return {};
  }
}

// The aggregates of a group, for the groups and, where those count flows twice, for the totals.
std::string counters_sql(const TopQuery& query, const Dialect& dialect) {
  std::string sql = fmt::format("count(*) AS flows, {} AS packets, {} AS bytes", dialect.sum("packets", query.scaled),
                                dialect.sum("bytes", query.scaled));
  sql += ", min(time_received) AS received_first, max(time_received) AS received_last, max(sampling_rate) AS rate_max";
  return sql;
}

// With keys k0, k1 ...
std::string groups_sql(const TopQuery& query, const Dialect& dialect, const std::string& where) {
  std::string keys;
  std::string group_by;
  for (size_t i = 0; i < query.by.size(); ++i) {
    keys += fmt::format("{} AS k{}, ", key_of(query.by[i], dialect), i);
    group_by += fmt::format("{}{}", i > 0 ? ", " : " GROUP BY ", i + 1);
  }
  std::string seen;
  if (query.order == Metric::bps || query.order == Metric::pps) {
    seen = ", min(time_flow_start) AS seen_first, max(time_flow_end) AS seen_last";
  }
  return fmt::format("SELECT {}{}{} FROM {}{}", keys, counters_sql(query, dialect), seen, source_of(query, where),
                     group_by);
}

std::string totals_sql(const TopQuery& query, const Dialect& dialect, const std::string& where) {
  const std::string sums =
      "sum(flows) AS total_flows, sum(packets) AS total_packets, sum(bytes) AS total_bytes, "
      "min(received_first) AS total_first, "
      "max(received_last) AS total_last, max(rate_max) AS total_rate";
  if (either_of(query) == nullptr) return fmt::format("SELECT count(*) AS groups, {} FROM g", sums);
  return fmt::format("SELECT (SELECT count(*) FROM g) AS groups, {} FROM (SELECT {} FROM flows WHERE {})", sums,
                     counters_sql(query, dialect), where);
}

// The result column of a dimension: the key itself, or the prefix as text.
std::string shown_sql(const Dimension& dimension, size_t index, const Dialect& dialect) {
  if (dimension.kind != Kind::network) return fmt::format("k{}", index);
  const auto [v4, v6] = bits_of(dimension);
  return dialect.network_text(fmt::format("k{}", index), v4, v6);
}

}  // namespace

std::string where_sql(const Window& window, const Filter& filter, const Dialect& dialect) {
  std::string sql;
  if (window.from) sql += fmt::format("time_received >= {} AND ", dialect.time(*window.from));
  if (window.to) sql += fmt::format("time_received < {} AND ", dialect.time(*window.to));
  return sql + filter::filter_sql(filter, dialect);
}

TopShape shape_of(const TopQuery& query) {
  TopShape shape;
  shape.dimensions = query.by.size();
  shape.flows = shape.dimensions;
  shape.packets = shape.flows + 1;
  shape.bytes = shape.flows + 2;
  shape.totals = shape.flows + 3;
  if (is_rate(query.order)) shape.rate = shape.totals++;
  return shape;
}

// WITH g = all groups, t = their totals: one pass over the flows gives both.
std::string plan_top(const TopQuery& query, const Dialect& dialect) {
  const std::string where = where_sql(query.window, query.filter, dialect);
  const bool rate = is_rate(query.order);
  std::string shown;
  std::string ties;
  for (size_t i = 0; i < query.by.size(); ++i) {
    shown += fmt::format("{} AS {}, ", shown_sql(query.by[i], i, dialect), dialect.quote_name(query.by[i].name));
    ties += fmt::format(", k{} NULLS LAST", i);
  }
  const auto order = [&](std::string_view relation) {
    return fmt::format("ORDER BY {}.{} {} NULLS LAST{}", relation, name(query.order), query.ascending ? "ASC" : "DESC",
                       ties);
  };
  const std::string rate_column = rate ? fmt::format(", {} AS {}", rate_sql(query, dialect), name(query.order)) : "";
  return fmt::format(
      "WITH g AS MATERIALIZED ({groups}), t AS ({totals}), r AS (SELECT *{rate} FROM g), "
      "top AS (SELECT * FROM r {order_groups}{limit}) "
      "SELECT {shown}flows, packets, bytes{rate_name}, t.* FROM t LEFT JOIN top ON groups > 0 {order_rows}",
      fmt::arg("groups", groups_sql(query, dialect, where)), fmt::arg("totals", totals_sql(query, dialect, where)),
      fmt::arg("rate", rate_column), fmt::arg("order_groups", order("r")), fmt::arg("order_rows", order("top")),
      fmt::arg("limit", query.limit > 0 ? fmt::format(" LIMIT {}", query.limit) : ""), fmt::arg("shown", shown),
      fmt::arg("rate_name", rate ? fmt::format(", {}", name(query.order)) : ""));
}

std::string plan_flows(const FlowsQuery& query, const Dialect& dialect) {
  std::string columns;
  for (const std::string& column : query.columns) {
    columns += fmt::format("{}{}", columns.empty() ? "" : ", ", dialect.quote_name(column));
  }
  std::string sql =
      fmt::format("SELECT {} FROM flows WHERE {}", columns, where_sql(query.window, query.filter, dialect));
  if (query.order) {
    sql +=
        fmt::format(" ORDER BY {} {} NULLS LAST", dialect.quote_name(*query.order), query.ascending ? "ASC" : "DESC");
  }
  if (query.limit > 0) sql += fmt::format(" LIMIT {}", query.limit);
  return sql;
}

}  // namespace weir::query
