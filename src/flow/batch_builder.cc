#include "flow/batch_builder.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace weir::flow {

// Batches between two uses. Batches are taken by the builder's thread and come back in any. A store gives back many at
// once, when it has written them, and then they are filled again one after the other: so many are kept, but not those
// that lay there all the time.
class BatchPool {
 public:
  static constexpr size_t kMaxKept = 32;
  static constexpr size_t kTakesToJudge = 64;
  // Text memory beyond this is not kept: it was one odd exporter's.
  static constexpr size_t kMaxKeptText = size_t{1} << 20;

  explicit BatchPool(size_t capacity) : capacity_(capacity) {}

  std::unique_ptr<FlowBatch> take() {
    std::vector<std::unique_ptr<FlowBatch>> unused;  // freed outside of the lock
    const std::lock_guard lock(mutex_);
    std::unique_ptr<FlowBatch> batch;
    if (!kept_.empty()) {
      batch = std::move(kept_.back());
      kept_.pop_back();
    }
    least_kept_ = std::min(least_kept_, kept_.size());
    if (++takes_ >= kTakesToJudge) {
      // The longest unused are in front.
      const auto end = kept_.begin() + static_cast<std::ptrdiff_t>(least_kept_);
      unused.assign(std::move_iterator(kept_.begin()), std::move_iterator(end));
      kept_.erase(kept_.begin(), end);
      takes_ = 0;
      least_kept_ = kept_.size();
    }
    return batch;
  }

  void give_back(std::unique_ptr<FlowBatch> batch) {
    if (batch->text_bytes() > kMaxKeptText || batch->capacity() != capacity_) return;
    batch->reset();
    const std::lock_guard lock(mutex_);
    if (kept_.size() < kMaxKept) kept_.push_back(std::move(batch));
  }

 private:
  const size_t capacity_;  // of batches that did not grow
  std::mutex mutex_;
  std::vector<std::unique_ptr<FlowBatch>> kept_;
  size_t takes_ = 0;       // since unused ones were looked for
  size_t least_kept_ = 0;  // in that time
};

FullBatch::~FullBatch() {
  if (batch_) pool_->give_back(std::move(batch_));
}

SealedBatch seal(FullBatch full) {
  full->settle();
  const auto owner = std::make_shared<FullBatch>(std::move(full));
  return SealedBatch(owner, &**owner);  // who lets go of the batch last lets go of its owner
}

BatchBuilder::BatchBuilder(OnFull on_full, size_t capacity, SchemaPtr schema)
    : on_full_(std::move(on_full)),
      capacity_(capacity),
      schema_(std::move(schema)),
      pool_(std::make_shared<BatchPool>(capacity_)) {}
BatchBuilder::~BatchBuilder() = default;
BatchBuilder::BatchBuilder(BatchBuilder&&) noexcept = default;
BatchBuilder& BatchBuilder::operator=(BatchBuilder&&) noexcept = default;

FlowBatch& BatchBuilder::batch_for(Timestamp received) {
  const bool fits = current_ && current_->room() > 0 && current_->text_bytes() < kMaxTextBytes &&
                    received >= hour_start_ && received < hour_end_;
  if (fits && noted_) return *current_;
  return next_batch(received);
}

FlowBatch& BatchBuilder::next_batch(Timestamp received) {
  const bool same_hour = current_ && received >= hour_start_ && received < hour_end_;
  if (same_hour && origin_.number != 0 && noted_) {
    // It has rows of this datagram already: they stay together.
    if (current_->room() == 0) current_->grow(current_->capacity() + capacity_);
    return *current_;
  }
  if (!same_hour || current_->room() == 0 || current_->text_bytes() >= kMaxTextBytes) {
    hand_over();
    if (!current_) {
      current_ = pool_->take();
      if (!current_) current_ = std::make_unique<FlowBatch>(capacity_, schema_);
    }
    hour_start_ = std::chrono::floor<std::chrono::hours>(received);
    hour_end_ = hour_start_ + std::chrono::hours{1};
  }
  if (origin_.number != 0) note();
  return *current_;
}

void BatchBuilder::begin_next(const RowOrigin& origin) {
  origin_ = origin;
  noted_ = origin.number == 0;
  if (!current_) return;
  const size_t needed = std::min(origin.bytes / kLeastRowBytes, capacity_ / 2);
  if (current_->room() < needed) hand_over();
}

// The rows of the current batch begin where those of the batch before ended.
void BatchBuilder::note() {
  noted_ = true;
  if (origin_.early) return marks_.add_early(origin_.stream, origin_.place);
  const uint64_t datagram = origin_.place.datagram;
  const auto known = std::ranges::find(lasts_, origin_.stream, &Last::stream);
  const bool follows = known != lasts_.end() && known->datagram < datagram;
  marks_.add(origin_.stream, {follows ? known->datagram + 1 : datagram, datagram});
  if (known != lasts_.end())
    known->datagram = datagram;
  else
    lasts_.push_back({origin_.stream, datagram});
}

std::optional<uint64_t> BatchBuilder::oldest() const {
  if (pending_rows() == 0) return std::nullopt;
  return marks_.oldest();
}

void BatchBuilder::hand_over() {
  if (!current_) return;
  Marks marks = std::exchange(marks_, {});
  noted_ = origin_.number == 0;
  if (current_->rows() == 0) return;
  if (!marks.empty()) current_->set_marks(std::make_shared<const Marks>(std::move(marks)));
  on_full_(FullBatch(std::move(current_), pool_));
}

TableBuilders::TableBuilders(BatchBuilder::OnFull on_full, size_t capacity, SchemaPtr flows)
    : on_full_(std::move(on_full)), capacity_(capacity) {
  for (const Table table : kTables) {
    schemas_[table] = Schema::of(table);
    make(builders_, table, on_full_);
  }
  if (flows != Schema::flows()) set_schema(std::move(flows));
}

void TableBuilders::make(PerTable<std::optional<BatchBuilder>>& builders, Table table,
                         const BatchBuilder::OnFull& on_full) {
  if (builders[table]) builders[table]->hand_over();
  builders[table].emplace(on_full, capacity_, schemas_[table]);
}

size_t TableBuilders::pending_rows(Table table) const {
  size_t rows = builders_[table]->pending_rows();
  if (!tracking_) return rows;
  rows += tracking_->early[table]->pending_rows();
  if (tracking_->known[table]) rows += tracking_->known[table]->pending_rows();
  return rows;
}

void TableBuilders::hand_over(Table table) {
  builders_[table]->hand_over();
  if (!tracking_) return;
  tracking_->early[table]->hand_over();
  if (tracking_->known[table]) tracking_->known[table]->hand_over();
}

void TableBuilders::hand_over() {
  for (const Table table : kTables) hand_over(table);
}

void TableBuilders::set_schema(SchemaPtr schema) {
  const Table table = schema->table();
  schemas_[table] = std::move(schema);
  make(builders_, table, on_full_);
  if (!tracking_) return;
  make(tracking_->early, table, on_full_);
  if (tracking_->is_known) make(tracking_->known, table, tracking_->on_known);
}

void TableBuilders::track(std::vector<uint64_t> streams) {
  tracking_ = std::make_unique<Tracking>();
  tracking_->streams = std::move(streams);
  for (const Table table : kTables) make(tracking_->early, table, on_full_);
}

void TableBuilders::set_known(IsKnown is_known, BatchBuilder::OnFull on_known) {
  tracking_->is_known = std::move(is_known);
  tracking_->on_known = std::move(on_known);
  for (const Table table : kTables) make(tracking_->known, table, tracking_->on_known);
}

// A batch of what is known is not stored again: it needs no marks.
BatchBuilder& TableBuilders::tracked(Table table) {
  const RowOrigin& origin = tracking_->origin;
  if (tracking_->is_known && tracking_->is_known(table, origin.stream, origin.place)) return *tracking_->known[table];
  BatchBuilder& builder = origin.early ? *tracking_->early[table] : *builders_[table];
  builder.begin(origin);
  return builder;
}

RowOrigin TableBuilders::origin_of(uint64_t datagram, uint32_t set, size_t bytes) {
  const uint64_t place = datagram >> kDatagramBits;
  CHECK(place < tracking_->streams.size());
  return {.number = ++tracking_->numbers,
          .stream = tracking_->streams[place],
          .place = {.datagram = datagram & ((uint64_t{1} << kDatagramBits) - 1), .set = set},
          .early = false,
          .bytes = bytes};
}

void TableBuilders::begin(uint64_t datagram, size_t bytes) {
  if (tracking_) tracking_->origin = origin_of(datagram, 0, bytes);
}

uint32_t TableBuilders::next_set() { return tracking_ ? ++tracking_->origin.place.set : 0; }

void TableBuilders::hold(uint64_t datagram, uint32_t set) {
  if (tracking_) tracking_->held.push_back({datagram, set});
}

std::vector<SetPlace> TableBuilders::take_held() {
  return tracking_ ? std::exchange(tracking_->held, {}) : std::vector<SetPlace>();
}

void TableBuilders::begin_early(uint64_t datagram, uint32_t set, size_t bytes) {
  if (!tracking_) return;
  tracking_->interrupted = tracking_->origin;
  tracking_->origin = origin_of(datagram, set, bytes);
  tracking_->origin.early = true;
}

void TableBuilders::end_early() {
  if (tracking_) tracking_->origin = tracking_->interrupted;
}

std::optional<uint64_t> TableBuilders::oldest() const {
  std::optional<uint64_t> oldest;
  const auto look_at = [&](const PerTable<std::optional<BatchBuilder>>& builders) {
    for (const auto& builder : builders) {
      const auto first = builder ? builder->oldest() : std::nullopt;
      if (first && (!oldest || *first < *oldest)) oldest = first;
    }
  };
  look_at(builders_);
  if (tracking_) look_at(tracking_->early);
  return oldest;
}

}  // namespace weir::flow
