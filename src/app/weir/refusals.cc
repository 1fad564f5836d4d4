#include "app/weir/refusals.h"

#include <fmt/format.h>

namespace weir::app {

void report_refusals(std::string_view command, const net::Sender& sender, const net::SendTarget& target) {
  const net::SendCounts& counts = sender.counts();
  if (counts.refused == 0) return;
  fmt::print(stderr, "weir {}: {} of {} datagrams to {} were refused and arrived nowhere: {} (start `weir collect`)\n",
             command, counts.refused, counts.refused + counts.datagrams, target.to_string(), sender.why_refused());
}

}  // namespace weir::app
