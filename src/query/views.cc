#include "query/views.h"

#include <fmt/format.h>

#include <array>

#include "filter/protocols.h"
#include "flow/batch.h"
#include "flow/flow_type.h"
#include "query/text.h"

namespace weir::query {
namespace {

using flow::Column;

std::string counter_text(const Value& value, Units units) {
  return units == Units::plain || is_null(value) ? plain_text(value) : human_number(to_double(value));
}

std::string counter_text(double value, Units units) {
  return units == Units::plain ? fmt::format("{:.0f}", value) : human_number(value);
}

// nfdump's picture of the flags: "...AP.SF", most significant first.
std::string flags_text(uint64_t flags) {
  constexpr std::string_view kLetters = "CEUAPRSF";
  std::string text;
  for (size_t i = 0; i < kLetters.size(); ++i) text += (flags >> (7 - i) & 1) != 0 ? kLetters[i] : '.';
  return text;
}

std::string name_or_number(std::string_view name, uint64_t number) {
  return name.empty() ? std::to_string(number) : fmt::format("{} {}", number, name);
}

// Where the totals of plan_top are, from TopShape::totals.
enum Total : size_t { kGroups, kFlows, kPackets, kBytes, kFirst, kLast, kRate };

const Value& total(const TopQuery& query, const ResultTable& answer, Total which) {
  static const Value kNone;
  return answer.rows.empty() ? kNone : answer.rows[0][shape_of(query).totals + which];
}

bool has_groups(const TopQuery& query, const ResultTable& answer) {
  return to_double(total(query, answer, kGroups)) > 0;
}

std::string endpoint(const Value& address, const Value& port, uint64_t proto) {
  const IpAddress* ip = std::get_if<IpAddress>(&address);
  if (ip == nullptr) return is_null(port) ? "-" : fmt::format(":{}", plain_text(port));
  const bool has_port =
      !is_null(port) && (proto == 6 || proto == 17 || proto == 33 || proto == 132 || to_double(port) > 0);
  if (!has_port) return ip->to_string();
  // As in a URL, where the colons of IPv6 would be ambiguous.
  return ip->is_v4() ? fmt::format("{}:{}", ip->to_string(), plain_text(port))
                     : fmt::format("[{}]:{}", ip->to_string(), plain_text(port));
}

std::string short_time(const Value& value) {
  const Timestamp* time = std::get_if<Timestamp>(&value);
  if (time == nullptr) return "-";
  std::string text = plain_text(*time);
  if (text.size() != 27) return text;
  text.resize(23);  // milliseconds
  text[10] = ' ';
  return text;
}

// "2026-11-22 14:05:06.789" -> "14:05:06"
std::string time_of_day(const Value& value) {
  const std::string text = short_time(value);
  return text.size() == 23 ? text.substr(11, 8) : text;
}

std::string duration_text(const Value& start, const Value& end) {
  const Timestamp* from = std::get_if<Timestamp>(&start);
  const Timestamp* to = std::get_if<Timestamp>(&end);
  if (from == nullptr || to == nullptr || *to < *from) return "-";
  return fmt::format("{:.3f}", static_cast<double>(to_us(*to)) / 1e6 - static_cast<double>(to_us(*from)) / 1e6);
}

constexpr std::array<Column, 10> kLineColumns = {
    Column::time_flow_start, Column::time_flow_end, Column::proto,   Column::src_addr, Column::src_port,
    Column::dst_addr,        Column::dst_port,      Column::packets, Column::bytes,    Column::sampler_address};

}  // namespace

std::string shown(std::string_view column, const Value& value, Units units) {
  const uint64_t* number = std::get_if<uint64_t>(&value);
  if (number == nullptr) return plain_text(value);
  if (column == "proto") return name_or_number(filter::protocol_name(*number), *number);
  if (column == "type" && *number <= UINT8_MAX) {
    return name_or_number(flow::name(static_cast<flow::FlowType>(*number)), *number);
  }
  if (column == "tcp_flags" || column == "reverse_tcp_flags") return flags_text(*number);
  if (column == "etype") return fmt::format("0x{:04x}", *number);
  if (column == "bytes" || column == "packets") return counter_text(value, units);
  return plain_text(value);
}

ResultTable top_rows(const TopQuery& query, const ResultTable& answer) {
  const size_t kept = shape_of(query).totals;
  ResultTable table;
  table.columns.assign(answer.columns.begin(), answer.columns.begin() + static_cast<ptrdiff_t>(kept));
  table.missing = answer.missing;
  if (!has_groups(query, answer)) return table;
  for (const std::vector<Value>& row : answer.rows) {
    table.rows.emplace_back(row.begin(), row.begin() + static_cast<ptrdiff_t>(kept));
  }
  return table;
}

ResultTable top_view(const TopQuery& query, const ResultTable& answer, Units units) {
  const TopShape shape = shape_of(query);
  ResultTable view;
  for (size_t i = 0; i < shape.dimensions; ++i) {
    const std::string& name = answer.columns[i].name;
    const bool text = shown(name, Value(uint64_t{6}), units) != "6";  // a number that is shown by its name
    view.columns.push_back({name, answer.columns[i].number && !text, answer.columns[i].whole});
  }
  // The share is that of the counter which orders, or of bytes.
  const bool of_flows = query.order == Metric::flows;
  const bool of_packets = query.order == Metric::packets || query.order == Metric::pps;
  const std::string share_name = of_flows ? "flows%" : of_packets ? "packets%" : "bytes%";
  const size_t share_of = of_flows ? shape.flows : of_packets ? shape.packets : shape.bytes;
  const double whole = to_double(total(query, answer, of_flows ? kFlows : of_packets ? kPackets : kBytes));
  for (const char* name : {"flows", "packets", "bytes"}) view.columns.push_back({name, true});
  view.columns.push_back({share_name, true});
  if (shape.rate > 0) view.columns.push_back({std::string(name(query.order)), true});
  if (!has_groups(query, answer)) return view;
  for (const std::vector<Value>& row : answer.rows) {
    std::vector<Value> cells;
    for (size_t i = 0; i < shape.dimensions; ++i) {
      cells.emplace_back(is_null(row[i]) ? "-" : shown(answer.columns[i].name, row[i], Units::plain));
    }
    for (const size_t i : {shape.flows, shape.packets, shape.bytes}) cells.emplace_back(counter_text(row[i], units));
    cells.emplace_back(whole > 0 ? fmt::format("{:.1f}", 100 * to_double(row[share_of]) / whole) : "-");
    if (shape.rate > 0)
      cells.emplace_back(is_null(row[shape.rate]) ? "-" : counter_text(to_double(row[shape.rate]), units));
    view.rows.push_back(std::move(cells));
  }
  return view;
}

std::string to_string(const Effort& effort) {
  std::string text = fmt::format("{} file{}, {}B, in {}", effort.files, effort.files == 1 ? "" : "s",
                                 human_number(static_cast<double>(effort.bytes)) + (effort.bytes < 1000 ? " " : ""),
                                 to_human(effort.time));
  if (effort.missing > 0) {
    text += fmt::format("; INCOMPLETE: {} part{} of the store {} missing, see the messages", effort.missing,
                        effort.missing == 1 ? "" : "s", effort.missing == 1 ? "is" : "are");
  }
  return text;
}

std::string top_footer(const TopQuery& query, const ResultTable& answer, Units units, const Effort& effort) {
  if (!has_groups(query, answer) || to_double(total(query, answer, kFlows)) == 0) {
    return fmt::format("No flows match. {}.\n", to_string(effort));
  }
  const double packets = to_double(total(query, answer, kPackets));
  const double bytes = to_double(total(query, answer, kBytes));
  std::string text = fmt::format(
      "Total: {} flows, {} packets, {} bytes", counter_text(total(query, answer, kFlows), units),
      counter_text(total(query, answer, kPackets), units), counter_text(total(query, answer, kBytes), units));
  const double groups = to_double(total(query, answer, kGroups));
  if (!query.by.empty()) text += fmt::format(" in {} group{}", counter_text(groups, units), groups == 1 ? "" : "s");
  const Timestamp* first = std::get_if<Timestamp>(&total(query, answer, kFirst));
  const Timestamp* last = std::get_if<Timestamp>(&total(query, answer, kLast));
  text += '\n';
  if (first != nullptr && last != nullptr) {
    const double seconds = static_cast<double>((*last - *first).count()) / 1e6;
    text += fmt::format("Received {} to {} ({})", short_time(*first), short_time(*last), to_human(*last - *first));
    if (seconds > 0) {
      text += fmt::format("\nAverage: {}{}bit/s, {} packets/s, {:.0f} bytes/packet",
                          counter_text(bytes * 8 / seconds, units),
                          units == Units::plain || bytes * 8 / seconds < 1000 ? " " : "",
                          counter_text(packets / seconds, units), packets > 0 ? bytes / packets : 0);
    }
    text += '\n';
  }
  const double rate = to_double(total(query, answer, kRate));
  if (rate > 1) {
    text += query.scaled
                ? fmt::format("Sampled (up to 1 in {:.0f}): packets and bytes are multiplied by the rate.\n", rate)
                : fmt::format("Sampled (up to 1 in {:.0f}): packets and bytes as received, not multiplied.\n", rate);
  }
  return text + fmt::format("Read {}.\n", to_string(effort));
}

std::span<const Column> flow_line_columns() { return kLineColumns; }

// What fits: below the first width without the exporter and the date, below the second also without the duration.
Result<> FlowLines::begin(std::span<const ResultColumn>) {
  constexpr size_t kWithExporter = 120;
  constexpr size_t kWithDuration = 96;
  const std::array<ResultColumn, 9> columns = {{{"start", false, true},
                                                {"duration", true},
                                                {"proto"},
                                                {"source", false, true},
                                                {""},
                                                {"destination", false, true},
                                                {"packets", true},
                                                {"bytes", true},
                                                {"exporter", false, true}}};
  short_ = width_ > 0 && width_ < kWithExporter;
  without_duration_ = width_ > 0 && width_ < kWithDuration;
  std::vector<ResultColumn> shown;
  for (const size_t i : kept()) shown.push_back(columns[i]);
  return printer_.begin(shown);
}

std::vector<size_t> FlowLines::kept() const {
  if (without_duration_) return {0, 2, 3, 4, 5, 6, 7};
  if (short_) return {0, 1, 2, 3, 4, 5, 6, 7};
  return {0, 1, 2, 3, 4, 5, 6, 7, 8};
}

Result<> FlowLines::row(std::span<const Value> values) {
  const auto at = [&](Column column) -> const Value& {
    size_t i = 0;
    while (kLineColumns[i] != column) ++i;
    return values[i];
  };
  const auto proto = static_cast<uint64_t>(to_double(at(Column::proto)));
  const std::string_view proto_name = filter::protocol_name(proto);
  const std::array<Value, 9> cells = {
      short_ ? time_of_day(at(Column::time_flow_start)) : short_time(at(Column::time_flow_start)),
      duration_text(at(Column::time_flow_start), at(Column::time_flow_end)),
      is_null(at(Column::proto)) ? "-"
      : proto_name.empty()       ? std::to_string(proto)
                                 : std::string(proto_name),
      endpoint(at(Column::src_addr), at(Column::src_port), proto),
      std::string("->"),
      endpoint(at(Column::dst_addr), at(Column::dst_port), proto),
      counter_text(at(Column::packets), units_),
      counter_text(at(Column::bytes), units_),
      plain_text(at(Column::sampler_address)),
  };
  std::vector<Value> shown;
  for (const size_t i : kept()) shown.push_back(cells[i]);
  return printer_.row(shown);
}

Result<> NamedColumns::begin(std::span<const ResultColumn> columns) {
  columns_.assign(columns.begin(), columns.end());
  for (ResultColumn& column : columns_) {
    const bool text = shown(column.name, Value(uint64_t{6}), Units::plain) != "6";
    column.number = column.number && !text;
  }
  return printer_.begin(columns_);
}

Result<> NamedColumns::row(std::span<const Value> values) {
  std::vector<Value> cells;
  for (size_t i = 0; i < values.size(); ++i) {
    if (is_null(values[i]))
      cells.emplace_back("-");
    else
      cells.emplace_back(shown(columns_[i].name, values[i], units_));
  }
  return printer_.row(cells);
}

}  // namespace weir::query
