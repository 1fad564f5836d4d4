// The ledger's totals for people.
#pragma once

#include <cstdio>

#include "pipeline/ledger_json.h"

namespace weir::app {

// 1234567 -> "1,234,567"
std::string with_commas(uint64_t number);

// What was received, what became of it, and the line that says whether it adds up. False if it does not.
bool print_totals(std::FILE* out, const pipeline::LedgerReport& report);

}  // namespace weir::app
