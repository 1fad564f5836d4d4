// OpenMetrics 1.0 (openmetrics.io) from the text format 0.0.4: families of counters are named without "_total",
// "untyped" is "unknown", quotes in HELP are escaped, and "# EOF" ends it. A counter whose name has no "_total" becomes
// unknown: there is no other way to keep its name.
#pragma once

#include <string>
#include <string_view>

namespace weir::telemetry {

// Appends to `out`, with the end mark.
void append_openmetrics(std::string& out, std::string_view text);

}  // namespace weir::telemetry
