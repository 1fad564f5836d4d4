// Failures of DuckDB: what it says, and of which kind it is, as far as that makes a difference to who asked.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

#include "base/result.h"

namespace weir::duck {

enum class ErrorKind : uint8_t {
  statement,    // the text is wrong, or names something that is not there, or a value does not convert
  interrupted,  // Connection::interrupt
  memory,       // more than the memory limit
  permission,   // a file that this user may not open
  io,           // a file that cannot be opened, read or written
  other,        // anything else; the content of a damaged file among it
};

// Becomes a weir::Error, without its kind, where it rises further (TRY).
struct Error : weir::Error {
  // NOLINTNEXTLINE(google-explicit-constructor): an error of another part rises through DuckDB's, too
  Error(weir::Error error, ErrorKind kind_of_it = ErrorKind::other) : weir::Error(std::move(error)), kind(kind_of_it) {}
  ErrorKind kind;
};

template <class T = void>
using Result = std::expected<T, Error>;

// The failure of a query.
Error error_of(duckdb_result& result);
// The failure of preparing a statement, from its message.
Error error_of_statement(const char* message);

}  // namespace weir::duck
