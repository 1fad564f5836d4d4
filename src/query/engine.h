// Questions to a store: an embedded DuckDB over the segments as they are on the disk, one engine a question (or a
// session of questions). It takes no lock and writes nothing to the store, so it may run at any time beside a
// collector.
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

namespace weir::query {

struct EngineOptions {
  std::filesystem::path store = "weir-data";
  Window window;              // segments outside are not looked at; the rows of the others are all there
  unsigned threads = 0;       // 0: one for each core
  uint64_t memory_bytes = 0;  // 0: a quarter of the machine's memory; what needs more is spilled to a temporary folder
  bool counters = false;      // the relation `counters`, too
  // For statements of others: SELECT only, no file outside the store, no changed settings (cage.h).
  bool caged = false;
  std::filesystem::path spill_folder = {};  // of the caller, who removes it; empty: one of its own
  std::filesystem::path export_file = {};   // which a caged engine may write, too
};

struct UnreadableFile {
  std::filesystem::path path;
  std::string reason;
};

class Engine {
 public:
  // Fails if there is no store.
  static Result<Engine> open(EngineOptions options);
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  ~Engine();

  // Runs one statement; its rows, if it gives any, go to `sink`. The relation `flows`, `counters` if wanted, and the
  // macros of macros.h are there. A segment that disappears meanwhile (compaction) makes it start over with the
  // segments of that moment, unseen by the sink unless rows had been given already. A segment that cannot be read is
  // left out, and told by unreadable().
  Result<> run(const std::string& sql, RowSink& sink);

  // The statements of a text with ';' between them, without those that are blank or only comments. Fails, with nothing
  // run, if the text is not SQL, or if one of them is nothing for a cage.
  Result<std::vector<std::string>> split(std::string_view sql);

  // The rows of one SELECT to `export_file` as Parquet. Columns of addresses become text, as people write them, or stay
  // UUIDs. Returns how many rows there are.
  Result<uint64_t> write_parquet(const std::string& sql, bool addresses_as_text);

  // Ends run() with an error, from any thread.
  void interrupt();
  // How much of run() is done, 0 to 100; below 0 if unknown. From any thread.
  double progress();

  size_t files() const;    // segments of the window that are read
  uint64_t bytes() const;  // their size
  const std::vector<UnreadableFile>& unreadable() const;

 private:
  class Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::query
