#include "store/flusher.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <iterator>
#include <span>
#include <string>

#include "base/log.h"
#include "store/files.h"
#include "store/parquet/row_group.h"
#include "store/sequence_gaps.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;

constexpr Micros kFirstBackOff{1'000'000};
constexpr Micros kLongestBackOff{30'000'000};

struct Received {
  Timestamp first;
  Timestamp last;
};

// The range of time_received; nothing if a row has none.
std::optional<Received> received_range(const flow::FlowBatch& batch) {
  const auto column = batch.schema().find("time_received");
  if (!column || !batch.present(*column)) return std::nullopt;
  size_t valid = 0;
  for (const uint64_t word : batch.validity(*column)) valid += static_cast<size_t>(std::popcount(word));
  if (valid != batch.rows()) return std::nullopt;
  const std::span times(static_cast<const int64_t*>(batch.raw(*column)), batch.rows());
  const auto [first, last] = std::ranges::minmax(times);
  return Received{timestamp_from_us(first), timestamp_from_us(last)};
}

}  // namespace

void Flusher::add(flow::SealedBatch batch, flow::Receipt receipt, const StoreOptions& options) {
  if (batch->rows() == 0) return receipt.stored();
  const auto received = received_range(*batch);
  // A capture may claim any time. What has no place in the folders cannot be stored.
  if (!received || received->first < kEarliest || received->last > kLatest ||
      hour_of(received->first) != hour_of(received->last)) {
    log::error("{} rows are dropped: their time_received is missing, not between 1970 and 9999, or not within one hour",
               batch->rows());
    return receipt.dropped(flow::DropReason::store_failed);
  }
  const Kind kind{hour_of(received->first), batch->shared_schema()};
  const uint64_t rows = batch->rows();
  const uint64_t most = std::min<uint64_t>(parquet::kGroupRows, options.rows_per_segment);
  if (const uint64_t open = open_rows(kind); open > 0 && open + rows > most) prepare_open(kind);
  waiting_rows_ += rows;
  const std::optional<Timestamp> since = batch->since() ? batch->since() : last_call_;
  std::vector<flow::Receipt> receipts;
  receipts.push_back(std::move(receipt));
  waiting_.push_back({.kind = kind,
                      .rows = {{std::move(batch)}, nullptr},
                      .count = rows,
                      .receipts = std::move(receipts),
                      .first = received->first,
                      .last = received->last,
                      .since = since});
  if (open_rows(kind) >= most) prepare_open(kind);
  if (back_off_ > Micros{0}) drop_oldest(options.pending_rows_limit);
}

uint64_t Flusher::open_rows(const Kind& kind) const {
  uint64_t rows = 0;
  for (const Waiting& w : waiting_) {
    if (!w.prepared && w.kind == kind) rows += w.count;
  }
  return rows;
}

// Those that match leave waiting_.
template <class Matches>
Flusher::Group Flusher::take(const Matches& matches) {
  Group taken;
  std::deque<Waiting> rest;
  for (Waiting& w : waiting_) {
    if (matches(w))
      taken.push_back(std::move(w));
    else
      rest.push_back(std::move(w));
  }
  waiting_ = std::move(rest);
  return taken;
}

// The batches of a kind become one, in the place of the oldest.
void Flusher::prepare_open(const Kind& kind) {
  const auto is_open = [&](const Waiting& w) { return !w.prepared && w.kind == kind; };
  const auto place = std::ranges::find_if(waiting_, is_open) - waiting_.begin();
  Group open = take(is_open);
  Waiting whole = std::move(open.front());
  std::vector<flow::SealedBatch> batches = std::move(whole.rows.batches);
  for (Waiting& w : std::span(open).subspan(1)) {
    batches.push_back(std::move(w.rows.batches.front()));
    whole.count += w.count;
    std::ranges::move(w.receipts, std::back_inserter(whole.receipts));
    whole.first = std::min(whole.first, w.first);
    whole.last = std::max(whole.last, w.last);
    if (w.since) whole.since = std::min(*w.since, whole.since.value_or(*w.since));
  }
  whole.rows = writer_.prepare(std::move(batches));
  whole.prepared = true;
  waiting_.insert(waiting_.begin() + place, std::move(whole));
}

// Batches of several threads come in any order.
std::optional<Timestamp> Flusher::oldest() const {
  std::optional<Timestamp> oldest;
  for (const Waiting& w : waiting_) {
    if (w.since) oldest = std::min(*w.since, oldest.value_or(*w.since));
  }
  return oldest;
}

std::optional<Timestamp> Flusher::due(const StoreOptions& options) const {
  if (waiting_.empty()) return std::nullopt;
  if (back_off_ > Micros{0}) return retry_at_;
  const std::optional<Timestamp> since = oldest();
  return since ? std::optional(*since + options.flush_interval) : std::nullopt;
}

bool Flusher::is_due(Timestamp now, const StoreOptions& options) const {
  if (waiting_.empty()) return false;
  if (waiting_rows_ >= options.rows_per_segment || back_off_ > Micros{0}) return true;
  const Timestamp since = oldest().value_or(now);
  return now - since >= options.flush_interval || since > now;  // later than now: the clock was set back
}

bool Flusher::waits_for_disk(Timestamp now) const {
  // Beyond the longest back-off: the clock was set back.
  return back_off_ > Micros{0} && now < retry_at_ && retry_at_ - now <= kLongestBackOff;
}

void Flusher::flush(Timestamp now, bool force, const StoreOptions& options) {
  for (Waiting& w : waiting_) {
    if (!w.since) w.since = now;
  }
  last_call_ = now;
  if (!force && waits_for_disk(now)) return;
  while (!waiting_.empty() && (force || is_due(now, options))) {
    Group group = take_segment(options.rows_per_segment);
    const auto stats = write(group);
    if (!stats) {
      failed(std::move(group), stats.error(), now);
      drop_oldest(options.pending_rows_limit);
      return;
    }
    succeeded(std::move(group), *stats);
  }
}

// The oldest of the oldest one's kind, as many as have `rows` rows at most, but one at least.
Flusher::Group Flusher::take_segment(uint64_t rows) {
  const Kind kind = waiting_.front().kind;
  uint64_t taken = 0;
  bool full = false;
  Group group = take([&](const Waiting& w) {
    if (w.kind != kind) return false;
    full = full || (taken > 0 && taken + w.count > rows);
    if (!full) taken += w.count;
    return !full;
  });
  waiting_rows_ -= taken;
  return group;
}

Result<SegmentStats> Flusher::write(const Group& group) {
  Segment segment;
  segment.first = std::ranges::min_element(group, {}, &Waiting::first)->first;
  segment.last = std::ranges::max_element(group, {}, &Waiting::last)->last;
  segment.first_sequence = segment.last_sequence = next_sequence_;
  std::vector<PreparedRows> rows;
  std::vector<flow::SealedBatch> open;
  for (const Waiting& w : group) {
    if (w.prepared)
      rows.push_back(w.rows);
    else
      open.insert(open.end(), w.rows.batches.begin(), w.rows.batches.end());
  }
  // If the disk does not take them they stay batches, which can be dropped one by one.
  if (!open.empty()) rows.push_back(writer_.prepare(std::move(open)));

  std::error_code error;
  (void)create_folders(folder_);  // somebody may have removed it
  const fs::path temporary = folder_ / (segment_name(segment) + std::string(kTemporarySuffix));
  fs::remove(temporary, error);
  const auto stats = writer_.write_prepared(temporary, rows);
  if (!stats) return stats;
  if (const auto published = publish(temporary, segment); !published) {
    fs::remove(temporary, error);
    return std::unexpected(published.error());
  }
  note_newest(folder_, {next_sequence_++, segment.last});
  return stats;
}

Result<> Flusher::publish(const fs::path& temporary, const Segment& segment) {
  const fs::path folder = folder_ / hour_folder_name(hour_of(segment.first));
  const fs::path path = folder / segment_name(segment);
  {
    const std::lock_guard lock(folders_);
    if (const auto created = create_folders(folder); !created) return created;
    if (std::rename(temporary.c_str(), path.c_str()) != 0)
      return fail_errno("cannot rename a segment to " + path.string());
  }
  const auto synced = sync_folder(folder);
  if (synced || std::remove(path.c_str()) != 0) return {};
  return synced;  // not stored then, and written again later
}

void Flusher::succeeded(Group group, const SegmentStats& stats) {
  for (Waiting& w : group) {
    for (flow::Receipt& receipt : w.receipts) receipt.stored();
  }
  if (back_off_ > Micros{0})
    log::info("the store can be written to again; {} rows were dropped meanwhile", dropped_rows_);
  back_off_ = Micros{0};
  dropped_rows_ = 0;
  counters_.update([&](StoreCounters& c) {
    ++c.segments_written;
    c.rows_written += stats.rows;
    c.bytes_written += stats.bytes;
    c.last_error.clear();
  });
}

void Flusher::failed(Group group, const Error& error, Timestamp now) {
  for (const Waiting& w : group) waiting_rows_ += w.count;
  waiting_.insert(waiting_.begin(), std::make_move_iterator(group.begin()), std::make_move_iterator(group.end()));
  back_off_ = back_off_ == Micros{0} ? kFirstBackOff : std::min(back_off_ * 2, kLongestBackOff);
  retry_at_ = now + back_off_;
  counters_.update([&](StoreCounters& c) {
    ++c.write_failures;
    c.last_error = error.message;
  });
  log::error("{}; {} rows wait, {} were dropped, next try in {}", error.message, waiting_rows_, dropped_rows_,
             to_human(back_off_));
}

void Flusher::drop_oldest(uint64_t limit) {
  while (waiting_rows_ > limit) {
    Waiting& oldest = waiting_.front();
    dropped_rows_ += oldest.count;
    waiting_rows_ -= oldest.count;
    for (flow::Receipt& receipt : oldest.receipts) receipt.dropped(flow::DropReason::store_failed);
    waiting_.pop_front();
  }
}

void Flusher::drop_all(flow::DropReason reason) {
  if (waiting_rows_ > 0) log::error("{} rows could not be written and are dropped", waiting_rows_);
  for (Waiting& w : waiting_) {
    for (flow::Receipt& receipt : w.receipts) receipt.dropped(reason);
  }
  waiting_.clear();
  waiting_rows_ = 0;
}

}  // namespace weir::store
