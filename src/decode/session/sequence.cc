#include "decode/session/sequence.h"

#include <algorithm>
#include <utility>

namespace weir::decode {

// Whether the exporter counts the other way than we thought: its numbers include their own message, or they do not.
//
// Two messages in a row that carry different amounts tell the ways apart. If numbers are what was sent before, the
// second follows the first by the first one's units; if they include their own message, by the second one's. A message
// that fits both ways, or neither (one is missing between them), says nothing. kEvidence messages in a row that fit
// only the other way turn the count round; what they were counted as lost until then is taken back.
bool SequenceState::learn(uint32_t number, uint32_t units) {
  const bool fits_before = number == last_number_ + last_units_;
  const bool fits_inclusive = number == last_number_ + units;
  last_number_ = number;
  last_units_ = units;
  if (fits_before == fits_inclusive) return false;
  if (fits_inclusive == inclusive_) {
    evidence_ = 0;
    evidence_lost_ = 0;
    return false;
  }
  if (++evidence_ < kEvidence) return false;
  inclusive_ = !inclusive_;
  evidence_ = 0;
  return true;
}

// How loss is counted. Every message says how much was sent before it, so the next one is expected at that number plus
// its own units, modulo 2^32. What arrives is compared with what was expected:
//
//   the same            in order
//   ahead, a step       a gap: as much as it is ahead is lost, until it turns up after all
//   ahead, a leap       the exporter began a new sequence; nothing is known to be lost
//   behind, exported    overtaken on its way: what was counted as lost for it is taken back. What is expected next
//   earlier             stays, or every message that comes late would make a gap of all that overtook it
//   behind, exported    a new sequence that began at a small number
//   later
//
// Export times are whole seconds in IPFIX and v9, so within a second a new sequence looks like messages that were
// overtaken. Those come singly or in small bursts: kRunOfNewSequence that follow each other without a hole are a new
// sequence.
SequenceEvent SequenceState::observe(uint32_t number, uint32_t units, int64_t export_us, uint64_t& lost) {
  lost = 0;
  const bool known = known_;
  if (known && learn(number, units)) {
    expected_ = inclusive_ ? number : number + units;
    export_us_ = export_us;
    lost = std::exchange(evidence_lost_, 0);
    missing_ -= std::min(missing_, lost);
    return SequenceEvent::learned;
  }
  last_number_ = number;
  last_units_ = units;
  if (inclusive_) number -= units;
  const uint32_t ahead = number - expected_;  // modulo 2^32, as the number wraps
  const uint32_t behind = expected_ - number;
  const bool step_back = known && ahead != 0 && behind <= kMaxStepBack;
  if (step_back) {
    behind_run_ = number == behind_next_ && export_us == export_us_ ? behind_run_ + 1 : 1;
    behind_next_ = number + units;
  } else {
    behind_run_ = 0;
  }
  if (step_back && export_us <= export_us_ && behind_run_ < kRunOfNewSequence) {
    // Overtaken by later ones, or sent twice: what is expected next stays.
    lost = std::min<uint64_t>(missing_, units);
    missing_ -= lost;
    evidence_lost_ -= std::min(evidence_lost_, lost);
    return SequenceEvent::reordered;
  }
  known_ = true;
  expected_ = number + units;
  export_us_ = export_us;
  if (!known) return SequenceEvent::first;
  if (ahead == 0) return SequenceEvent::in_order;
  if (step_back || ahead > kMaxGap) {
    missing_ = 0;
    evidence_lost_ = 0;
    return SequenceEvent::restart;
  }
  lost = ahead;
  missing_ += ahead;
  if (evidence_ > 0) evidence_lost_ += ahead;
  return SequenceEvent::gap;
}

bool MessageOrder::before(const MessageOrder& other) const {
  const uint32_t behind = other.sequence - sequence;
  return behind > 0 && behind <= SequenceState::kMaxStepBack && export_us <= other.export_us;
}

SequenceEvent note_sequence(SequenceState& state, uint32_t number, uint32_t units, int64_t export_us,
                            flow::ExporterCounters& counters) {
  uint64_t lost = 0;
  const SequenceEvent event = state.observe(number, units, export_us, lost);
  switch (event) {
    case SequenceEvent::gap:
      counters.anomalies.add(flow::Anomaly::sequence_gap);
      counters.lost_units += lost;
      break;
    case SequenceEvent::reordered:
      counters.anomalies.add(flow::Anomaly::sequence_reordered);
      counters.lost_units -= lost;
      break;
    case SequenceEvent::learned:
      counters.lost_units -= lost;
      break;
    case SequenceEvent::restart:
      counters.anomalies.add(flow::Anomaly::exporter_restart);
      break;
    case SequenceEvent::first:
    case SequenceEvent::in_order:
      break;
  }
  return event;
}

void UptimeState::restore(uint32_t uptime_ms, int64_t export_us) {
  known_ = true;
  restored_ = true;
  uptime_ms_ = uptime_ms;
  export_us_ = export_us;
}

// The moment at which the exporter was started is its export time less its uptime. It stays where it is as long as the
// exporter runs, and moves forward with a restart, whatever was lost or overtaken on the way. So what counts is not
// that the uptime fell (an overtaken datagram has a smaller one, too) but that it fell by more than the export time
// did, with some seconds for clocks that are set and for export times of whole seconds.
bool UptimeState::restarted(uint32_t uptime_ms, int64_t export_us) {
  constexpr int64_t kJitterMs = 10'000;           // export times of whole seconds, clocks being set
  constexpr int64_t kNeverReorderedMs = 600'000;  // no network holds a datagram back for ten minutes
  constexpr uint32_t kNearWrapMs = 3'600'000;
  const bool fell = known_ && uptime_ms < uptime_ms_;
  const int64_t fall_ms = int64_t{uptime_ms_} - int64_t{uptime_ms};
  const int64_t advance_ms = (export_us - export_us_) / 1000;
  const bool wrapped = fell && uptime_ms_ > UINT32_MAX - kNearWrapMs && uptime_ms < kNearWrapMs;
  // The moment it started at moved forward by this much: fall + advance.
  if (std::exchange(restored_, false)) {
    // Any time may have passed, and the uptime counts modulo 2^32: so the moment of the start is known modulo 49.7
    // days.
    uptime_ms_ = uptime_ms;
    export_us_ = export_us;
    return static_cast<int32_t>(fall_ms + advance_ms) > kJitterMs;
  }
  const bool new_start = fell && !wrapped && (fall_ms > kNeverReorderedMs || fall_ms + advance_ms > kJitterMs);
  // After a restart that was too small to be seen, what has been announced since is not of before.
  const bool goes_on = behind_ > 0 && uptime_ms >= behind_uptime_ms_;
  const bool restart = new_start && !goes_on;
  behind_ = fell && !wrapped && !new_start ? behind_ + 1 : 0;
  behind_uptime_ms_ = uptime_ms;
  if (!known_ || !fell || wrapped || new_start || behind_ >= kRunBehind) {
    known_ = true;
    behind_ = 0;
    uptime_ms_ = uptime_ms;
    export_us_ = export_us;
  }
  return restart;
}

}  // namespace weir::decode
