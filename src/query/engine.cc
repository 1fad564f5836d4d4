#include "query/engine.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <thread>

#include "query/functions.h"
#include "query/macros.h"
#include "query/rows.h"
#include "query/scan.h"
#include "query/temporary_folder.h"
#include "store/duck.h"
#include "store/segments.h"

namespace weir::query {
namespace {

constexpr int kAttempts = 3;  // how often a question starts over because segments disappeared

uint64_t default_memory_bytes() {
  constexpr uint64_t kLeast = uint64_t{512} << 20;
  const uint64_t machine =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return std::max(kLeast, machine / 4);
}

bool gives_rows(duckdb_statement_type type) {
  switch (type) {
    case DUCKDB_STATEMENT_TYPE_SELECT:
    case DUCKDB_STATEMENT_TYPE_EXPLAIN:
    case DUCKDB_STATEMENT_TYPE_PRAGMA:
    case DUCKDB_STATEMENT_TYPE_CALL:
    case DUCKDB_STATEMENT_TYPE_RELATION:
    case DUCKDB_STATEMENT_TYPE_EXECUTE:
      return true;
    default:
      return false;
  }
}

struct DestroyPrepared {
  void operator()(duckdb_prepared_statement statement) const { duckdb_destroy_prepare(&statement); }
};

struct Described {
  duckdb_statement_type type = DUCKDB_STATEMENT_TYPE_INVALID;
  std::vector<duck::ColumnInfo> columns;
};

// What a statement is and gives, without running it.
Result<Described> describe(duck::Connection& connection, const std::string& sql) {
  duckdb_prepared_statement statement = nullptr;
  const duckdb_state state = duckdb_prepare(connection.raw(), sql.c_str(), &statement);
  const std::unique_ptr<_duckdb_prepared_statement, DestroyPrepared> owner(statement);
  if (state != DuckDBSuccess) return fail("{}", duckdb_prepare_error(statement));
  Described described{duckdb_prepared_statement_type(statement), {}};
  const size_t count = duckdb_prepared_statement_column_count(statement);
  for (size_t i = 0; i < count; ++i) {
    const char* name = duckdb_prepared_statement_column_name(statement, i);
    described.columns.push_back({name == nullptr ? "" : name, duckdb_prepared_statement_column_type(statement, i)});
    duckdb_free(const_cast<char*>(name));
  }
  return described;
}

}  // namespace

class Engine::Impl {
 public:
  explicit Impl(EngineOptions options) : options_(std::move(options)) {}

  Result<> open() {
    Result<TemporaryFolder> folder = TemporaryFolder::create();
    if (!folder) return std::unexpected(folder.error());
    temporary_.emplace(*std::move(folder));
    if (const Result<> started = start(); !started) return started;
    return load();
  }

  Result<> run(const std::string& sql, RowSink& sink) {
    Result<> outcome;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      bool begun = false;
      outcome = run_once(sql, sink, begun);
      if (outcome || begun || !files_changed(outcome.error().message)) return outcome;
      // The database may be unusable after such an error.
      if (const Result<> started = start(); !started) return started;
      if (const Result<> loaded = load(); !loaded) return loaded;
    }
    return outcome;
  }

  void interrupt() { connection_->interrupt(); }
  double progress() { return connection_->progress(); }
  const std::vector<store::Segment>& segments() const { return segments_; }
  const std::vector<UnreadableFile>& unreadable() const { return unreadable_; }

 private:
  Result<> start() {
    connection_.reset();
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    Result<duck::Database> database = duck::Database::open({
        {"threads", std::to_string(options_.threads > 0 ? options_.threads : cores)},
        {"memory_limit",
         fmt::format("{}B", options_.memory_bytes > 0 ? options_.memory_bytes : default_memory_bytes())},
        {"temp_directory", temporary_->path().string()},
    });
    if (!database) return std::unexpected(database.error());
    database_.emplace(*std::move(database));
    Result<duck::Connection> connection = database_->connect();
    if (!connection) return std::unexpected(connection.error());
    connection_.emplace(*std::move(connection));
    if (const Result<> added = add_address_functions(*connection_); !added) return added;
    return connection_->run("SET TimeZone = 'UTC';\n" + engine_macros());
  }

  // The segments as they are now, and the relation over them.
  Result<> load() {
    segments_.clear();
    Result<> created = add_table(*flow::Schema::flows());
    if (created && options_.counters) created = add_table(*flow::Schema::counters());
    if (created || !files_changed(created.error().message) || ++loads_ > kAttempts) return created;
    if (const Result<> started = start(); !started) return started;
    return load();
  }

  Result<> add_table(const flow::Schema& schema) {
    Result<std::vector<store::Segment>> listed =
        store::list_segments(options_.store, options_.window.from, options_.window.to, schema.table());
    if (!listed) return std::unexpected(listed.error());
    std::erase_if(*listed, [&](const store::Segment& segment) {
      return std::ranges::find(unreadable_, segment.path, &UnreadableFile::path) != unreadable_.end();
    });
    segments_.insert(segments_.end(), listed->begin(), listed->end());
    return connection_->run(
        fmt::format("CREATE OR REPLACE VIEW {} AS {}", name(schema.table()), scan_sql(schema, *listed)));
  }

  Result<> run_once(const std::string& sql, RowSink& sink, bool& begun) {
    const Result<Described> described = describe(*connection_, sql);
    if (!described) return std::unexpected(described.error());
    if (!gives_rows(described->type)) return connection_->run(sql);
    const bool select = described->type == DUCKDB_STATEMENT_TYPE_SELECT;
    Result<duck::Rows> rows = connection_->query(select ? readable_statement(sql, described->columns) : sql);
    if (!rows) return std::unexpected(rows.error());
    return rows_to(*rows, select ? described->columns : rows->columns(), sink, begun);
  }

  // Whether the segments are the reason for a failure: some are gone (then it is worth listing them again), or cannot
  // be read (then they are left out from now on).
  bool files_changed(const std::string& message) {
    if (!may_be_a_file(message)) return false;
    bool changed = false;
    for (const store::Segment& segment : segments_) {
      std::error_code error;
      if (!std::filesystem::exists(segment.path, error)) changed = true;
    }
    if (changed) return true;
    for (UnreadableFile& file : find_unreadable(segments_, message)) {
      unreadable_.push_back(std::move(file));
      changed = true;
    }
    return changed;
  }

  EngineOptions options_;
  std::optional<TemporaryFolder> temporary_;  // outlives the database
  std::optional<duck::Database> database_;
  std::optional<duck::Connection> connection_;
  std::vector<store::Segment> segments_;
  std::vector<UnreadableFile> unreadable_;
  int loads_ = 0;
};

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

Result<Engine> Engine::open(EngineOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (const Result<> opened = impl->open(); !opened) return std::unexpected(opened.error());
  return Engine(std::move(impl));
}

Result<> Engine::run(const std::string& sql, RowSink& sink) { return impl_->run(sql, sink); }
void Engine::interrupt() { impl_->interrupt(); }
double Engine::progress() { return impl_->progress(); }
size_t Engine::files() const { return impl_->segments().size(); }
uint64_t Engine::bytes() const {
  uint64_t bytes = 0;
  for (const store::Segment& segment : impl_->segments()) bytes += segment.bytes;
  return bytes;
}
const std::vector<UnreadableFile>& Engine::unreadable() const { return impl_->unreadable(); }

}  // namespace weir::query
