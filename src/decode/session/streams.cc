#include "decode/session/streams.h"

#include <algorithm>
#include <chrono>
#include <tuple>

#include "base/check.h"

namespace weir::decode {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

// A device that speaks after so much silence, less this, with an uptime as long as the silence, was restarted.
constexpr int64_t kRestartToleranceMs = 10'000;
// More boots than a device has supervisors or slots: its uptime is none.
constexpr size_t kMostBoots = 4;

// What loss may leave out in any case, in the units of the numbers; and by how much faster than before an exporter may
// have sent what is missing.
constexpr uint32_t kUsualGap = 1024;
constexpr uint64_t kFaster = 4;
// Numbers further behind were not overtaken on their way.
constexpr int32_t kMostBehind = 1 << 16;

// Where threads take turns: of an exporter that changes its port, few messages are on their way.
constexpr uint32_t kSlackAtNewPort = 64;
// And a thread that lags may bring messages of long ago, but no more than wait in a socket.
constexpr int64_t kMostInASocket = 32768;

// No message is overtaken by one that was exported so much later: the exporter's clock was set back.
constexpr int64_t kClockStepUs = 900'000'000;

constexpr size_t kMostForwards = 64;

// How long silence means that nothing more will come: some times what a stream usually lets pass between messages.
constexpr uint64_t kEnoughMessages = 8;
constexpr int64_t kUsualSilences = 8;
constexpr seconds kLeastSilence{60};
constexpr seconds kMostSilence{300};
constexpr seconds kDataOnly{3600};

int64_t milliseconds_of(Timestamp time) { return to_us(time) / 1000; }

Boot boot_of(const Arrival& arrival) {
  const uint32_t uptime = arrival.uptime_ms.value_or(0);
  return {static_cast<uint32_t>(milliseconds_of(arrival.received)) - uptime,
          static_cast<uint32_t>(arrival.export_us / 1000) - uptime};
}

bool close(uint32_t a, uint32_t b) {
  return a - b + Streams::kBootToleranceMs <= 2 * Streams::kBootToleranceMs;  // modulo 2^32
}

// Milliseconds since the stream was heard, by our clock or by its own, whichever is longer: a capture may be replayed
// faster than it was made.
int64_t silence_ms(const Stream& stream, const Arrival& arrival) {
  const int64_t by_ours = milliseconds_of(arrival.received) - milliseconds_of(stream.last_heard);
  const int64_t by_its_own = (arrival.export_us - stream.last_export_us) / 1000;
  return std::max(by_ours, by_its_own);
}

microseconds unusual_silence(const Stream& stream) {
  if (stream.messages < kEnoughMessages) return kMostSilence;
  return (stream.last_heard - stream.first_heard) / static_cast<int64_t>(stream.messages) * kUsualSilences;
}

microseconds enough_silence(const Stream& stream) {
  return std::clamp<microseconds>(unusual_silence(stream), kLeastSilence, kMostSilence);
}

bool has_fallen_silent(const Stream& stream, Timestamp now) {
  return now > stream.last_heard && now - stream.last_heard >= enough_silence(stream);
}

int32_t ahead(const Stream& stream, const Arrival& arrival) {
  return static_cast<int32_t>(arrival.number.value_or(stream.next) - stream.next);
}

// By how much the numbers of a restored stream may have moved on while nobody listened: ten thousand a second.
int32_t most_since_restored(const Stream& stream, const Arrival& arrival) {
  const int64_t silence_ms = milliseconds_of(arrival.received) - milliseconds_of(stream.last_heard);
  const int64_t silent_ms = std::clamp<int64_t>(silence_ms, 0, 100'000'000);
  return static_cast<int32_t>(std::min<int64_t>(10 * silent_ms + kUsualGap, int64_t{1} << 30));
}

bool near(const Stream& stream, const Arrival& arrival, uint32_t slack) {
  if (!stream.has_next || !arrival.number) return true;
  if (stream.restored && ahead(stream, arrival) >= 0) {
    return ahead(stream, arrival) <= most_since_restored(stream, arrival);
  }
  const int64_t by = std::abs(int64_t{ahead(stream, arrival)});
  const int64_t lag = slack > 0 ? kMostInASocket * stream.most_units : 0;
  return by <= std::max<int64_t>({kUsualGap, int64_t{32} * stream.most_units, lag});
}

// Numbers that begin anew are not those of a message that was overtaken: such a one is behind by a few, and was exported
// earlier.
bool begins_anew(const Stream& stream, const Arrival& arrival, uint32_t slack) {
  if (!stream.has_next || !arrival.number) return false;
  if (stream.restored) {
    const int32_t by = ahead(stream, arrival);
    return *arrival.number < Streams::kYoung && (by < 0 || by > static_cast<int32_t>(SequenceState::kMaxGap));
  }
  const int64_t behind = -int64_t{ahead(stream, arrival)} - (slack > 0 ? kMostInASocket * stream.most_units : 0);
  const int64_t earlier_us = stream.last_export_us - arrival.export_us;
  const bool overtaken = behind <= int64_t{64} * stream.most_units && earlier_us < kClockStepUs;
  if (earlier_us > 0 && overtaken) return false;
  if (*arrival.number == 0) return behind >= int64_t{3} * stream.most_units;
  return *arrival.number < Streams::kYoung && behind > int64_t{8} * stream.most_units + 8;
}

// Whether what is missing between can have been lost, or this one overtaken.
bool plausible(const Stream& stream, const Arrival& arrival, uint32_t slack) {
  if (!stream.has_next || !arrival.number) return true;
  const int32_t by = ahead(stream, arrival);
  if (stream.restored) {
    return by >= -static_cast<int32_t>(kUsualGap) && by <= most_since_restored(stream, arrival);
  }
  if (by < 0) return by >= -kMostBehind && !begins_anew(stream, arrival, slack);
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
    return close(known.by_ours, boot.by_ours) ||
           (close(known.by_its_own, boot.by_its_own) && near(stream, arrival, slack));
  });
}

// Follows slow clocks. A stream that goes on with its numbers at yet another boot has several, or no uptime.
void note_boot(Stream& stream, const Arrival& arrival) {
  if (!arrival.uptime_ms || stream.uptime_is_useless) return;
  const Boot boot = boot_of(arrival);
  const auto same = std::ranges::find_if(stream.boots, [&](const Boot& known) {
    return close(known.by_ours, boot.by_ours) || close(known.by_its_own, boot.by_its_own);
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

// Whether two were started at about the same time.
bool is_about(const Stream& a, const Stream& b) {
  constexpr int32_t kAboutMs = 60'000;
  if (a.boots.empty() || b.boots.empty()) return false;
  const auto apart = static_cast<int32_t>(a.boots.front().by_ours - b.boots.front().by_ours);
  return apart >= -kAboutMs && apart <= kAboutMs;
}

// It is up for no longer than the stream has been silent, and counts anew.
bool can_be_restart(const Stream& stream, const Arrival& arrival) {
  if (!arrival.uptime_ms || stream.uptime_is_useless) return false;
  if (int64_t{*arrival.uptime_ms} > silence_ms(stream, arrival) + kRestartToleranceMs) return false;
  if (!arrival.number || !stream.has_next || stream.restored) return true;
  return *arrival.number < static_cast<uint32_t>(kMostBehind) && ahead(stream, arrival) < 0;
}

}  // namespace

bool Streams::goes_on(const Stream& stream, const Arrival& arrival, uint32_t slack) const {
  if (!stream.next_is_exact || stream.restored || !arrival.number) return false;
  const int32_t by = ahead(stream, arrival);
  const auto most = static_cast<int32_t>(std::min(stream.most_units, kUsualGap));
  const auto late = static_cast<int32_t>(slack) * most;
  // Some exporters' numbers include their own message.
  return by >= -late && by <= late + (stream.sequence.inclusive() ? most : 0);
}

// The boot of the stream is not all there is to it, once its numbers have shown that they go on. Until then they may
// count anything.
bool Streams::may_have_leapt(const Stream& stream, const Arrival& arrival) const {
  if (begins_anew(stream, arrival, slack_)) return false;
  return !stream.numbers_go_on || plausible(stream, arrival, slack_);
}

bool Streams::is_young(const Arrival& arrival) const {
  return !arrival.number || *arrival.number < kYoung + std::min(slack_, kSlackAtNewPort);
}

bool Streams::silent_since(const Stream& stream, const Stream& follower) {
  return stream.last_used < follower.first_used;
}

Stream* Streams::find_number(StreamNumber number) {
  const auto found = std::ranges::find(all_, forwarded(number), [](const auto& stream) { return stream->number; });
  return found == all_.end() ? nullptr : found->get();
}
const Stream* Streams::known(StreamNumber number) const {
  const auto found = std::ranges::find(all_, forwarded(number), [](const auto& stream) { return stream->number; });
  return found == all_.end() ? nullptr : found->get();
}

StreamNumber Streams::forwarded(StreamNumber number) const {
  for (const auto& [from, into] : forwards_) {
    if (from == number) number = into;
  }
  return number;
}

std::vector<StreamNumber> Streams::of_port(ExporterPort port) const {
  std::vector<StreamNumber> numbers;
  for (const auto& stream : all_) {
    if (stream->port == port) numbers.push_back(stream->number);
  }
  return numbers;
}

Stream& Streams::only() {
  if (all_.empty()) make(ExporterPort{});
  return *all_.front();
}

Streams::Found Streams::find(const Arrival& arrival) {
  ++uses_;
  Candidates candidates;
  for (const auto& stream : all_) {
    if (stream->port == arrival.port) candidates.push_back(stream.get());
  }
  if (candidates.empty()) return at_new_port(arrival);
  const bool uptime = arrival.uptime_ms && !std::ranges::all_of(candidates, &Stream::uptime_is_useless);
  return uptime ? by_boot(arrival, candidates) : by_number(arrival, candidates);
}

// A port that nobody sends from. Either an exporter has changed its port, or there is one more. Proof is that it goes on
// with the numbers of one stream, and no other has numbers near to them.
Streams::Found Streams::at_new_port(const Arrival& arrival) {
  Candidates exact;
  Candidates next;  // of those whose messages may be out of order
  Candidates around;
  for (const auto& stream : all_) {
    // Nobody waits for so long, and then goes on elsewhere at once.
    const bool gone = !stream->restored && all_.size() > 1 && has_fallen_silent(*stream, arrival.received);
    if (stream->superseded || gone) continue;
    const bool has_uptime = arrival.uptime_ms && !stream->uptime_is_useless;
    if (has_uptime && !has_boot(*stream, arrival, slack_)) continue;
    if (goes_on(*stream, arrival, std::min(slack_, kSlackAtNewPort))) exact.push_back(stream.get());
    if (slack_ > 0 && goes_on(*stream, arrival, 0)) next.push_back(stream.get());
    if (near(*stream, arrival, slack_)) around.push_back(stream.get());
  }
  if (next.size() == 1) exact = next;
  Stream* const before = exact.size() == 1 ? exact.front() : around.size() == 1 ? around.front() : nullptr;
  if (before == nullptr || exact.size() > 1) return begin(arrival);
  // Those that it followed are near, too.
  const Stream* ancestor = before;
  while (ancestor->follows && ancestor->chain > 0 && (ancestor = known(*ancestor->follows)) != nullptr) {
    around.erase(std::ranges::remove(around, ancestor).begin(), around.end());
  }
  const bool alone = around.size() == 1 && around.front() == before;
  const bool moves = before->moves >= kChain && ahead(*before, arrival) >= 0;
  const bool goes_on = exact.size() == 1;
  if (alone && (moves || before->restored || (goes_on && !is_young(arrival)))) {
    before->port = arrival.port;
    before->moves = static_cast<uint8_t>(std::min(before->moves + 1, 255));
    latest_ = nullptr;
    return use(*before, arrival);
  }
  return begin(arrival, before, goes_on && alone);
}

// Whether the stream of this port that the message may be of has been silent for so long that it is rather one that
// sent from another port until now.
bool Streams::is_elsewhere(const Stream& stream, const Arrival& arrival) const {
  if (arrival.received - stream.last_heard < unusual_silence(stream)) return false;
  return std::ranges::any_of(all_, [&](const auto& other) {
    if (other->port == stream.port || other->superseded || has_fallen_silent(*other, arrival.received)) return false;
    if (arrival.uptime_ms && !other->uptime_is_useless && !has_boot(*other, arrival, slack_)) return false;
    return near(*other, arrival, slack_);
  });
}

Streams::Found Streams::by_boot(const Arrival& arrival, const Candidates& candidates) {
  Candidates same;
  std::ranges::copy_if(candidates, std::back_inserter(same),
                       [&](Stream* s) { return has_boot(*s, arrival, slack_) && may_have_leapt(*s, arrival); });
  if (same.size() == 1) {
    const bool elsewhere = !goes_on(*same.front(), arrival) && is_elsewhere(*same.front(), arrival);
    return elsewhere ? at_new_port(arrival) : cross(*same.front(), arrival);
  }
  if (same.size() > 1) return by_number(arrival, same);
  Candidates exact;
  std::ranges::copy_if(candidates, std::back_inserter(exact), [&](Stream* s) { return goes_on(*s, arrival); });
  if (exact.size() == 1) {
    if (is_young(arrival)) return begin(arrival, exact.front(), true);
    return use(*exact.front(), arrival);
  }
  Candidates restarted;
  std::ranges::copy_if(candidates, std::back_inserter(restarted),
                       [&](Stream* s) { return !s->superseded && can_be_restart(*s, arrival); });
  const bool goes_on_otherwise =
      restarted.empty() && candidates.size() == 1 &&
      (plausible(*candidates.front(), arrival, slack_) || has_boot(*candidates.front(), arrival, slack_));
  const StreamNumber before = restarted.empty() ? StreamNumber{} : restarted.front()->number;
  if (restarted.size() == 1) restarted.front()->superseded = true, restarted.front()->is_plain = false;
  Found found = begin(arrival, goes_on_otherwise ? candidates.front() : nullptr);
  found.restarted = restarted.size() == 1;
  found.before = before;
  return found;
}

// Two boots that take turns in one sequence are one device's: each turn goes on with the numbers of the other.
Streams::Found Streams::cross(Stream& stream, const Arrival& arrival) {
  Stream* const other = latest_;
  if (other != nullptr && other != &stream && other->port == stream.port) {
    const bool crosses = !goes_on(stream, arrival) && goes_on(*other, arrival);
    stream.crossings = crosses ? static_cast<uint8_t>(stream.crossings + 1) : uint8_t{0};
    if (stream.crossings >= kCrossings) {
      Stream& older = stream.number < other->number ? stream : *other;
      Stream& younger = &older == &stream ? *other : stream;
      if (&younger != other) std::swap(younger.next, older.next);
      return use(*unite(younger, older), arrival);
    }
  }
  return use(stream, arrival);
}

// Without an uptime, or with the same one: the stream that it goes on with, else the nearest that can have lost what is
// missing. It is sure if no other is near.
Streams::Found Streams::by_number(const Arrival& arrival, const Candidates& candidates) {
  Stream* best = nullptr;
  bool best_exact = false;
  for (Stream* stream : candidates) {
    const bool exact = goes_on(*stream, arrival);
    if (stream->superseded ? !exact : !plausible(*stream, arrival, slack_)) continue;
    const bool nearer = best == nullptr || std::abs(int64_t{ahead(*stream, arrival)}) <=
                                               std::abs(int64_t{ahead(*best, arrival)});  // of two, the newer
    if (best == nullptr || (exact && !best_exact) || (exact == best_exact && nearer)) {
      best = stream;
      best_exact = exact;
    }
  }
  if (best == nullptr) {
    const bool alone = candidates.size() == 1;
    const bool anew = is_young(arrival);
    if (anew) {
      Candidates before;
      std::ranges::copy_if(candidates, std::back_inserter(before),
                           [&](Stream* s) { return !s->superseded && begins_anew(*s, arrival, slack_); });
      if (before.size() == 1) before.front()->superseded = true, before.front()->is_plain = false;
    }
    Found found = begin(arrival, alone && !anew ? candidates.front() : nullptr);
    found.stream->may_be_restart = anew;
    return found;
  }
  if (!best_exact && is_elsewhere(*best, arrival)) return at_new_port(arrival);
  const Stream* chosen = best;
  const bool sure = std::ranges::none_of(candidates, [&](const Stream* other) {
    if (other == chosen || !near(*other, arrival, slack_)) return false;
    if (best_exact) return !other->superseded && !has_fallen_silent(*other, arrival.received);
    return !other->superseded || arrival.received - other->last_heard < unusual_silence(*other);
  });
  return use(*best, arrival, sure);
}

Streams::Found Streams::use(Stream& stream, const Arrival& arrival, bool sure) {
  Found found{.stream = &stream, .sure = sure, .exact = goes_on(stream, arrival), .restarted = false};
  note_boot(stream, arrival);
  if (stream.may_be_restart && found.exact) {
    found.restarted = std::ranges::any_of(all_, [&](const auto& other) {
      return other->port == stream.port && other->superseded && silent_since(*other, stream);
    });
    stream.may_be_restart = false;
  }
  stream.run = found.exact ? stream.run + 1 : 0;
  stream.numbers_go_on |= stream.run >= 2;
  stream.superseded = false;
  stream.last_used = uses_;
  stream.last_heard = std::max(stream.last_heard, arrival.received);
  if (!found.exact && ahead(stream, arrival) < 0 && stream.has_next) {
    stream.last_export_us = std::max(stream.last_export_us, arrival.export_us);
  } else {
    stream.last_export_us = arrival.export_us;
  }
  ++stream.messages;
  if (stream.restored) {
    stream.restored = false;
    stream.first_heard = arrival.received;
    stream.has_next = stream.next_is_exact = false;
  }
  if (stream.follows) found.stream = unite_if_proven(stream, arrival.received);
  if (latest_ != found.stream) {
    latest_ = found.stream;
    latest_is_alone_ = std::ranges::count(all_, latest_->port, [](const auto& s) { return s->port; }) == 1;
  }
  return found;
}

Streams::Found Streams::begin(const Arrival& arrival, const Stream* follows, bool goes_on) {
  const auto before = follows == nullptr ? std::nullopt : std::optional(follows->number);
  const auto chain = static_cast<uint8_t>(follows == nullptr || !goes_on ? 0 : follows->chain + 1);
  if (all_.size() >= kMost) make_room(arrival.received);
  Stream& stream = make(arrival.port);
  stream.first_used = uses_;
  stream.first_heard = stream.last_heard = arrival.received;
  stream.last_export_us = arrival.export_us;
  if (known(before.value_or(StreamNumber{})) != nullptr) {
    stream.follows = before;
    stream.chain = chain;
  }
  Found found = use(stream, arrival);
  found.exact = false;
  return found;
}

Stream& Streams::split(Stream& from, const Arrival& arrival) {
  const StreamNumber before = from.number;
  const bool first = from.messages == 1;
  const bool has_next = from.has_next;
  const uint32_t next = from.next;
  Stream& stream = *begin(arrival, &from).stream;
  stream.replaces = true;
  stream.has_next = has_next && !first;
  stream.next = next;
  if (Stream* other = known(before)) --other->messages;
  return stream;
}

Stream& Streams::make(ExporterPort port) {
  all_.push_back(std::make_unique<Stream>());
  Stream& stream = *all_.back();
  stream.number = StreamNumber{++made_};
  stream.port = port;
  latest_ = nullptr;
  for (const auto& other : all_) other->is_plain = false;
  return stream;
}

// Those whose data were never read go first, then those that have not lasted, the one that was heard the longest ago.
// Of those that have, the latest: whoever forges ports takes the place of nobody who was there before.
void Streams::make_room(Timestamp now) {
  const auto oldest = std::ranges::min_element(all_, {}, [now](const auto& s) {
    return std::tuple(s->sends_data || s->restored, s->lasts(now), s->lasts(now) ? ~s->first_used : s->last_used);
  });
  if ((*oldest)->announces || slack_ > 0) gone_.push_back({(*oldest)->number, std::nullopt});
  for (const auto& stream : all_)
    if (stream->follows == (*oldest)->number) stream->follows = std::nullopt;
  all_.erase(oldest);
  latest_ = nullptr;
}

// Whom it follows, if that one was silent from then on and nobody else follows it.
Stream* Streams::chained_to(const Stream& stream) {
  Stream* const before = stream.follows && stream.chain > 0 ? known(*stream.follows) : nullptr;
  if (before == nullptr || before == &stream || !silent_since(*before, stream)) return nullptr;
  return is_only_follower(stream) ? before : nullptr;
}

// Whether it is the last of enough streams each of which went on with the numbers of the one before.
bool Streams::is_chained(const Stream& stream) {
  const Stream* last = &stream;
  for (uint8_t links = 0; links < kChain; ++links) {
    last = chained_to(*last);
    if (last == nullptr) return false;
  }
  return true;
}

// Two that go on where one was: it is not known which of them it is.
bool Streams::is_only_follower(const Stream& stream) const {
  return std::ranges::none_of(all_, [&](const auto& other) {
    return other.get() != &stream && other->follows && forwarded(*other->follows) == forwarded(*stream.follows);
  });
}

// A follower and whom it follows are one if nobody else could have sent what it sent.
Stream* Streams::unite_if_proven(Stream& stream, Timestamp now) {
  Stream* const before = known(*stream.follows);
  if (before == nullptr || before == &stream || (!stream.replaces && !silent_since(*before, stream))) {
    stream.follows = std::nullopt;
    stream.replaces = false;
    stream.chain = 0;
    return &stream;
  }
  if (is_chained(stream)) {
    Stream* last = &stream;
    while (Stream* const next = chained_to(*last)) {
      const std::optional<StreamNumber> further = next->follows;
      const uint8_t chain = next->chain;
      last = unite(*last, *next);
      last->follows = further;
      last->chain = chain;
    }
    last->follows = std::nullopt;
    last->chain = 0;
    return last;
  }
  const bool proven =
      stream.run >= kRun && is_only_follower(stream) && (stream.replaces || has_fallen_silent(*before, now));
  return proven ? unite(stream, *before) : &stream;
}

// `from` is the later one: its place, its numbers and what it has announced hold.
Stream* Streams::unite(Stream& from, Stream& into) {
  into.moves = static_cast<uint8_t>(std::min(into.moves + (from.port == into.port ? 0 : 1) + from.moves, 255));
  into.port = from.port;
  into.last_used = from.last_used;
  into.last_heard = from.last_heard;
  into.last_export_us = from.last_export_us;
  into.messages += from.messages;
  into.units += from.units;
  into.most_units = std::max(into.most_units, from.most_units);
  into.has_next = from.has_next;
  into.next = from.next;
  into.sends_data |= from.sends_data;
  into.announces |= from.announces;
  from.sequence.follow(std::exchange(into.sequence, from.sequence));
  into.run = from.run;
  into.uptime_is_useless |= from.uptime_is_useless;
  for (const Boot& boot : from.boots) {
    if (into.boots.size() < kMostBoots)
      into.boots.push_back(boot);
    else
      into.uptime_is_useless = true;
  }
  if (into.uptime_is_useless) into.boots.clear();
  const StreamNumber gone = from.number;
  gone_.push_back({gone, into.number});
  if (forwards_.size() >= kMostForwards) forwards_.erase(forwards_.begin());
  forwards_.emplace_back(gone, into.number);
  Stream* const kept = &into;
  std::erase_if(all_, [&](const auto& stream) { return stream->number == gone; });
  for (const auto& stream : all_) {
    if (stream->follows == gone) stream->follows = kept->number;
    if (stream->follows == stream->number) stream->follows = std::nullopt;
  }
  latest_ = nullptr;
  return kept;
}

void Streams::sent(Stream& stream, uint32_t number, std::optional<uint32_t> units) {
  stream.units += units.value_or(0);
  stream.most_units = std::max(stream.most_units, units.value_or(0));
  const uint32_t next = number + units.value_or(0);
  const auto step = static_cast<int32_t>(next - stream.next);
  // Where threads take turns, what comes late does not set it back.
  if (slack_ > 0 && stream.has_next && step < 0 && step >= -kMostBehind) return;
  stream.next = next;
  stream.has_next = true;
  stream.next_is_exact = units.has_value();
  stream.is_plain = stream.next_is_exact && !stream.follows && !stream.may_be_restart && !stream.superseded &&
                    stream.boots.size() <= 1 && !stream.uptime_is_useless && latest_ == &stream && latest_is_alone_;
}

bool Streams::may_borrow(const Stream& reader, StreamNumber owner, Timestamp now) const {
  const Stream* other = known(owner);
  if (other == nullptr || other == &reader) return other != nullptr;
  if (other->superseded) return false;
  if (silent_since(*other, reader)) {
    if (reader.follows == owner && is_only_follower(reader) && has_fallen_silent(*other, now)) return true;
    // It went on with its numbers at the same port: only its uptime is another, as while a process starts.
    if (reader.follows == owner && reader.chain > 0 && reader.port == other->port && is_about(reader, *other))
      return true;
  }
  return !reader.announces && now - reader.first_heard >= kDataOnly;
}

StreamState Streams::state_of(const Stream& stream) {
  const uint32_t clock = stream.boots.empty() ? std::to_underlying(stream.number) : stream.boots.front().by_ours;
  return {.origin = {stream.port, std::max<uint32_t>(clock, 1)},
          .has_next = stream.has_next,
          .next = stream.next,
          .heard = stream.last_heard};
}

std::optional<StreamNumber> Streams::restore(const StreamState& state, bool has_uptime, bool alone,
                                             std::span<const StreamNumber> taken) {
  const auto [port, clock] = state.origin;
  size_t here = 0;
  Stream* like = nullptr;
  for (const auto& stream : all_) {
    if (stream->port != port || std::ranges::find(taken, stream->number) != taken.end()) continue;
    ++here;
    const bool same_boot =
        std::ranges::any_of(stream->boots, [&](const Boot& boot) { return close(boot.by_ours, clock); });
    if (has_uptime && !stream->uptime_is_useless ? same_boot : alone) like = stream.get();
  }
  if (like != nullptr && (has_uptime || here == 1)) return like->number;
  if (all_.size() >= kMost) return std::nullopt;
  Stream& stream = make(port);
  stream.restored = stream.announces = true;
  if (has_uptime) stream.boots.push_back({clock, clock});
  stream.has_next = state.has_next;
  stream.next = state.next;
  stream.first_heard = stream.last_heard = state.heard;
  return stream.number;
}

}  // namespace weir::decode
