#include "app/weir/ledger_print.h"

#include <gtest/gtest.h>

namespace weir::app {
namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Totals, SayWhatWasLeftAtTheEnd) {
  pipeline::LedgerReport report;
  report.ledger.total.counters.datagrams_received = report.ledger.total.counters.datagrams_decoded = 9;
  report.ledger.streams.accepted = report.ledger.streams.closed.back() = 1;
  EXPECT_TRUE(lost_at_the_end(report).empty());
  EXPECT_FALSE(has(totals_text(report), "left") || has(totals_text(report), "unread")) << totals_text(report);

  report.ledger.socket_left = 24057;
  report.ledger.streams.unread_bytes = 1234;
  const std::string text = totals_text(report);
  EXPECT_TRUE(has(text, "left in the sockets at the end")) << text;
  EXPECT_TRUE(has(text, "bytes unread at the end")) << text;
  EXPECT_TRUE(has(text, "0 dropped flows; 24,057 datagrams were left; 1,234 bytes of connections were left\n")) << text;
  const std::vector<std::string> lost = lost_at_the_end(report);
  ASSERT_EQ(lost.size(), 2u);
  EXPECT_TRUE(has(lost[0], "24057 datagrams")) << lost[0];
  EXPECT_TRUE(has(lost[1], "1234 bytes")) << lost[1];
}

TEST(Totals, FlowsThatCouldNotBeWrittenAreLost) {
  pipeline::LedgerReport report;
  report.store.last_error = "disk full";
  report.ledger.total.rows(flow::Table::flows)[flow::DropReason::shutdown] = 5;
  const std::vector<std::string> lost = lost_at_the_end(report);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0], "5 flows and counters could not be written before the end: disk full");
}

}  // namespace
}  // namespace weir::app
