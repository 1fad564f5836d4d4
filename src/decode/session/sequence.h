// What an exporter's sequence numbers and uptime tell: what was lost on the way, and whether it started anew.
#pragma once

#include <cstdint>

#include "decode/session/place.h"
#include "flow/ledger.h"

namespace weir::decode {

// learned: no loss after all, the exporter counts otherwise than its protocol says. anew: the numbers do not go on, and
// never have, so that this means nothing.
// resumed: the first one since the collector was started, of a stream whose numbers go on from before that.
enum class SequenceEvent : uint8_t { in_order, first, gap, reordered, restart, learned, anew, resumed };

// One stream: one exporter, source port and observation domain. The unit is the protocol's: v5 counts flows, v9
// datagrams, IPFIX data records.
//
// Only numbers that go on from message to message tell what is missing. Those that are always 0, that count something
// else, or that several counters send in turns do not: what they seemed to say is taken back, and loss is unknown as
// long as they are like that.
class SequenceState {
 public:
  // A step further than this, in either direction, is not loss or reordering: the exporter began a new sequence.
  static constexpr uint32_t kMaxGap = 1U << 24;
  static constexpr uint32_t kMaxStepBack = 1U << 16;
  // Overtaken messages come singly or in small bursts. As many as this that follow each other without a hole, and are
  // not behind in time either, are a new sequence: the exporter started anew within the same second.
  static constexpr uint32_t kRunOfNewSequence = 16;

  // number: of the message. units: what it adds to the sequence. lost: set to what went missing (gap, resumed), or
  // turned up after all (reordered, learned).
  SequenceEvent observe(uint32_t number, uint32_t units, int64_t export_us, uint64_t& lost);
  // The same in the usual case, in a few instructions: the next number, of a message with as many units as the last one,
  // so that it says nothing of the way of counting. False: it is another case, and nothing was done.
  bool observe_plain(uint32_t number, uint32_t units, int64_t export_us) {
    const bool plain = known_ && number == expected_ && units == last_units_ && number - last_number_ == units;
    if (!plain) return false;
    last_number_ = number;
    expected_ = number + units;
    export_us_ = export_us;
    behind_run_ = 0;
    return true;
  }
  // What comes next is not known (a set could not be counted): the next message starts anew, and what is missing before
  // it is not seen.
  void forget() {
    holes_ += known_ && settle() ? 1 : 0;
    known_ = false;
  }
  // The exporter was started anew, so that no more of the old numbers will come.
  void begin_anew() {
    known_ = false;
    resuming_ = false;
  }
  // Before the first message: what was sent until then is known from before the collector was started.
  void resume(const Resumption& from);
  void cancel_resuming() { resuming_ = false; }
  // Whether what was missing when it was resumed is counted as lost by a collector that was killed.
  bool resumed_after_kill() const { return resumed_.after_kill; }
  // What turned up with the last message of that which was missing when it was resumed.
  uint64_t found_of_resumed() const { return found_of_resumed_; }
  bool known() const { return known_; }
  // Whether the numbers have gone on, and still do.
  bool settle();
  bool erratic() const { return doubts_ >= kErratic; }
  // What was lost, less what has turned up.
  uint64_t lost() const { return lost_; }
  // How often forget() has left out what may have been lost.
  uint64_t holes() const { return holes_; }
  // The stream goes on as this one; `before` is what it was until then.
  void follow(const SequenceState& before);
  // What was sent before the message; what was sent so far, while known.
  uint32_t start_of(uint32_t number, uint32_t units) const { return inclusive_ ? number - units : number; }
  uint32_t next() const { return expected_; }
  // Whether numbers include their own message.
  bool inclusive() const { return inclusive_; }

 private:
  // A number is what was sent before its message. Some exporters (softflowd, VMware) send it with the message's own
  // records included; so many messages in a row that fit only that way show it.
  static constexpr uint32_t kEvidence = 3;
  enum class Fits : uint8_t { either, this_way, other_way, learned };
  Fits learn(uint32_t number, uint32_t units);

  // Before numbers have gone on, a longer gap is rather another counter: in units, and in messages like this one.
  static constexpr uint32_t kUsualGap = 1024;
  static constexpr uint32_t kUsualGapMessages = 32;

  // Gaps in a row and restarts, weighed, of numbers that have not gone on in between.
  static constexpr uint32_t kErratic = 8;
  static constexpr uint32_t kGapDoubts = 1;
  static constexpr uint32_t kRestartDoubts = 3;
  // Nothing is restarted again and again within so much time.
  static constexpr int64_t kLeastLifeUs = 60'000'000;
  // A message in order after the one that came after a break: of that one the units are in the numbers, too.
  bool has_gone_on(uint32_t expected, uint32_t last_units) const { return expected - broken_at_ > last_units; }
  void note_break(bool anew, uint32_t expected, uint32_t last_units, int64_t export_us);
  SequenceEvent step_over(bool anew, Fits fits, uint32_t ahead, uint64_t& lost);
  void take_back(uint64_t found);

  bool known_ = false;
  bool inclusive_ = false;      // numbers include their own message
  uint32_t evidence_ = 0;       // messages in a row that fit the other way of counting only
  uint64_t evidence_lost_ = 0;  // what they made us count as lost
  uint32_t last_number_ = 0;    // as it was sent
  uint32_t last_units_ = 0;
  uint32_t expected_ = 0;
  uint32_t behind_next_ = 0;  // what would follow the last message that was behind
  uint32_t behind_run_ = 0;   // how many of them followed each other
  uint64_t missing_ = 0;      // counted as lost so far and not seen since
  int64_t export_us_ = 0;     // of the latest message in order

  static constexpr int64_t kNever = INT64_MIN;
  bool proven_ = false;         // the numbers have gone on
  uint8_t doubts_ = 0;          // as they do not
  uint32_t broken_at_ = 0;      // what was expected after the last message that was not in order
  int64_t began_us_ = kNever;   // the export time of the first message, or of the last restart
  uint64_t lost_ = 0;           // in all
  uint64_t doubtful_lost_ = 0;  // of that, what will be taken back if the numbers turn out to be erratic
  uint64_t holes_ = 0;

  SequenceEvent begin(uint32_t number, int64_t export_us, uint64_t& lost);
  bool resuming_ = false;
  Resumption resumed_;
  uint32_t missing_of_resumed_ = 0;  // and not seen since
  uint32_t found_of_resumed_ = 0;
};

// Where a message stands in the order in which its exporter sent its messages.
struct MessageOrder {
  uint32_t sequence = 0;
  int64_t export_us = 0;
  // Whether this one was sent before the other.
  bool before(const MessageOrder& other) const;
};

// Observes, and counts what it means.
SequenceEvent note_event(SequenceState& state, uint32_t number, uint32_t units, int64_t export_us,
                         flow::ExporterCounters& counters);
inline SequenceEvent note_sequence(SequenceState& state, uint32_t number, uint32_t units, int64_t export_us,
                                   flow::ExporterCounters& counters) {
  if (state.observe_plain(number, units, export_us)) return SequenceEvent::in_order;
  return note_event(state, number, units, export_us, counters);
}

// Uptime and export time of the last message in order, to see restarts.
class UptimeState {
 public:
  // Whether the exporter has started anew since the last message. A datagram that was overtaken is behind in uptime and
  // in export time alike; after a restart the uptime falls while time goes on. The wrap after 49.7 days is no restart.
  bool restarted(uint32_t uptime_ms, int64_t export_us);
  // Goes on from what was known before this program was started. The exporter may have been up for longer than that
  // since, so the next message is also compared by the moment of its start.
  void restore(uint32_t uptime_ms, int64_t export_us);
  bool known() const { return known_; }
  uint32_t uptime_ms() const { return uptime_ms_; }
  int64_t export_us() const { return export_us_; }

 private:
  // So many messages in a row that are behind were not overtaken: what they say is where the exporter is now.
  static constexpr uint32_t kRunBehind = 16;

  bool known_ = false;
  bool restored_ = false;
  uint32_t behind_ = 0;            // how many in a row are behind, and yet no restart
  uint32_t behind_uptime_ms_ = 0;  // of the last of them
  uint32_t uptime_ms_ = 0;
  int64_t export_us_ = 0;
};

}  // namespace weir::decode
