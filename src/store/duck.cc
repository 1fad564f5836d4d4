#include "store/duck.h"

#include "base/big_endian.h"

namespace weir::duck {
namespace {

constexpr uint64_t kTopBit = uint64_t{1} << 63;

std::unexpected<Error> failure(const char* message) {
  return fail("{}", message != nullptr && *message != '\0' ? message : "DuckDB gave no reason");
}

struct DestroyPrepared {
  void operator()(duckdb_prepared_statement statement) const { duckdb_destroy_prepare(&statement); }
};
using Prepared = std::unique_ptr<_duckdb_prepared_statement, DestroyPrepared>;

Result<Prepared> prepare(duckdb_connection connection, const std::string& sql) {
  duckdb_prepared_statement statement = nullptr;
  const duckdb_state state = duckdb_prepare(connection, sql.c_str(), &statement);
  Prepared prepared(statement);
  if (state != DuckDBSuccess) return failure(duckdb_prepare_error(statement));
  return prepared;
}

struct LogicalType {
  explicit LogicalType(duckdb_type type) : handle(duckdb_create_logical_type(type)) {}
  LogicalType(const LogicalType&) = delete;
  LogicalType& operator=(const LogicalType&) = delete;
  ~LogicalType() { duckdb_destroy_logical_type(&handle); }
  duckdb_logical_type handle;
};

std::string quote_with(char mark, std::string_view text) {
  std::string quoted(1, mark);
  for (const char c : text) {
    if (c == mark) quoted += mark;
    quoted += c;
  }
  return quoted += mark;
}

}  // namespace

duckdb_hugeint to_uuid(const IpAddress& octets) {
  duckdb_hugeint value;
  value.lower = load_be<uint64_t>(&octets.octets[8]);
  value.upper = static_cast<int64_t>(load_be<uint64_t>(octets.octets.data()) ^ kTopBit);
  return value;
}

IpAddress from_uuid(duckdb_hugeint value) {
  IpAddress address;
  store_be(address.octets.data(), static_cast<uint64_t>(value.upper) ^ kTopBit);
  store_be(&address.octets[8], value.lower);
  return address;
}

std::string quote(std::string_view text) { return quote_with('\'', text); }
std::string quote_name(std::string_view name) { return quote_with('"', name); }

Chunk::Chunk(duckdb_data_chunk chunk) : chunk_(chunk), rows_(duckdb_data_chunk_get_size(chunk)) {
  const size_t count = duckdb_data_chunk_get_column_count(chunk);
  columns_.reserve(count);
  for (size_t column = 0; column < count; ++column) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, column);
    columns_.push_back({duckdb_vector_get_data(vector), duckdb_vector_get_validity(vector)});
  }
}

std::string_view Chunk::text(size_t column, size_t row) const {
  CHECK(row < rows_);
  const duckdb_string_t& text = static_cast<const duckdb_string_t*>(columns_[column].data)[row];
  const uint32_t length = text.value.inlined.length;
  return {length <= sizeof(text.value.inlined.inlined) ? text.value.inlined.inlined : text.value.pointer.ptr, length};
}

struct Rows::Handle {
  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { duckdb_destroy_result(&result); }
  Prepared statement;  // a streamed result needs its statement
  duckdb_result result{};
};

Rows::Rows(std::shared_ptr<Handle> handle) : handle_(std::move(handle)) {
  const size_t count = duckdb_column_count(&handle_->result);
  for (size_t i = 0; i < count; ++i) {
    columns_.push_back({duckdb_column_name(&handle_->result, i), duckdb_column_type(&handle_->result, i)});
  }
}

Result<std::optional<Chunk>> Rows::next() {
  duckdb_data_chunk chunk = duckdb_fetch_chunk(handle_->result);
  if (chunk != nullptr) return Chunk(chunk);
  const char* error = duckdb_result_error(&handle_->result);
  if (error != nullptr && *error != '\0') return failure(error);
  return std::nullopt;
}

Result<> Connection::run(const std::string& sql) {
  duckdb_result result{};
  const duckdb_state state = duckdb_query(handle_.get(), sql.c_str(), &result);
  Result<> outcome;
  if (state != DuckDBSuccess) outcome = failure(duckdb_result_error(&result));
  duckdb_destroy_result(&result);
  return outcome;
}

Result<Rows> Connection::query(const std::string& sql) {
  auto statement = prepare(handle_.get(), sql);
  if (!statement) return std::unexpected(statement.error());
  auto handle = std::make_shared<Rows::Handle>();
  handle->statement = std::move(*statement);
  // Marked as deprecated in the header, which offers no other way to a result that is not in memory as a whole.
  if (duckdb_execute_prepared_streaming(handle->statement.get(), &handle->result) != DuckDBSuccess) {
    return failure(duckdb_result_error(&handle->result));
  }
  return Rows(std::move(handle));
}

Result<std::vector<ColumnInfo>> Connection::describe(const std::string& sql) {
  const auto statement = prepare(handle_.get(), sql);
  if (!statement) return std::unexpected(statement.error());
  std::vector<ColumnInfo> columns;
  const size_t count = duckdb_prepared_statement_column_count(statement->get());
  for (size_t i = 0; i < count; ++i) {
    const char* name = duckdb_prepared_statement_column_name(statement->get(), i);
    columns.push_back({name == nullptr ? "" : name, duckdb_prepared_statement_column_type(statement->get(), i)});
    duckdb_free(const_cast<char*>(name));
  }
  return columns;
}

Result<> Connection::add_function(const ScalarFunction& function) {
  duckdb_scalar_function handle = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(handle, function.name.c_str());
  for (const duckdb_type parameter : function.parameters) {
    duckdb_scalar_function_add_parameter(handle, LogicalType(parameter).handle);
  }
  duckdb_scalar_function_set_return_type(handle, LogicalType(function.result).handle);
  duckdb_scalar_function_set_function(handle, function.run);
  const duckdb_state state = duckdb_register_scalar_function(handle_.get(), handle);
  duckdb_destroy_scalar_function(&handle);
  if (state != DuckDBSuccess) return fail("DuckDB refused the function {}", function.name);
  return {};
}

Result<Database> Database::open(std::map<std::string, std::string> options) {
  options.try_emplace("autoload_known_extensions", "false");
  options.try_emplace("autoinstall_known_extensions", "false");
  options.try_emplace("temp_directory", "");
  duckdb_config config = nullptr;
  if (duckdb_create_config(&config) != DuckDBSuccess) return fail("DuckDB cannot start: out of memory");
  for (const auto& [name, value] : options) {
    if (duckdb_set_config(config, name.c_str(), value.c_str()) != DuckDBSuccess) {
      duckdb_destroy_config(&config);
      return fail("DuckDB does not accept the option {} = '{}'", name, value);
    }
  }
  duckdb_database database = nullptr;
  char* message = nullptr;
  const duckdb_state state = duckdb_open_ext(nullptr, &database, config, &message);
  duckdb_destroy_config(&config);
  if (state == DuckDBSuccess) return Database(database);
  const std::string reason = message == nullptr ? "no reason given" : message;
  duckdb_free(message);
  return fail("DuckDB cannot start: {}", reason);
}

Result<Connection> Database::connect() {
  duckdb_connection connection = nullptr;
  if (duckdb_connect(handle_.get(), &connection) != DuckDBSuccess) return fail("cannot connect to the embedded DuckDB");
  return Connection(connection);
}

}  // namespace weir::duck
