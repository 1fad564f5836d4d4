#include "decode/session/ordered_sequence.h"

#include <algorithm>
#include <cstdlib>

namespace weir::decode {
namespace {

// How far `number` is ahead of `base`, modulo 2^32; negative: behind.
int64_t ahead_of(uint32_t number, uint32_t base) { return static_cast<int32_t>(number - base); }

}  // namespace

// Behind what is expected next if that is known, else behind the first one that waits.
int64_t OrderedSequence::ahead(const SequencedMessage& message) const {
  const uint32_t start = state_.start_of(message.number, message.units);
  if (state_.known()) return ahead_of(start, state_.next());
  if (waiting_.empty()) return 0;
  return ahead_of(start, state_.start_of(waiting_.front().number, waiting_.front().units));
}

// A straggler of the sequence before: exported before this one began, and nearer to the old numbers.
bool OrderedSequence::of_before(const SequencedMessage& message) const {
  if (!has_before_ || message.export_us > changed_export_us_) return false;
  const int64_t old_distance = std::abs(ahead_of(message.number, before_next_));
  return old_distance < kSameSequence && (!state_.known() || old_distance < std::abs(ahead(message)));
}

// Several threads hand in what they received, each in its own pace, so a message may come in while those before it are
// still in another thread's hands. What is counted must not depend on that. So messages wait, ordered by number, until
// all before them are there; then they are fed to SequenceState in the order in which they were sent. A hole is waited
// for as long as kPatience; then it is loss.
//
//   at the number that is next   fed at once, with all that follow it without a hole
//   ahead of it                  waits
//   behind it                    came later than kPatience, and was counted as lost; or it was sent twice
//   far away, or behind in       the exporter began a new sequence: what waits is fed, and a new count begins. The
//   number but exported later    place of the old one is remembered for a while, to know stragglers of it
void OrderedSequence::note(const SequencedMessage& message, flow::ExporterCounters& counters) {
  if (of_before(message)) return counters.anomalies.add(flow::Anomaly::sequence_reordered);
  if (!state_.known() && waiting_.empty()) learning_since_ = message.received;
  const int64_t distance = ahead(message);
  // One that overlaps the last message was counted otherwise by its exporter, which shows in its turn.
  const bool behind = state_.known() && distance < 0 && -distance >= int64_t{fed_units_};
  if (behind && -distance < kSameSequence && message.export_us <= fed_export_us_ && ++late_run_ < kMostWaiting) {
    // It has been counted as lost, or was sent twice.
    return counters.anomalies.add(flow::Anomaly::sequence_reordered);
  }
  const auto place =
      std::ranges::upper_bound(waiting_, distance, {}, [&](const SequencedMessage& other) { return ahead(other); });
  const bool exported_later = place != waiting_.end() && message.export_us > place->export_us;
  if (behind || exported_later || std::abs(distance) >= kSameSequence) return begin_anew(message, counters);
  waiting_.insert(place, message);
  if (waiting_.size() > kMostWaiting) feed_first(counters);
  give_up(message.received, counters);
}

// The exporter began a new sequence with this message, and the protocol does not say so otherwise.
void OrderedSequence::begin_anew(const SequencedMessage& message, flow::ExporterCounters& counters) {
  feed_all(counters);
  has_before_ = state_.known();
  before_next_ = state_.next();
  changed_export_us_ = message.export_us;
  feed(message, counters);
}

void OrderedSequence::give_up(Timestamp now, flow::ExporterCounters& counters) {
  while (!waiting_.empty()) {
    const SequencedMessage& next = waiting_.front();
    // In either direction: what a thread that lags hands in was received before what the other one has handed in.
    const bool learning = !state_.known() && std::chrono::abs(now - learning_since_) < kLearning;
    const bool fits = !learning && (!state_.known() || ahead(next) == 0);
    const bool too_long = now == Timestamp::max() || (now > next.received && now - next.received > kPatience);
    if (!fits && !too_long) return;
    feed_first(counters);
  }
}

void OrderedSequence::feed_first(flow::ExporterCounters& counters) {
  const SequencedMessage first = waiting_.front();
  waiting_.pop_front();
  feed(first, counters);
}

void OrderedSequence::feed_all(flow::ExporterCounters& counters) {
  while (!waiting_.empty()) feed_first(counters);
}

void OrderedSequence::forget(flow::ExporterCounters& counters) {
  feed_all(counters);
  state_.begin_anew();
  has_before_ = false;
}

void OrderedSequence::feed(const SequencedMessage& message, flow::ExporterCounters& counters) {
  if (!message.countable && state_.inclusive()) state_.cancel_resuming();
  note_sequence(state_, message.number, message.units, message.export_us, counters);
  if (!message.countable) {
    state_.forget();
    learning_since_ = message.received;
  }
  fed_units_ = message.units;
  fed_export_us_ = message.export_us;
  late_run_ = 0;
}

}  // namespace weir::decode
