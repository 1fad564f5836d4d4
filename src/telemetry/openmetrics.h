// Makes OpenMetrics 1.0 (openmetrics.io) of the text format 0.0.4: families of counters lose their "_total", "untyped"
// becomes "unknown", quotes in HELP are escaped, and "# EOF" ends the text. A counter without "_total" becomes unknown,
// which is the only way to keep its name.
#pragma once

#include <string>
#include <string_view>

namespace weir::telemetry {

// Appends to `out`, with the end mark.
void append_openmetrics(std::string& out, std::string_view text);

}  // namespace weir::telemetry
