#include "app/weir/ledger_print.h"

#include <fmt/format.h>

#include <cstdio>

namespace weir::app {
namespace {

void line(std::string& out, std::string_view what, uint64_t number) {
  out += fmt::format("  {:<34}{:>18}\n", what, with_commas(number));
}

void line_unless_zero(std::string& out, std::string_view what, uint64_t number) {
  if (number != 0) line(out, what, number);
}

// Nothing, if nobody ever connected.
std::string streams_text(const StreamCounters& streams) {
  std::string out;
  if (streams.accepted + streams.refused_in_all() == 0) return out;
  out += "connections (TCP, TLS)\n";
  line(out, "accepted", streams.accepted);
  line_unless_zero(out, "still open", streams.open);
  for (size_t i = 0; i < kStreamRefusals.size(); ++i) {
    line_unless_zero(out, fmt::format("refused: {}", kStreamRefusals[i]), streams.refused[i]);
  }
  for (size_t i = 0; i < kStreamCloses.size(); ++i) {
    line_unless_zero(out, fmt::format("closed: {}", kStreamCloses[i]), streams.closed[i]);
  }
  line(out, "messages", streams.messages);
  line_unless_zero(out, "bytes of incomplete messages", streams.incomplete_bytes);
  line_unless_zero(out, "bytes unread at the end", streams.unread_bytes);
  return out;
}

// The rows of a table at an outlet.
std::string rows_text(const flow::ExporterLedger& total, size_t outlet, flow::Table table) {
  const flow::RowCounts& rows = total.outlet(outlet)[table];
  std::string out;
  line(out, "decoded", total.counters.rows[table]);
  line(out, "stored", rows.stored);
  line(out, "dropped", rows.dropped_in_all());
  for (size_t i = 0; i < flow::kDropReasonCount; ++i) {
    line_unless_zero(out, fmt::format("  {}", flow::kDropReasons[i]), rows.dropped[i]);
  }
  return out;
}

// What became of the rows at the outlets beside the store.
std::string outlets_text(const flow::LedgerSnapshot& ledger) {
  std::string out;
  for (size_t i = 1; i < ledger.outlets.size(); ++i) {
    for (const flow::Table table : flow::kDecodedTables) {
      if (ledger.total.counters.rows[table] == 0) continue;
      out += fmt::format("{} at {}\n{}", flow::name(table), ledger.outlets[i], rows_text(ledger.total, i, table));
    }
  }
  return out;
}

std::string state_text(const pipeline::StateReport& state) {
  std::string lines;
  if (state.file) {
    line_unless_zero(lines, "restored from the state file", state.file->templates_restored);
    line_unless_zero(lines, "saves of the state file failed", state.file->save_failures);
    line_unless_zero(lines, "sessions without room in it", state.file->sessions_left_out);
  }
  if (state.sharing) {
    line(lines, "published to Redis", state.sharing->published);
    line(lines, "fetched from Redis", state.sharing->fetched);
    line_unless_zero(lines, "errors with Redis", state.sharing->errors);
    line_unless_zero(lines, "not asked for, too many", state.sharing->requests_lost);
  }
  return lines.empty() ? lines : "templates\n" + lines;
}

}  // namespace

std::string with_commas(uint64_t number) {
  std::string digits = fmt::to_string(number);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string totals_text(const pipeline::LedgerReport& report) {
  std::string out;
  const flow::LedgerSnapshot& ledger = report.ledger;
  const flow::ExporterCounters& c = ledger.total.counters;
  out += fmt::format("exporters{:>45}\n", with_commas(ledger.exporters.size()));
  out += "datagrams\n";
  line_unless_zero(out, "dropped by the kernel", ledger.socket_drops);
  line_unless_zero(out, "left in the sockets at the end", ledger.socket_left);
  line(out, "received", c.datagrams_received);
  line(out, "decoded", c.datagrams_decoded);
  line(out, "rejected", c.datagrams_rejected);
  out += streams_text(ledger.streams);
  out += "flows\n";
  const flow::RowCounts& flows = ledger.total.rows(flow::Table::flows);
  out += rows_text(ledger.total, 0, flow::Table::flows);
  line_unless_zero(out, "lost before us (sequence gaps)", c.lost_units);
  line_unless_zero(out, "lost while no collector ran", c.lost_down_units);
  line_unless_zero(out, "sent after a collector was killed", c.lost_killed_units);
  line_unless_zero(out, "reported drops (of the exporters)", c.agent_drops);
  line_unless_zero(out, "sets without their template", c.undecodable_sets);
  if (c.rows[flow::Table::counters] > 0)
    out += "counters (of devices)\n" + rows_text(ledger.total, 0, flow::Table::counters);
  out += outlets_text(ledger);
  out += state_text(report.state);
  bool heading = false;
  for (size_t i = 0; i < flow::kAnomalyCount; ++i) {
    const auto anomaly = static_cast<flow::Anomaly>(i);
    if (c.anomalies[anomaly] == 0) continue;
    if (!heading) out += "anomalies\n";
    heading = true;
    line(out, name(anomaly), c.anomalies[anomaly]);
  }
  const std::string imbalance = ledger.imbalance();
  std::string left;
  if (ledger.socket_left > 0) left += fmt::format("; {} datagrams were left", with_commas(ledger.socket_left));
  if (ledger.streams.unread_bytes > 0) {
    left += fmt::format("; {} bytes of connections were left", with_commas(ledger.streams.unread_bytes));
  }
  if (imbalance.empty()) {
    out += fmt::format(
        "it adds up: {} received = {} decoded + {} rejected datagrams, {} decoded = {} stored + {} dropped flows{}\n",
        c.datagrams_received, c.datagrams_decoded, c.datagrams_rejected, c.rows[flow::Table::flows], flows.stored,
        flows.dropped_in_all(), left);
  } else {
    out += fmt::format("it does NOT add up: {}{}\n", imbalance, left);
  }
  return out;
}

std::vector<std::string> lost_at_the_end(const pipeline::LedgerReport& report) {
  std::vector<std::string> lines;
  uint64_t unwritten = 0;
  for (const flow::Table table : flow::kDecodedTables)
    unwritten += report.ledger.total.rows(table)[flow::DropReason::shutdown];
  if (unwritten > 0) {
    lines.push_back(fmt::format("{} flows and counters could not be written before the end: {}", unwritten,
                                report.store.last_error));
  }
  if (const uint64_t left = report.ledger.socket_left; left > 0) {
    lines.push_back(fmt::format("{} datagrams were left in the sockets: there was no time to decode them", left));
  }
  if (const uint64_t unread = report.ledger.streams.unread_bytes; unread > 0) {
    lines.push_back(fmt::format("{} bytes of connections were left: there was no time to decode them", unread));
  }
  return lines;
}

void print_out(const std::string& text) { (void)std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace weir::app
