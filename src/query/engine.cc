#include "query/engine.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <mutex>
#include <system_error>
#include <thread>

#include "duck/duck.h"
#include "query/cage.h"
#include "query/functions.h"
#include "query/macros.h"
#include "query/rows.h"
#include "query/scan.h"
#include "query/temporary_folder.h"
#include "store/layout.h"
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

unsigned cores() { return std::max(1u, std::thread::hardware_concurrency()); }

bool gives_rows(duckdb_statement_type type) {
  switch (type) {
    case DUCKDB_STATEMENT_TYPE_SELECT:
    case DUCKDB_STATEMENT_TYPE_EXPLAIN:
    case DUCKDB_STATEMENT_TYPE_PRAGMA:
    case DUCKDB_STATEMENT_TYPE_CALL:
    case DUCKDB_STATEMENT_TYPE_RELATION:
    case DUCKDB_STATEMENT_TYPE_EXECUTE:
    case DUCKDB_STATEMENT_TYPE_COPY:  // how many rows
      return true;
    default:
      return false;
  }
}

}  // namespace

std::shared_ptr<store::Surveyor> make_surveyor(const std::filesystem::path& store, unsigned threads) {
  return std::make_shared<store::Surveyor>(store, threads > 0 ? threads : cores());
}

class Engine::Impl {
 public:
  explicit Impl(EngineOptions options) : options_(std::move(options)) {}

  Result<> open() {
    if (options_.spill_folder.empty()) {
      temporary_.emplace(TRY(TemporaryFolder::create()));
      options_.spill_folder = temporary_->path();
    }
    if (!options_.surveyor) options_.surveyor = make_surveyor(options_.store, options_.threads);
    std::error_code error;
    if (!std::filesystem::is_directory(store::table_folder(options_.store, flow::Table::flows), error))
      TRY(options_.surveyor->survey(flow::Table::flows));  // says so
    return start();
  }

  Result<> run(const std::string& sql, RowSink& sink) {
    TRY(prepare());
    if (options_.caged) TRY(check_statement(session_->connection, sql));
    return run_unchecked(sql, sink);
  }

  Result<> run_unchecked(const std::string& sql, RowSink& sink) {
    for (int attempt = 1;; ++attempt) {
      const Attempt tried = run_once(sql, sink);
      if (tried.outcome || tried.begun || attempt == kAttempts || !files_changed(tried.outcome.error())) {
        return tried.outcome;
      }
      // The database may be unusable after such an error.
      TRY(start());
      TRY(load());
    }
  }

  Result<std::vector<std::string>> split(std::string_view sql) {
    TRY(prepare());
    auto statements = session_->connection.split(sql);
    if (!options_.caged) return TRY(std::move(statements));
    if (!statements) {
      // Some statements are read from files before they are known (IMPORT DATABASE).
      const std::string refused = refused_file(statements.error());
      if (!refused.empty()) return fail("{}", refused);
      return std::unexpected(statements.error());
    }
    for (const std::string& statement : *statements) TRY(check_statement(session_->connection, statement));
    return *std::move(statements);
  }

  Result<uint64_t> write_parquet(const std::string& sql, bool addresses_as_text) {
    TRY(prepare());
    if (options_.caged) TRY(check_statement(session_->connection, sql));
    const duck::Description statement = TRY(session_->connection.describe(sql));
    if (statement.type != DUCKDB_STATEMENT_TYPE_SELECT) return fail("-o parquet: one SELECT gives the rows of a file");
    ResultTable written;
    TRY(run_unchecked(fmt::format("COPY (\n{}\n) TO {} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)",
                                  addresses_as_text ? text_addresses_statement(sql, statement.columns) : sql,
                                  duck::quote(options_.export_file.string())),
                      written));
    return written.rows.empty() ? 0 : static_cast<uint64_t>(to_double(written.rows[0][0]));
  }

  void interrupt() {
    options_.surveyor->stop();
    const std::lock_guard lock(session_mutex_);
    if (session_) session_->connection.interrupt();
  }
  double progress() {
    if (const double verified = options_.surveyor->progress(); verified >= 0) return verified;
    const std::lock_guard lock(session_mutex_);
    return session_ ? session_->connection.progress() : -1;
  }
  const std::vector<store::Segment>& segments() const { return segments_; }
  const std::vector<store::LeftOut>& missing() const { return missing_; }

 private:
  struct Attempt {
    duck::Result<> outcome;
    bool begun = false;
  };

  Result<> start() {
    drop_session();
    auto session = TRY(duck::Session::open({
        .threads = options_.threads > 0 ? options_.threads : cores(),
        .memory_bytes = options_.memory_bytes > 0 ? options_.memory_bytes : default_memory_bytes(),
        .spill_folder = options_.spill_folder,
    }));
    TRY(add_address_functions(session.connection));
    TRY(session.connection.run("SET TimeZone = 'UTC';\n" + engine_macros()));
    const std::lock_guard lock(session_mutex_);
    session_.emplace(std::move(session));
    return {};
  }

  void drop_session() {
    const std::lock_guard lock(session_mutex_);
    session_.reset();
  }

  // Before the first statement is looked at: what it reads is checked, and a cage is locked.
  Result<> prepare() {
    options_.surveyor->allow();
    return loaded_ ? Result<>() : load();
  }

  // The segments as they are now, and the relation over them.
  Result<> load() {
    segments_.clear();
    missing_ = unreadable_;
    const duck::Result<> created = add_tables();
    loaded_ = created.has_value();
    if (created) return {};
    if (!files_changed(created.error()) || ++loads_ > kAttempts) return std::unexpected(created.error());
    TRY(start());
    return load();
  }

  duck::Result<> add_tables() {
    std::string views;
    std::vector<const flow::Schema*> schemas = {flow::Schema::flows().get()};
    if (options_.counters) {
      schemas.push_back(flow::Schema::counters().get());
      schemas.push_back(flow::Schema::account().get());
    }
    for (const flow::Schema* schema : schemas) {
      const std::vector<store::Segment> listed = TRY(list(*schema));
      segments_.insert(segments_.end(), listed.begin(), listed.end());
      views += fmt::format("CREATE OR REPLACE VIEW {} AS {};\n", name(schema->table()), scan_sql(*schema, listed));
    }
    if (options_.caged) TRY(lock());
    return session_->connection.run(views);
  }

  duck::Result<std::vector<store::Segment>> list(const flow::Schema& schema) {
    auto survey = options_.surveyor->survey(schema.table(), options_.window.from, options_.window.to);
    // No reason to look for a file that is to blame.
    if (!survey) return std::unexpected(duck::Error(survey.error(), duck::ErrorKind::interrupted));
    auto& [listed, missing] = *survey;
    std::ranges::move(missing, std::back_inserter(missing_));
    std::erase_if(listed, [&](const store::Segment& segment) {
      return std::ranges::find(unreadable_, segment.path, &store::LeftOut::path) != unreadable_.end();
    });
    return std::move(listed);
  }

  duck::Result<> lock() {
    std::vector<std::filesystem::path> paths;
    for (const store::Segment& segment : segments_) paths.push_back(segment.path);
    if (!options_.export_file.empty()) paths.push_back(options_.export_file);
    return session_->connection.run(lock_sql(paths));
  }

  Attempt run_once(const std::string& sql, RowSink& sink) {
    Attempt attempt;
    attempt.outcome = answer(sql, sink, attempt.begun);
    return attempt;
  }

  duck::Result<> answer(const std::string& sql, RowSink& sink, bool& begun) {
    const duck::Description statement = TRY(session_->connection.describe(sql));
    if (!gives_rows(statement.type)) return session_->connection.run(sql);
    const bool select = statement.type == DUCKDB_STATEMENT_TYPE_SELECT;
    duck::Rows rows = TRY(session_->connection.query(select ? readable_statement(sql, statement.columns) : sql));
    if (!missing_.empty()) sink.incomplete(missing_);
    return rows_to(rows, select ? statement.columns : rows.columns(), sink, begun);
  }

  // Whether the segments are the reason for a failure: some are gone (then it is worth listing them again), or cannot
  // be read (then they are left out from now on).
  bool files_changed(const duck::Error& failure) {
    if (!may_be_a_file(failure)) return false;
    bool changed = false;
    for (const store::Segment& segment : segments_) {
      std::error_code error;
      if (!std::filesystem::exists(segment.path, error)) changed = true;
    }
    if (changed) return true;
    for (store::LeftOut& file : find_unreadable(segments_, failure.message)) {
      unreadable_.push_back(std::move(file));
      changed = true;
    }
    return changed;
  }

  EngineOptions options_;
  std::optional<TemporaryFolder> temporary_;  // outlives the database
  std::mutex session_mutex_;                  // for who comes from another thread
  std::optional<duck::Session> session_;
  std::vector<store::Segment> segments_;
  std::vector<store::LeftOut> unreadable_;  // whole, but not for DuckDB
  std::vector<store::LeftOut> missing_;     // with those
  bool loaded_ = false;
  int loads_ = 0;
};

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

Result<Engine> Engine::open(EngineOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  TRY(impl->open());
  return Engine(std::move(impl));
}

Result<> Engine::run(const std::string& sql, RowSink& sink) { return impl_->run(sql, sink); }
Result<std::vector<std::string>> Engine::split(std::string_view sql) { return impl_->split(sql); }
Result<uint64_t> Engine::write_parquet(const std::string& sql, bool addresses_as_text) {
  return impl_->write_parquet(sql, addresses_as_text);
}
void Engine::interrupt() { impl_->interrupt(); }
double Engine::progress() { return impl_->progress(); }
size_t Engine::files() const { return impl_->segments().size(); }
uint64_t Engine::bytes() const {
  uint64_t bytes = 0;
  for (const store::Segment& segment : impl_->segments()) bytes += segment.bytes;
  return bytes;
}
const std::vector<store::LeftOut>& Engine::missing() const { return impl_->missing(); }

}  // namespace weir::query
