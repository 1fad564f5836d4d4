#include "store/store.h"

#include <algorithm>
#include <mutex>

#include "base/log.h"
#include "store/files.h"
#include "store/flusher.h"
#include "store/layout.h"
#include "store/lock.h"
#include "store/maintenance.h"
#include "store/shared_counters.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;

// Beside the folders of tables.
constexpr std::string_view kLedgerFile = "ledger.json";
constexpr std::string_view kDetailsFile = "exporters.json";

bool is_ours(std::string_view name) {
  return name == kLedgerFile || name == kDetailsFile || parse_segment_name(name).has_value();
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

// The sequence number after the highest one on the disk, set aside ones included.
Result<uint64_t> next_sequence(const fs::path& table) {
  uint64_t highest = 0;
  const auto hours = list_hours(table);
  if (!hours) return std::unexpected(hours.error());
  for (const HourFolder& hour : *hours) {
    for (const std::string_view suffix : {std::string_view(), kCorruptSuffix}) {
      const auto segments = scan_hour(hour, suffix);
      if (!segments) return std::unexpected(segments.error());
      for (const Segment& s : *segments) highest = std::max(highest, s.last_sequence);
    }
  }
  if (highest >= kMaxSequence)
    return fail("the store {} has no sequence numbers left: start a new one", table.parent_path().string());
  return highest + 1;
}

}  // namespace

class Store::Impl {
 public:
  // first_sequences: as kTables.
  Impl(StoreOptions options, StoreLock lock, const std::array<uint64_t, kTables.size()>& first_sequences,
       std::unique_ptr<SegmentWriter> writer, flow::Ledger& ledger)
      : directory_(options.directory),
        lock_(std::move(lock)),
        writer_(std::move(writer)),
        flows_(table_folder(directory_, kTables[0]), first_sequences[0], *writer_, ledger, counters_, folders_),
        device_counters_(table_folder(directory_, kTables[1]), first_sequences[1], *writer_, ledger, counters_,
                         folders_),
        maintenance_(directory_, counters_, folders_),
        options_(std::move(options)) {}

  Flusher& table_of(const flow::FlowBatch& batch) {
    return &batch.schema() == flow::Schema::counters().get() ? device_counters_ : flows_;
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
  void maintain(Timestamp now) {
    const std::lock_guard lock(maintenance_mutex_);
    maintenance_.round(options(), now);
  }
  Result<> write_ledger(std::string_view json) {
    const std::lock_guard lock(ledger_file_mutex_);
    return replace_file(directory_ / kLedgerFile, json);
  }
  Result<> write_details(std::string_view json) {
    const std::lock_guard lock(ledger_file_mutex_);
    return replace_file(directory_ / kDetailsFile, json);
  }

  const fs::path directory_;
  const StoreLock lock_;
  SharedCounters counters_;
  std::mutex folders_;
  const std::unique_ptr<SegmentWriter> writer_;
  Flusher flows_;
  Flusher device_counters_;
  Maintenance maintenance_;

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

Result<Store> Store::open(StoreOptions options, std::unique_ptr<SegmentWriter> writer, flow::Ledger& ledger) {
  if (const auto created = create_folders(table_folder(options.directory, kTables[0])); !created) {
    return fail("cannot make a store in {}: {}; choose a folder that this user may write to with --store",
                options.directory.string(), created.error().message);
  }
  auto lock = StoreLock::take(options.directory);
  if (!lock) return std::unexpected(lock.error());
  remove_temporaries(options.directory);
  std::array<uint64_t, kTables.size()> sequences{};
  for (size_t i = 0; i < kTables.size(); ++i) {
    const fs::path folder = table_folder(options.directory, kTables[i]);
    remove_temporaries(folder);
    const auto sequence = next_sequence(folder);
    if (!sequence) return std::unexpected(sequence.error());
    sequences[i] = *sequence;
  }
  return Store(std::make_unique<Impl>(std::move(options), std::move(*lock), sequences, std::move(writer), ledger));
}

void Store::add(flow::SealedBatch batch) {
  Flusher& table = impl_->table_of(*batch);
  table.add(std::move(batch), impl_->options());
}

void Store::flush(Timestamp now, bool force) {
  const StoreOptions options = impl_->options();
  impl_->flows_.flush(now, force, options);
  impl_->device_counters_.flush(now, force, options);
}

void Store::close(Timestamp now) {
  impl_->maintenance_.stop();
  flush(now, true);
  impl_->flows_.drop_all(flow::DropReason::shutdown);
  impl_->device_counters_.drop_all(flow::DropReason::shutdown);
}

void Store::maintain(Timestamp now) { impl_->maintain(now); }

void Store::set_options(const StoreOptions& options) { impl_->set_options(options); }

StoreCounters Store::counters() const { return impl_->counters_.get(); }

Result<> Store::write_ledger(std::string_view json) { return impl_->write_ledger(json); }
Result<> Store::write_details(std::string_view json) { return impl_->write_details(json); }

}  // namespace weir::store
