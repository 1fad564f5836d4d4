#include "decode/session/streams.h"

#include <algorithm>
#include <chrono>
#include <tuple>

#include "base/check.h"

namespace weir::decode {
namespace {

// Where threads take turns: of an exporter that changes its port, few messages are on their way.
constexpr uint32_t kSlackAtNewPort = 64;

// How long it takes until who contradicts itself may define again.
constexpr std::chrono::seconds kContested{60};

constexpr size_t kMostForwards = 64;

// An exporter that has sent data for so long announces nothing.
constexpr std::chrono::seconds kDataOnly{3600};

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
  return !stream.numbers_go_on || is_plausible(stream, arrival, slack_);
}

bool Streams::is_young(const Arrival& arrival) const {
  return !arrival.number || *arrival.number < kYoungNumbers + std::min(slack_, kSlackAtNewPort);
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
  // Of many sessions with many streams each, none is in the cache: all are fetched at once, not one after the other.
  for (const auto& stream : all_) __builtin_prefetch(stream.get());
  for (const auto& stream : all_) {
    if (stream->port == arrival.port) candidates.push_back(stream.get());
  }
  if (candidates.empty()) return at_new_port(arrival);
  const bool uptime = arrival.uptime_ms && !std::ranges::all_of(candidates, &Stream::uptime_is_useless);
  return uptime ? by_boot(arrival, candidates) : by_number(arrival, candidates);
}

// A port that nobody sends from. Either an exporter has changed its port, or there is one more. Proof is that it goes
// on with the numbers of one stream, and no other has numbers near to them.
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
    if (is_near(*stream, arrival, slack_)) around.push_back(stream.get());
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
    return is_near(*other, arrival, slack_);
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
      (is_plausible(*candidates.front(), arrival, slack_) || has_boot(*candidates.front(), arrival, slack_));
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
    if (stream->superseded ? !exact : !is_plausible(*stream, arrival, slack_)) continue;
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
    if (other == chosen || !is_near(*other, arrival, slack_)) return false;
    if (best_exact) return !other->superseded && !has_fallen_silent(*other, arrival.received);
    if (other->superseded && other->restored) return false;
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
  if (!found.exact) stream.run_from = arrival.number.value_or(0);
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
    stream.first_export_us = arrival.export_us;
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
  stream.first_export_us = stream.last_export_us = arrival.export_us;
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

bool Streams::may_split(Stream& from, Timestamp now) {
  if (from.sends_data || from.restored || splits_.spend(now)) return true;
  from.contested_until = now + kContested;
  return false;
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
  // Some exporters' numbers are always 0. That they count must have been seen.
  const bool counts = stream.numbers_go_on || stream.restored || stream.next > stream.most_units;
  return {.origin = {stream.port, std::max<uint32_t>(clock, 1)},
          .has_next = stream.has_next && counts,
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
        std::ranges::any_of(stream->boots, [&](const Boot& boot) { return is_same_boot(boot.by_ours, clock); });
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
