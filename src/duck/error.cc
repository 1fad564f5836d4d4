#include "duck/error.h"

#include <algorithm>
#include <string_view>

namespace weir::duck {
namespace {

// DuckDB has some forty types of errors. `name` is how DuckDB calls it in its messages: "Binder Error: ...".
constexpr struct {
  duckdb_error_type type;
  std::string_view name;
  ErrorKind kind;
} kKinds[] = {
    {DUCKDB_ERROR_PARSER, "Parser", ErrorKind::statement},
    {DUCKDB_ERROR_BINDER, "Binder", ErrorKind::statement},
    {DUCKDB_ERROR_CATALOG, "Catalog", ErrorKind::statement},
    {DUCKDB_ERROR_CONVERSION, "Conversion", ErrorKind::statement},
    {DUCKDB_ERROR_CONSTRAINT, "Constraint", ErrorKind::statement},
    {DUCKDB_ERROR_INTERRUPT, "INTERRUPT", ErrorKind::interrupted},
    {DUCKDB_ERROR_OUT_OF_MEMORY, "Out of Memory", ErrorKind::memory},
    {DUCKDB_ERROR_PERMISSION, "Permission", ErrorKind::permission},
    {DUCKDB_ERROR_IO, "IO", ErrorKind::io},
};

weir::Error told(const char* message) {
  return {message != nullptr && *message != '\0' ? message : "DuckDB gave no reason"};
}

}  // namespace

Error error_of(duckdb_result& result) {
  const auto* row = std::ranges::find(kKinds, duckdb_result_error_type(&result), [](const auto& k) { return k.type; });
  return {told(duckdb_result_error(&result)), row == std::end(kKinds) ? ErrorKind::other : row->kind};
}

// The C API has a type for the errors of results only. For those of duckdb_prepare it is in the first words of the
// message, and nowhere else.
Error error_of_statement(const char* message) {
  weir::Error error = told(message);
  const auto begins = [&](const auto& k) {
    const std::string_view text = error.message;
    return text.starts_with(k.name) && text.substr(k.name.size()).starts_with(" Error: ");
  };
  const auto* row = std::ranges::find_if(kKinds, begins);
  const ErrorKind kind = row == std::end(kKinds) ? ErrorKind::other : row->kind;
  return {std::move(error), kind};
}

}  // namespace weir::duck
