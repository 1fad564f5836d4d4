// DIR/ledger.json and DIR/lock as a reader sees them.
#pragma once

#include <filesystem>

#include "pipeline/ledger_json.h"

namespace weir::pipeline {

// Fails if there is no store, no ledger in it yet, or a damaged one; the message says which.
Result<LedgerReport> read_ledger(const std::filesystem::path& store);

// True while a process writes to the store (collect or replay holds its lock).
bool store_is_in_use(const std::filesystem::path& store);

}  // namespace weir::pipeline
