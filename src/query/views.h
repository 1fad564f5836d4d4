// Answers of `weir top` and `weir flows` as people read them: units, names instead of numbers, shares, a footer.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "query/planner.h"
#include "query/query.h"
#include "query/result.h"

namespace weir::query {

// Numbers with units ("1.5 G") or exact.
enum class Units : uint8_t { human, plain };

// What a footer says of how an answer came about.
struct Effort {
  size_t files = 0;
  uint64_t bytes = 0;
  size_t missing = 0;  // parts of the store
  Micros time{0};
};

// The rows of plan_top without the totals: for programs.
ResultTable top_rows(const TopQuery& query, const ResultTable& answer);
// The same for people, with shares.
ResultTable top_view(const TopQuery& query, const ResultTable& answer, Units units);
// Totals over all groups, the time they were received in, the averages, sampling, effort. Lines with their ends.
std::string top_footer(const TopQuery& query, const ResultTable& answer, Units units, const Effort& effort);

// "3 files, 12.3 MB read in 0.12 s"
std::string to_string(const Effort& effort);

// The columns of the line of a flow, in the order that FlowLines expects.
std::span<const flow::Column> flow_line_columns();

// Rows of flow_line_columns() -> the cells of nfdump's line: start, duration, protocol, endpoints, counters, exporter.
class FlowLines final : public RowSink {
 public:
  // width: of the screen, 0 if unknown; a narrow one gets fewer columns rather than half addresses.
  FlowLines(RowSink& printer, Units units, size_t width = 0) : printer_(printer), units_(units), width_(width) {}
  Result<> begin(std::span<const ResultColumn> columns) override;
  Result<> row(std::span<const Value> values) override;
  Result<> end() override { return printer_.end(); }
  void incomplete(std::span<const store::LeftOut> missing) override { printer_.incomplete(missing); }

 private:
  std::vector<size_t> kept() const;  // positions of the columns that are shown

  RowSink& printer_;
  Units units_;
  size_t width_;
  bool short_ = false;
  bool without_duration_ = false;
};

// Rows of any columns -> the same with names for numbers that have one (proto, type, TCP flags).
class NamedColumns final : public RowSink {
 public:
  NamedColumns(RowSink& printer, Units units) : printer_(printer), units_(units) {}
  Result<> begin(std::span<const ResultColumn> columns) override;
  Result<> row(std::span<const Value> values) override;
  Result<> end() override { return printer_.end(); }
  void incomplete(std::span<const store::LeftOut> missing) override { printer_.incomplete(missing); }

 private:
  RowSink& printer_;
  Units units_;
  std::vector<ResultColumn> columns_;
};

// A value of a column of flows for people: "6 TCP", "0x0800", "...AP.S."; numbers of counters by `units`.
std::string shown(std::string_view column, const Value& value, Units units);

}  // namespace weir::query
