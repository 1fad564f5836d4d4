// The sequence of a stream whose messages several threads receive: what they hand in is somewhat out of order, as one
// may lag behind the other. Messages are put back in order before they are looked at, so that only what is missing for
// a while was lost.
#pragma once

#include <cstdint>
#include <deque>

#include "base/time.h"
#include "decode/session/sequence.h"

namespace weir::decode {

struct SequencedMessage {
  uint32_t number = 0;
  uint32_t units = 0;     // what it adds to the sequence
  bool countable = true;  // false: units is not known
  int64_t export_us = 0;
  Timestamp received{};
};

class OrderedSequence {
 public:
  // A hole in the sequence waits for so long, by the time of receiving, and as long as no more messages than this wait
  // behind it: the socket buffer of a thread that lags holds about as many.
  static constexpr std::chrono::seconds kPatience{2};
  static constexpr size_t kMostWaiting = 32768;

  // A new sequence, or what follows a message that could not be counted, is not looked at before so much of it is
  // there: by the first messages it is learned where it is and how the exporter counts, and for that they have to be in
  // order.
  static constexpr std::chrono::seconds kLearning{1};

  // Counts what is known by now of this message and of others.
  void note(const SequencedMessage& message, flow::ExporterCounters& counters);
  // Counts what has waited for too long by `now`; with Timestamp::max() all.
  void give_up(Timestamp now, flow::ExporterCounters& counters);
  // The exporter was started anew: what is in order is counted, the next message starts a sequence.
  void forget(flow::ExporterCounters& counters);
  // Of what is in order by now.
  SequenceState& state() { return state_; }

 private:
  // Further apart than this in either direction are messages of two sequences.
  static constexpr uint32_t kSameSequence = SequenceState::kMaxGap;

  void begin_anew(const SequencedMessage& message, flow::ExporterCounters& counters);
  void feed(const SequencedMessage& message, flow::ExporterCounters& counters);
  void feed_first(flow::ExporterCounters& counters);
  void feed_all(flow::ExporterCounters& counters);
  int64_t ahead(const SequencedMessage& message) const;
  bool of_before(const SequencedMessage& message) const;

  SequenceState state_;
  std::deque<SequencedMessage> waiting_;  // by number
  int64_t fed_export_us_ = INT64_MIN;     // of the last message in order
  uint32_t fed_units_ = 0;
  Timestamp learning_since_{};  // received: the first message of a sequence, or the one that made it unknown
  size_t late_run_ = 0;         // messages behind, since one was in order
  // The sequence before this one, to know its stragglers.
  bool has_before_ = false;
  uint32_t before_next_ = 0;
  int64_t changed_export_us_ = 0;  // of the message that began this one
};

}  // namespace weir::decode
