// DuckDB as the rest of this program sees it: owners of its handles, and its errors as values. The only way to DuckDB;
// nobody else includes <duckdb.h>.
//
//   auto session = TRY(duck::Session::open({.threads = 2, .memory_bytes = 512 << 20}));
//   auto rows = TRY(session.connection.query("SELECT src_addr, sum(bytes)::BIGINT FROM ... GROUP BY ALL"));
//   while (auto chunk = TRY(rows.next())) {        // up to 2048 rows; nothing at the end
//     for (size_t row = 0; row < chunk->rows(); ++row) use(chunk->uuid(0, row), chunk->value<int64_t>(1, row));
//   }
//
// A result is read by data chunks. DuckDB's functions for single values are never used: they are deprecated, give null
// for a UUID and crash on some types. Types without an accessor here (DECIMAL, LIST, INTERVAL and so on) are for the
// caller to cast in SQL: Connection::describe tells which columns need it.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/ip_address.h"
#include "base/time.h"
#include "duck/error.h"

namespace weir::duck {

// An address is stored as the UUID that prints its 16 bytes in their order. DuckDB keeps a UUID as a signed 128-bit
// number with the top bit flipped, so that the numbers order as the bytes do.
duckdb_hugeint to_uuid(const IpAddress& address);
IpAddress from_uuid(duckdb_hugeint value);

// 'it''s': a string literal with its quotes; "odd ""name""" for identifiers.
std::string quote(std::string_view text);
std::string quote_name(std::string_view name);

// A VARCHAR or BLOB in a vector: up to 12 bytes lie in the string itself, longer ones where it points.
std::string_view view(const duckdb_string_t& text);
std::string_view view(const duckdb_string_t&& text) = delete;

struct ColumnInfo {
  std::string name;
  duckdb_type type;
};

// What a statement is, and the columns that it would give.
struct Description {
  duckdb_statement_type type = DUCKDB_STATEMENT_TYPE_INVALID;
  std::vector<ColumnInfo> columns;
};

// Up to 2048 rows of a result. Views into it (text, values) live as long as it does.
class Chunk {
 public:
  explicit Chunk(duckdb_data_chunk chunk);  // takes ownership
  Chunk(Chunk&&) noexcept = default;
  Chunk& operator=(Chunk&&) noexcept = default;

  size_t rows() const { return rows_; }
  size_t columns() const { return columns_.size(); }
  bool is_null(size_t column, size_t row) const {
    const uint64_t* validity = columns_[column].validity;
    return validity != nullptr && (validity[row / 64] >> (row % 64) & 1) == 0;
  }
  // T must be the C++ type of the column: bool, (u)int8_t .. (u)int64_t, float, double, duckdb_hugeint (HUGEINT),
  // duckdb_uhugeint, int64_t for TIMESTAMP of any unit, int32_t for DATE (days since 1970).
  template <class T>
  T value(size_t column, size_t row) const {
    CHECK(row < rows_);
    return static_cast<const T*>(columns_[column].data)[row];
  }
  // All values of a column; those of rows that are null mean nothing.
  template <class T>
  std::span<const T> values(size_t column) const {
    return {static_cast<const T*>(columns_[column].data), rows_};
  }
  // One bit a row, bit r % 64 of word r / 64; empty if every row has a value.
  std::span<const uint64_t> validity(size_t column) const {
    const uint64_t* words = columns_[column].validity;
    return {words, words == nullptr ? 0 : (rows_ + 63) / 64};
  }
  // VARCHAR and BLOB.
  std::string_view text(size_t column, size_t row) const {
    CHECK(row < rows_);
    return view(static_cast<const duckdb_string_t*>(columns_[column].data)[row]);
  }
  // UUID: as it is stored, in network order.
  IpAddress uuid(size_t column, size_t row) const { return from_uuid(value<duckdb_hugeint>(column, row)); }
  // TIMESTAMP and TIMESTAMP WITH TIME ZONE (microseconds, UTC).
  Timestamp timestamp(size_t column, size_t row) const { return timestamp_from_us(value<int64_t>(column, row)); }

 private:
  struct Destroy {
    void operator()(duckdb_data_chunk chunk) const { duckdb_destroy_data_chunk(&chunk); }
  };
  struct ColumnView {
    const void* data;
    const uint64_t* validity;  // null: every row is valid
  };
  std::unique_ptr<_duckdb_data_chunk, Destroy> chunk_;
  std::vector<ColumnView> columns_;
  size_t rows_;
};

// The rows of a running query. Streamed: a large result is never in memory as a whole. Must not outlive its connection.
class Rows {
 public:
  Rows(Rows&&) noexcept = default;
  Rows& operator=(Rows&&) noexcept = default;

  const std::vector<ColumnInfo>& columns() const { return columns_; }
  // The next rows, nothing at the end. An error ends the result.
  Result<std::optional<Chunk>> next();

 private:
  friend class Connection;
  struct Handle;
  explicit Rows(std::shared_ptr<Handle> handle);
  std::shared_ptr<Handle> handle_;
  std::vector<ColumnInfo> columns_;
};

// A function for SQL, called with vectors. `run` reads `input` (a chunk of the arguments) and fills `output`; it must
// not throw, and reports with duckdb_scalar_function_set_error. Null arguments give null without a call.
struct ScalarFunction {
  std::string name;
  std::vector<duckdb_type> parameters;
  duckdb_type result;
  duckdb_scalar_function_t run;
};

// One connection is used by one thread; interrupt() and progress() may be called from another one.
class Connection {
 public:
  // Runs a statement (or several, ';' between them) to its end and forgets its rows.
  Result<> run(const std::string& sql);
  // Starts one statement that gives rows.
  Result<Rows> query(const std::string& sql);
  // What query(sql) would do, without running it.
  Result<Description> describe(const std::string& sql);
  // The statements of a text with ';' between them, without those that are blank or only comments. Fails if the text is
  // not SQL.
  Result<std::vector<std::string>> split(std::string_view sql);
  Result<> add_function(const ScalarFunction& function);
  // How a value of `from` becomes one of `to`, in place of DuckDB's own way.
  Result<> add_cast(duckdb_type from, duckdb_type to, duckdb_cast_function_t convert);

  // Ends the running statement: it fails with ErrorKind::interrupted.
  void interrupt() { duckdb_interrupt(handle_.get()); }
  // How much of the running statement is done, 0 to 100; below 0 if that is unknown.
  double progress() { return duckdb_query_progress(handle_.get()).percentage; }

  // For what this header does not cover.
  duckdb_connection raw() { return handle_.get(); }

 private:
  friend class Database;
  struct Disconnect {
    void operator()(duckdb_connection connection) const { duckdb_disconnect(&connection); }
  };
  explicit Connection(duckdb_connection connection) : handle_(connection) {}
  // How many statements a text has; nothing if it is not SQL.
  Result<size_t> count_statements(std::string_view sql);

  std::unique_ptr<_duckdb_connection, Disconnect> handle_;
};

struct Options {
  unsigned threads = 1;
  // What the database may hold in memory, of its own and not of the process: 0 is DuckDB's default, 80 % of the
  // machine's memory. A statement that needs more spills or fails with ErrorKind::memory.
  uint64_t memory_bytes = 0;
  // Where it spills to; empty: nowhere.
  std::filesystem::path spill_folder = {};
  // Rows keep the order of the files, or of the table function, that they come from.
  bool keep_order = true;
};

// A database in memory: nothing of it is kept. Each has a memory limit of its own. Connections must not outlive it.
// Extensions are never loaded or downloaded by themselves.
class Database {
 public:
  static Result<Database> open(const Options& options = {});
  Result<Connection> connect() const;
  // What its buffers hold now, counted against memory_bytes. From any thread, also while a statement runs.
  Result<uint64_t> memory_held() const;

 private:
  struct Close {
    void operator()(duckdb_database database) const { duckdb_close(&database); }
  };
  explicit Database(duckdb_database database) : handle_(database) {}
  std::unique_ptr<_duckdb_database, Close> handle_;
};

// A database and the one connection to it.
struct Session {
  static Result<Session> open(const Options& options = {});
  Database database;  // outlives the connection
  Connection connection;
};

}  // namespace weir::duck
