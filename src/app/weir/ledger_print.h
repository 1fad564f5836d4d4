// The ledger's totals for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/ledger_json.h"

namespace weir::app {

// 1234567 -> "1,234,567"
std::string with_commas(uint64_t number);

// What was received, what became of it, and the line that says whether it adds up.
std::string totals_text(const pipeline::LedgerReport& report);

// What the end cost: what was received and could not be written any more, what nobody had time to decode. A line for
// each; none: nothing was lost.
std::vector<std::string> lost_at_the_end(const pipeline::LedgerReport& report);

// To standard output. A reader that has gone away is no failure.
void print_out(const std::string& text);

}  // namespace weir::app
