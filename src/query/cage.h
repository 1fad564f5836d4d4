// What a statement of others may do in our own engine: read the tables of the store, and nothing else. Three walls
// stand one behind the other; this is the first, which can say in a sentence what to do instead:
//
//   1  check_statement: what DuckDB's own parser understands is a SELECT over tables, of functions that open nothing
//   2  lock_sql: DuckDB opens the segments, its temporary folder and an export, and takes no more settings
//   3  restrict_files (base/landlock.h): the kernel refuses all other files and TCP, whatever the engine tries
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "duck/duck.h"

namespace weir::query {

// One statement, as Connection::split gives it. Fails with one sentence for the user; nothing of it is run or bound.
Result<> check_statement(duck::Connection& connection, std::string_view sql);

// What DuckDB says of a file that lock_sql keeps from it, as one sentence; empty if `failure` is another one.
std::string refused_file(const duck::Error& failure);

// Statements that lock a database for good: `paths` may be opened, and the folder it spills to.
std::string lock_sql(std::span<const std::filesystem::path> paths);

}  // namespace weir::query
