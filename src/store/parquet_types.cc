#include "store/parquet_types.h"

namespace weir::store {

Result<uint64_t> copied_rows(duck::Connection& connection, const std::string& copy) {
  auto rows = connection.query(copy);
  if (!rows) return std::unexpected(rows.error());
  const auto chunk = rows->next();
  if (!chunk) return std::unexpected(chunk.error());
  if (!*chunk || (*chunk)->rows() != 1) return fail("DuckDB did not say how many rows it wrote");
  return static_cast<uint64_t>((*chunk)->value<int64_t>(0, 0));
}

}  // namespace weir::store
