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
SequenceState::Fits SequenceState::learn(uint32_t number, uint32_t units) {
  const bool fits_before = number == last_number_ + last_units_;
  const bool fits_inclusive = number == last_number_ + units;
  last_number_ = number;
  last_units_ = units;
  if (fits_before == fits_inclusive) return Fits::either;
  if (fits_inclusive == inclusive_) {
    evidence_ = 0;
    evidence_lost_ = 0;
    return Fits::this_way;
  }
  if (++evidence_ < kEvidence) return Fits::other_way;
  inclusive_ = !inclusive_;
  evidence_ = 0;
  return Fits::learned;
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
// A new sequence is a restart only if the numbers before it have gone on.
//
// Export times are whole seconds in IPFIX and v9, so within a second a new sequence looks like messages that were
// overtaken. Those come singly or in small bursts: kRunOfNewSequence that follow each other without a hole are a new
// sequence.
SequenceEvent SequenceState::observe(uint32_t number, uint32_t units, int64_t export_us, uint64_t& lost) {
  lost = 0;
  const bool known = known_;
  const uint32_t last_units = last_units_;
  const Fits fits = known ? learn(number, units) : Fits::either;
  if (fits == Fits::learned) [[unlikely]] {
    broken_at_ = expected_ = inclusive_ ? number : number + units;
    export_us_ = export_us;
    proven_ = true;
    doubts_ = 0;
    lost = std::exchange(evidence_lost_, 0);
    missing_ -= std::min(missing_, lost);
    take_back(lost);
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
    found_of_resumed_ = static_cast<uint32_t>(std::min<uint64_t>(missing_of_resumed_, units - lost));
    missing_of_resumed_ -= found_of_resumed_;
    evidence_lost_ -= std::min(evidence_lost_, lost);
    take_back(lost);
    return erratic() ? SequenceEvent::anew : SequenceEvent::reordered;
  }
  const uint32_t expected = std::exchange(expected_, number + units);
  export_us_ = export_us;
  known_ = true;
  if (known && ahead == 0) return SequenceEvent::in_order;
  if (!known) return begin(number, export_us, lost);
  const bool anew = step_back || ahead > (proven_ ? kMaxGap : kUsualGap + kUsualGapMessages * units);
  note_break(anew, expected, last_units, export_us);
  return step_over(anew, fits, ahead, lost);
}

void SequenceState::resume(const Resumption& from) {
  resuming_ = true;
  resumed_ = from;
  inclusive_ = from.inclusive;
  proven_ = true;  // before
}

// The first message. number: what was sent before it.
SequenceEvent SequenceState::begin(uint32_t number, int64_t export_us, uint64_t& lost) {
  if (began_us_ == kNever) began_us_ = export_us;
  broken_at_ = expected_;
  const uint32_t ahead = number - resumed_.next;  // modulo 2^32
  if (!std::exchange(resuming_, false) || ahead > resumed_.most) return SequenceEvent::first;
  lost = missing_of_resumed_ = ahead;
  return SequenceEvent::resumed;
}

// Numbers that go on between breaks are good: loss makes gaps, and a restart comes once in a while. Without anything in
// order in between, or with a restart every few seconds, they are no numbers of messages.
void SequenceState::note_break(bool anew, uint32_t expected, uint32_t last_units, int64_t export_us) {
  const bool went_on = has_gone_on(expected, last_units);
  const bool long_lived = export_us - began_us_ >= kLeastLifeUs;
  if (went_on && (long_lived || (!anew && !proven_ && !erratic()))) {
    doubts_ = 0;
    doubtful_lost_ = 0;
    proven_ = true;
  }
  proven_ |= went_on;
  const bool nothing_went_on = expected == broken_at_;
  uint32_t doubts = 0;
  if (anew && (!long_lived || !went_on)) doubts = kRestartDoubts;
  if (!anew && !proven_ && nothing_went_on) doubts = kGapDoubts;
  doubts_ = static_cast<uint8_t>(std::min<uint32_t>(doubts_ + doubts, kErratic));
  broken_at_ = expected_;
  if (anew) began_us_ = export_us;
}

// What a break means: loss, a restart, or nothing.
SequenceEvent SequenceState::step_over(bool anew, Fits fits, uint32_t ahead, uint64_t& lost) {
  if (erratic()) {
    missing_ = evidence_lost_ = 0;
    lost = doubtful_lost_;
    take_back(lost);
    return lost > 0 ? SequenceEvent::learned : SequenceEvent::anew;
  }
  if (anew) {
    missing_ = 0;
    // What is counted the other way seems to step back.
    return proven_ && fits != Fits::other_way ? SequenceEvent::restart : SequenceEvent::anew;
  }
  lost = ahead;
  missing_ += ahead;
  lost_ += ahead;
  doubtful_lost_ += ahead;
  if (evidence_ > 0) evidence_lost_ += ahead;
  return SequenceEvent::gap;
}

void SequenceState::take_back(uint64_t found) {
  lost_ -= std::min(lost_, found);
  doubtful_lost_ -= std::min(doubtful_lost_, found);
}

bool SequenceState::settle() {
  const bool went_on = has_gone_on(expected_, last_units_);
  proven_ |= went_on;
  if (doubts_ > 0 && went_on && export_us_ - began_us_ >= kLeastLifeUs) {
    doubts_ = 0;
    doubtful_lost_ = 0;
  }
  const bool no_break_yet = known_ && doubts_ == 0 && expected_ != broken_at_;
  return (proven_ || no_break_yet) && doubts_ < kRestartDoubts;
}

void SequenceState::follow(const SequenceState& before) {
  proven_ |= before.proven_;
  lost_ += before.lost_;
  holes_ += before.holes_;
}

bool MessageOrder::before(const MessageOrder& other) const {
  const uint32_t behind = other.sequence - sequence;
  return behind > 0 && behind <= SequenceState::kMaxStepBack && export_us <= other.export_us;
}

SequenceEvent note_event(SequenceState& state, uint32_t number, uint32_t units, int64_t export_us,
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
      (state.resumed_after_kill() ? counters.lost_killed_units : counters.lost_down_units) -= state.found_of_resumed();
      break;
    case SequenceEvent::resumed:
      (state.resumed_after_kill() ? counters.lost_killed_units : counters.lost_down_units) += lost;
      --counters.lost_down_unknown;
      break;
    case SequenceEvent::learned:
      counters.lost_units -= lost;
      break;
    case SequenceEvent::restart:
      counters.anomalies.add(flow::Anomaly::exporter_restart);
      break;
    case SequenceEvent::first:
    case SequenceEvent::anew:
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
