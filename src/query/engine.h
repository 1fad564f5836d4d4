// Questions to a store: an embedded DuckDB over the segments as they are on the disk, one engine a question (or a
// session of questions). It takes no lock, and all that it may write to the store is which files it found whole
// (store/verified_files.h), so it may run at any time beside a collector.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "query/query.h"
#include "query/result.h"
#include "store/survey.h"

namespace weir::query {

struct EngineOptions {
  std::filesystem::path store = "weir-data";
  Window window;              // segments outside are not looked at; the rows of the others are all there
  unsigned threads = 0;       // 0: one for each core
  uint64_t memory_bytes = 0;  // 0: a quarter of the machine's memory; what needs more is spilled to a temporary folder
  bool counters = false;      // the relations `counters` and `account`, too
  // For statements of others: SELECT only, no file outside the store, no changed settings (cage.h).
  bool caged = false;
  std::filesystem::path spill_folder = {};  // of the caller, who removes it; empty: one of its own
  std::filesystem::path export_file = {};   // which a caged engine may write, too
  // Of the same store, for who has asked it before; else the engine's own.
  std::shared_ptr<store::Surveyor> surveyor = {};
};

// threads: as above.
std::shared_ptr<store::Surveyor> make_surveyor(const std::filesystem::path& store, unsigned threads = 0);

class Engine {
 public:
  // Fails if there is no store.
  static Result<Engine> open(EngineOptions options);
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  ~Engine();

  // Runs one statement; its rows, if it gives any, go to `sink`. The relation `flows`, `counters` if wanted, and the
  // macros of macros.h are there. A segment that disappears meanwhile (compaction) makes it start over with the
  // segments of that moment, unseen by the sink unless rows had been given already. Before the first statement, or the
  // first split(), the segments are checked (store/survey.h); what is damaged or missing is left out, and told by
  // missing().
  Result<> run(const std::string& sql, RowSink& sink);

  // The statements of a text with ';' between them, without those that are blank or only comments. Fails, with nothing
  // run, if the text is not SQL, or if one of them is nothing for a cage.
  Result<std::vector<std::string>> split(std::string_view sql);

  // The rows of one SELECT to `export_file` as Parquet. Columns of addresses become text, as people write them, or stay
  // UUIDs. Returns how many rows there are.
  Result<uint64_t> write_parquet(const std::string& sql, bool addresses_as_text);

  // Ends what runs with an error, from any thread.
  void interrupt();
  // How much of run() is done, 0 to 100; below 0 if unknown. From any thread.
  double progress();

  size_t files() const;    // segments of the window that are read
  uint64_t bytes() const;  // their size
  // What the answers so far do not rest on.
  const std::vector<store::LeftOut>& missing() const;

 private:
  class Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::query
