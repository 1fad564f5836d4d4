#include "store/store.h"

#include <algorithm>
#include <mutex>

#include "base/log.h"
#include "store/files.h"
#include "store/flusher.h"
#include "store/layout.h"
#include "store/lock.h"
#include "store/maintenance.h"
#include "store/scrub.h"
#include "store/sequence_gaps.h"
#include "store/shared_counters.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;

// Beside the folders of tables.
constexpr std::string_view kLedgerFile = "ledger.json";
constexpr std::string_view kDetailsFile = "exporters.json";
constexpr std::string_view kStreamsFile = "streams.json";
constexpr std::string_view kVerifiedPrefix = "verified-";  // of readers (verified_files.h)
constexpr std::string_view kNewestPrefix = "newest-";      // sequence_gaps.h

bool is_ours(std::string_view name) {
  return name == kLedgerFile || name == kDetailsFile || name == kStreamsFile || name == kExpiredFile ||
         name.starts_with(kVerifiedPrefix) || name.starts_with(kNewestPrefix) || parse_segment_name(name).has_value();
}

// Deletes what a crash left half written: only names that this program gives.
void remove_temporaries(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> leftovers;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.ends_with(kTemporarySuffix) &&
        is_ours(std::string_view(name).substr(0, name.size() - kTemporarySuffix.size())))
      leftovers.push_back(it->path());
  }
  for (const fs::path& path : leftovers) {
    if (fs::remove(path, error))
      log::info("removed {}, which an earlier run left half written", path.filename().string());
  }
}

// The sequence number after the highest one that there ever was, set aside ones included.
Result<uint64_t> next_sequence(const fs::path& store, flow::Table table) {
  uint64_t highest = read_newest(table_folder(store, table)).number;
  const auto hours = TRY(list_hours(store, table));
  for (const HourFolder& hour : hours) {
    for (const std::string_view suffix : {std::string_view(), kCorruptSuffix}) {
      const auto segments = TRY(scan_hour(hour, suffix));
      for (const Segment& s : segments) highest = std::max(highest, s.last_sequence);
    }
  }
  if (highest >= kMaxSequence)
    return fail("the store {} has no sequence numbers left: start a new one", store.string());
  return highest + 1;
}

}  // namespace

class Store::Impl {
 public:
  Impl(StoreOptions options, StoreLock lock, const flow::PerTable<uint64_t>& first_sequences,
       std::unique_ptr<SegmentWriter> writer)
      : directory_(options.directory),
        lock_(std::move(lock)),
        writer_(std::move(writer)),
        maintenance_(directory_, counters_, folders_),
        options_(std::move(options)) {
    for (const flow::Table table : flow::kTables) {
      flushers_[table].emplace(table_folder(directory_, table), first_sequences[table], *writer_, counters_, folders_);
    }
  }

  StoreOptions options() const {
    const std::lock_guard lock(options_mutex_);
    return options_;
  }
  void set_options(const StoreOptions& options) {
    const std::lock_guard lock(options_mutex_);
    options_ = options;
    options_.directory = directory_;
  }
  void report_damaged(const Segment& segment) {
    const std::lock_guard lock(maintenance_mutex_);
    maintenance_.report_damaged(segment);
  }
  void maintain(Timestamp now) {
    const std::lock_guard lock(maintenance_mutex_);
    maintenance_.round(options(), now);
  }
  Result<> write_ledger(const TextSource& json) {
    const std::lock_guard lock(ledger_file_mutex_);
    return replace_file(directory_ / kLedgerFile, json);
  }
  Result<> write_details(std::string_view json) {
    const std::lock_guard lock(ledger_file_mutex_);
    return replace_file(directory_ / kDetailsFile, json);
  }
  Result<> write_streams(std::string_view json) {
    const std::lock_guard lock(ledger_file_mutex_);
    return replace_file(directory_ / kStreamsFile, json);
  }

  const fs::path directory_;
  const StoreLock lock_;
  SharedCounters counters_;
  std::mutex folders_;
  const std::unique_ptr<SegmentWriter> writer_;
  flow::PerTable<std::optional<Flusher>> flushers_;
  Maintenance maintenance_;
  Scrub scrub_{directory_, counters_, [this](const Segment& segment) { report_damaged(segment); }};

 private:
  mutable std::mutex options_mutex_;
  StoreOptions options_;
  std::mutex maintenance_mutex_;
  std::mutex ledger_file_mutex_;
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Result<Store> Store::open(StoreOptions options, std::unique_ptr<SegmentWriter> writer) {
  if (const auto created = create_folders(table_folder(options.directory, flow::Table::flows)); !created) {
    return fail("cannot make a store in {}: {}; choose a folder that this user may write to with --store",
                options.directory.string(), created.error().message);
  }
  StoreLock lock = TRY(StoreLock::take(options.directory));
  remove_temporaries(options.directory);
  flow::PerTable<uint64_t> sequences;
  for (const flow::Table table : flow::kTables) {
    remove_temporaries(table_folder(options.directory, table));
    sequences[table] = TRY(next_sequence(options.directory, table));
  }
  return Store(std::make_unique<Impl>(std::move(options), std::move(lock), sequences, std::move(writer)));
}

void Store::add(flow::SealedBatch batch, flow::Receipt receipt) {
  Flusher& flusher = *impl_->flushers_[batch->schema().table()];
  flusher.add(std::move(batch), std::move(receipt), impl_->options());
}

void Store::flush(Timestamp now, bool force) {
  const StoreOptions options = impl_->options();
  for (auto& flusher : impl_->flushers_) flusher->flush(now, force, options);
}

std::optional<Timestamp> Store::due() const {
  const StoreOptions options = impl_->options();
  std::optional<Timestamp> first;
  for (const auto& flusher : impl_->flushers_) {
    const auto due = flusher->due(options);
    if (due && (!first || *due < *first)) first = due;
  }
  return first;
}

void Store::close(Timestamp now) {
  impl_->maintenance_.stop();
  flush(now, true);
  for (auto& flusher : impl_->flushers_) flusher->drop_all(flow::DropReason::shutdown);
}

void Store::maintain(Timestamp now) { impl_->maintain(now); }

void Store::scrub(Timestamp now) { impl_->scrub_.step(impl_->options().scrub, now); }
void Store::stop_scrub() { impl_->scrub_.stop(); }

void Store::set_options(const StoreOptions& options) { impl_->set_options(options); }

void Store::set_forget(ForgetMarks forget) { impl_->maintenance_.set_forget(std::move(forget)); }
StoreCounters Store::counters() const { return impl_->counters_.get(); }
uint64_t Store::merge_memory_bytes() const { return impl_->maintenance_.memory_held(); }

const std::string& Store::run_id() const { return impl_->lock_.run_id(); }

Result<> Store::write_ledger(const TextSource& json) { return impl_->write_ledger(json); }
Result<> Store::write_details(std::string_view json) { return impl_->write_details(json); }
Result<> Store::write_streams(std::string_view json) { return impl_->write_streams(json); }

}  // namespace weir::store
