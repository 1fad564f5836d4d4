#include "duck/duck.h"

#include <map>

#include "base/big_endian.h"

namespace weir::duck {
namespace {

constexpr uint64_t kTopBit = uint64_t{1} << 63;

struct DestroyPrepared {
  void operator()(duckdb_prepared_statement statement) const { duckdb_destroy_prepare(&statement); }
};
using Prepared = std::unique_ptr<_duckdb_prepared_statement, DestroyPrepared>;

Result<Prepared> prepare(duckdb_connection connection, const std::string& sql) {
  duckdb_prepared_statement statement = nullptr;
  const duckdb_state state = duckdb_prepare(connection, sql.c_str(), &statement);
  Prepared prepared(statement);
  if (state != DuckDBSuccess) return std::unexpected(error_of_statement(duckdb_prepare_error(statement)));
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

duckdb_hugeint to_uuid(const IpAddress& address) {
  duckdb_hugeint value;
  value.lower = load_be<uint64_t>(&address.bytes[8]);
  value.upper = static_cast<int64_t>(load_be<uint64_t>(address.bytes.data()) ^ kTopBit);
  return value;
}

IpAddress from_uuid(duckdb_hugeint value) {
  IpAddress address;
  store_be(address.bytes.data(), static_cast<uint64_t>(value.upper) ^ kTopBit);
  store_be(&address.bytes[8], value.lower);
  return address;
}

std::string_view view(const duckdb_string_t& text) {
  const uint32_t length = text.value.inlined.length;
  return {length <= sizeof(text.value.inlined.inlined) ? text.value.inlined.inlined : text.value.pointer.ptr, length};
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
  const char* message = duckdb_result_error(&handle_->result);
  if (message != nullptr && *message != '\0') return std::unexpected(error_of(handle_->result));
  return std::nullopt;
}

Result<> Connection::run(const std::string& sql) {
  duckdb_result result{};
  const duckdb_state state = duckdb_query(handle_.get(), sql.c_str(), &result);
  Result<> outcome;
  if (state != DuckDBSuccess) outcome = std::unexpected(error_of(result));
  duckdb_destroy_result(&result);
  return outcome;
}

Result<Rows> Connection::query(const std::string& sql) {
  auto handle = std::make_shared<Rows::Handle>();
  handle->statement = TRY(prepare(handle_.get(), sql));
  // Marked as deprecated in the header, which offers no other way to a result that is not in memory as a whole.
  if (duckdb_execute_prepared_streaming(handle->statement.get(), &handle->result) != DuckDBSuccess) {
    return std::unexpected(error_of(handle->result));
  }
  return Rows(std::move(handle));
}

Result<Description> Connection::describe(const std::string& sql) {
  const Prepared statement = TRY(prepare(handle_.get(), sql));
  Description description{duckdb_prepared_statement_type(statement.get()), {}};
  const size_t count = duckdb_prepared_statement_column_count(statement.get());
  for (size_t i = 0; i < count; ++i) {
    const char* name = duckdb_prepared_statement_column_name(statement.get(), i);
    const duckdb_type type = duckdb_prepared_statement_column_type(statement.get(), i);
    description.columns.push_back({name == nullptr ? "" : name, type});
    duckdb_free(const_cast<char*>(name));  // NOLINT(cppcoreguidelines-pro-type-const-cast): it is ours to free
  }
  return description;
}

Result<size_t> Connection::count_statements(std::string_view sql) {
  duckdb_extracted_statements extracted = nullptr;
  const size_t count = duckdb_extract_statements(handle_.get(), std::string(sql).c_str(), &extracted);
  const char* message = duckdb_extract_statements_error(extracted);
  const bool failed = message != nullptr && *message != '\0';
  const Error error = error_of_statement(message);
  duckdb_destroy_extracted(&extracted);
  if (failed) return std::unexpected(error);
  return count;
}

// DuckDB says how many statements a text has, but not where one ends. Only a ';' can be an end, and it is one if what
// stands before it is one statement and what stands behind it are the others. In a string or a comment it is not: there
// the two parts are no SQL, or together they are one statement more than the whole.
Result<std::vector<std::string>> Connection::split(std::string_view sql) {
  std::vector<std::string> statements;
  size_t left = TRY(count_statements(sql));
  size_t from = 0;  // where the next ';' is looked for
  while (left > 0) {
    const size_t end = sql.find(';', from);
    if (end == std::string_view::npos) {
      statements.emplace_back(sql);
      break;
    }
    const Result<size_t> before = count_statements(sql.substr(0, end));
    const Result<size_t> behind = count_statements(sql.substr(end + 1));
    if (!before || !behind || *before > 1 || *before + *behind != left) {
      from = end + 1;
      continue;
    }
    if (*before == 1) statements.emplace_back(sql.substr(0, end));
    sql.remove_prefix(end + 1);
    left = *behind;
    from = 0;
  }
  return statements;
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

Result<> Connection::add_cast(duckdb_type from, duckdb_type to, duckdb_cast_function_t convert) {
  duckdb_cast_function handle = duckdb_create_cast_function();
  duckdb_cast_function_set_source_type(handle, LogicalType(from).handle);
  duckdb_cast_function_set_target_type(handle, LogicalType(to).handle);
  duckdb_cast_function_set_implicit_cast_cost(handle, -1);
  duckdb_cast_function_set_function(handle, convert);
  const duckdb_state state = duckdb_register_cast_function(handle_.get(), handle);
  duckdb_destroy_cast_function(&handle);
  if (state != DuckDBSuccess) return fail("DuckDB refused a cast");
  return {};
}

Result<Database> Database::open(const Options& options) {
  std::map<std::string, std::string> settings = {
      {"autoload_known_extensions", "false"},
      {"autoinstall_known_extensions", "false"},
      {"threads", std::to_string(options.threads)},
      {"temp_directory", options.spill_folder.string()},
      {"preserve_insertion_order", options.keep_order ? "true" : "false"},
  };
  if (options.memory_bytes > 0) settings.emplace("memory_limit", fmt::format("{}B", options.memory_bytes));
  duckdb_config config = nullptr;
  if (duckdb_create_config(&config) != DuckDBSuccess) return fail("DuckDB cannot start: out of memory");
  for (const auto& [name, value] : settings) {
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

Result<Connection> Database::connect() const {
  duckdb_connection connection = nullptr;
  if (duckdb_connect(handle_.get(), &connection) != DuckDBSuccess) return fail("cannot connect to the embedded DuckDB");
  return Connection(connection);
}

Result<uint64_t> Database::memory_held() const {
  Connection connection = TRY(connect());
  Rows rows = TRY(connection.query("SELECT sum(memory_usage_bytes)::UBIGINT FROM duckdb_memory()"));
  const std::optional<Chunk> chunk = TRY(rows.next());
  return chunk && !chunk->is_null(0, 0) ? chunk->value<uint64_t>(0, 0) : 0;
}

Result<Session> Session::open(const Options& options) {
  Database database = TRY(Database::open(options));
  Connection connection = TRY(database.connect());
  return Session{std::move(database), std::move(connection)};
}

}  // namespace weir::duck
