#include "decode/session/stream.h"

#include <algorithm>
#include <chrono>

namespace weir::decode {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

// A device that speaks after so much silence, less this, with an uptime as long as the silence, was restarted.
constexpr int64_t kRestartToleranceMs = 10'000;

// By how much faster than before an exporter may have sent what is missing.
constexpr uint64_t kFaster = 4;

// Where threads take turns, one that lags may bring messages of long ago, but no more than wait in a socket.
constexpr int64_t kMostInASocket = 32768;

// No message is overtaken by one that was exported so much later, or by more than the stream is old: the exporter's
// clock was set back.
constexpr int64_t kClockStepUs = 900'000'000;
constexpr int64_t kDelayUs = 10'000'000;

// How long silence means that nothing more will come: some times what a stream usually lets pass between messages.
constexpr uint64_t kEnoughMessages = 8;
constexpr int64_t kUsualSilences = 8;
constexpr seconds kLeastSilence{60};
constexpr seconds kMostSilence{300};

int64_t milliseconds_of(Timestamp time) { return to_us(time) / 1000; }

Boot boot_of(const Arrival& arrival) {
  const uint32_t uptime = arrival.uptime_ms.value_or(0);
  return {static_cast<uint32_t>(milliseconds_of(arrival.received)) - uptime,
          static_cast<uint32_t>(arrival.export_us / 1000) - uptime};
}

// Milliseconds since the stream was heard, by our clock or by its own, whichever is longer: a capture may be replayed
// faster than it was made.
int64_t silence_ms(const Stream& stream, const Arrival& arrival) {
  const int64_t by_ours = milliseconds_of(arrival.received) - milliseconds_of(stream.last_heard);
  const int64_t by_its_own = (arrival.export_us - stream.last_export_us) / 1000;
  return std::max(by_ours, by_its_own);
}

microseconds enough_silence(const Stream& stream) {
  return std::clamp<microseconds>(unusual_silence(stream), kLeastSilence, kMostSilence);
}

// By how much the numbers of a restored stream may have moved on while nobody listened: ten thousand a second.
int32_t most_since_restored(const Stream& stream, const Arrival& arrival) {
  const int64_t silence_ms = milliseconds_of(arrival.received) - milliseconds_of(stream.last_heard);
  const int64_t silent_ms = std::clamp<int64_t>(silence_ms, 0, 100'000'000);
  return static_cast<int32_t>(std::min<int64_t>(10 * silent_ms + kUsualGap, int64_t{1} << 30));
}

// Whether the message with this number has come: between the first of those in a row and the next, none is missing.
bool has_come(const Stream& stream, uint32_t number) {
  return stream.next_is_exact && number - stream.run_from < stream.next - stream.run_from;  // modulo 2^32
}

// Of a capture that is replayed faster than it was made, by the exporter's clock.
int64_t age_us(const Stream& stream) {
  return std::max(to_us(stream.last_heard) - to_us(stream.first_heard), stream.last_export_us - stream.first_export_us);
}

// Whether it was exported before the stream's last message, as one is that was overtaken by it.
bool is_late(const Stream& stream, const Arrival& arrival) {
  const int64_t earlier_us = stream.last_export_us - arrival.export_us;
  return earlier_us > 0 && earlier_us < std::min(age_us(stream) + kDelayUs, kClockStepUs);
}

}  // namespace

microseconds unusual_silence(const Stream& stream) {
  if (stream.messages < kEnoughMessages) return kMostSilence;
  return (stream.last_heard - stream.first_heard) / static_cast<int64_t>(stream.messages) * kUsualSilences;
}

bool has_fallen_silent(const Stream& stream, Timestamp now) {
  return now > stream.last_heard && now - stream.last_heard >= enough_silence(stream);
}

bool is_near(const Stream& stream, const Arrival& arrival, uint32_t slack) {
  if (!stream.has_next || !arrival.number) return true;
  if (stream.restored && ahead(stream, arrival) >= 0) {
    return ahead(stream, arrival) <= most_since_restored(stream, arrival);
  }
  const int64_t by = std::abs(int64_t{ahead(stream, arrival)});
  const int64_t lag = slack > 0 ? kMostInASocket * stream.most_units : 0;
  return by <= std::max<int64_t>({kUsualGap, int64_t{32} * stream.most_units, lag});
}

// Numbers that begin anew are not those of a message that was overtaken: such a one is behind by a few, is missing, and
// was exported earlier. Where threads take turns, what is missing is not known.
bool begins_anew(const Stream& stream, const Arrival& arrival, uint32_t slack) {
  if (!stream.has_next || !arrival.number) return false;
  if (stream.restored) {
    const int32_t by = ahead(stream, arrival);
    return *arrival.number < kYoungNumbers && (by < 0 || by > static_cast<int32_t>(SequenceState::kMaxGap));
  }
  const int64_t behind = -int64_t{ahead(stream, arrival)} - (slack > 0 ? kMostInASocket * stream.most_units : 0);
  const bool missing = slack > 0 || !has_come(stream, *arrival.number);
  if (missing && behind <= int64_t{64} * stream.most_units && is_late(stream, arrival)) return false;
  if (*arrival.number == 0) return behind >= int64_t{3} * stream.most_units;
  return *arrival.number < kYoungNumbers && behind > int64_t{8} * stream.most_units + 8;
}

bool is_plausible(const Stream& stream, const Arrival& arrival, uint32_t slack) {
  if (!stream.has_next || !arrival.number) return true;
  const int32_t by = ahead(stream, arrival);
  if (by < 0 && begins_anew(stream, arrival, slack)) return false;
  if (stream.restored) return by >= -static_cast<int32_t>(kUsualGap) && by <= most_since_restored(stream, arrival);
  if (by < 0) return by >= -kMostBehind;
  const uint64_t usual = std::max<uint64_t>(kUsualGap, uint64_t{32} * stream.most_units);
  if (static_cast<uint64_t>(by) <= usual) return true;
  const int64_t lived_ms = milliseconds_of(stream.last_heard) - milliseconds_of(stream.first_heard);
  const auto silent_ms = static_cast<uint64_t>(std::max<int64_t>(silence_ms(stream, arrival), 0));
  if (stream.messages < kEnoughMessages || lived_ms <= 0) return static_cast<uint64_t>(by) <= silent_ms + usual;
  return static_cast<uint64_t>(by) <= kFaster * stream.units * silent_ms / static_cast<uint64_t>(lived_ms) + usual;
}

bool has_boot(const Stream& stream, const Arrival& arrival, uint32_t slack) {
  const Boot boot = boot_of(arrival);
  return std::ranges::any_of(stream.boots, [&](const Boot& known) {
    return is_same_boot(known.by_ours, boot.by_ours) ||
           (is_same_boot(known.by_its_own, boot.by_its_own) && is_near(stream, arrival, slack));
  });
}

void note_boot(Stream& stream, const Arrival& arrival) {
  if (!arrival.uptime_ms || stream.uptime_is_useless) return;
  const Boot boot = boot_of(arrival);
  const auto same = std::ranges::find_if(stream.boots, [&](const Boot& known) {
    return is_same_boot(known.by_ours, boot.by_ours) || is_same_boot(known.by_its_own, boot.by_its_own);
  });
  if (same != stream.boots.end()) {
    *same = boot;
  } else if (stream.boots.size() < kMostBoots) {
    stream.boots.push_back(boot);
  } else {
    stream.boots.clear();
    stream.uptime_is_useless = true;
  }
}

bool is_about(const Stream& a, const Stream& b) {
  constexpr int32_t kAboutMs = 60'000;
  if (a.boots.empty() || b.boots.empty()) return false;
  const auto apart = static_cast<int32_t>(a.boots.front().by_ours - b.boots.front().by_ours);
  return apart >= -kAboutMs && apart <= kAboutMs;
}

bool can_be_restart(const Stream& stream, const Arrival& arrival) {
  if (!arrival.uptime_ms || stream.uptime_is_useless) return false;
  if (int64_t{*arrival.uptime_ms} > silence_ms(stream, arrival) + kRestartToleranceMs) return false;
  if (!arrival.number || !stream.has_next || stream.restored) return true;
  return *arrival.number < static_cast<uint32_t>(kMostBehind) && ahead(stream, arrival) < 0;
}

}  // namespace weir::decode
