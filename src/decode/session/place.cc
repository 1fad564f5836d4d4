#include "decode/session/place.h"

#include <algorithm>

#include "decode/session/sequence.h"
#include "decode/session/stream.h"

namespace weir::decode {
namespace {

// Who speaks again later than this after the start, and later than it is used to, may have been silent or cut off for
// another reason.
constexpr std::chrono::minutes kSoon{5};
constexpr int64_t kUsualSilences = 4;

// As in stream.cc: what may be missing in any case, and by how much faster than before an exporter may have sent.
constexpr uint64_t kUsualGapMessages = 32;
constexpr uint64_t kFaster = 4;
constexpr uint64_t kEnoughMessages = 8;
constexpr uint64_t kMost = INT32_MAX;  // half of the circle: further ahead is behind
constexpr uint64_t kMostSilenceMs = 10'000'000'000;

bool has_boot(const SequencePlace& place, const Speaker& speaker) {
  const uint32_t uptime = speaker.uptime_ms.value_or(0);
  const auto ours = static_cast<uint32_t>(to_us(speaker.received) / 1000) - uptime;
  const auto its_own = static_cast<uint32_t>(speaker.export_us / 1000) - uptime;
  return is_same_boot(ours, place.boot_by_ours) || is_same_boot(its_own, place.boot_by_its_own);
}

uint64_t most_since(const SequencePlace& place, const Speaker& speaker) {
  const int64_t by_ours = (to_us(speaker.received) - to_us(place.heard)) / 1000;
  const int64_t by_its_own = (speaker.export_us - place.export_us) / 1000;
  const auto silent_ms = std::min(static_cast<uint64_t>(std::max<int64_t>({by_ours, by_its_own, 0})), kMostSilenceMs);
  const uint64_t usual = std::max<uint64_t>(kUsualGap, kUsualGapMessages * place.most_units);
  const bool rate_is_known = place.messages >= kEnoughMessages && place.lived_ms > 0;
  const double rate = rate_is_known ? static_cast<double>(place.units) / static_cast<double>(place.lived_ms) : 1;
  const double most =
      (rate_is_known ? kFaster : 1) * rate * static_cast<double>(silent_ms) + static_cast<double>(usual);
  return most < static_cast<double>(kMost) ? static_cast<uint64_t>(most) : kMost;
}

bool is_soon(const SequencePlace& place, const Speaker& speaker, Timestamp started) {
  const int64_t usual_ms = place.messages > 0 ? place.lived_ms / static_cast<int64_t>(place.messages) : 0;
  return speaker.received - started <= std::max<Micros>(kSoon, std::chrono::milliseconds(kUsualSilences * usual_ms));
}

}  // namespace

std::optional<Resumption> resume(PlaceSource& places, const Speaker& speaker) {
  std::vector<KnownPlace> known = places.places_of(speaker.session, speaker.agent);
  std::erase_if(known, [&](const KnownPlace& k) {
    return k.place.port != speaker.port || (k.place.has_boot && (!speaker.uptime_ms || !has_boot(k.place, speaker)));
  });
  if (known.size() != 1) return std::nullopt;
  const SequencePlace& place = known.front().place;
  if (!is_soon(place, speaker, places.started())) return std::nullopt;
  const uint64_t most = most_since(place, speaker);
  if (!place.has_boot && place.next <= most) return std::nullopt;
  if (!places.take(known.front().id)) return std::nullopt;
  return Resumption{place.next, place.inclusive, static_cast<uint32_t>(most), place.before_kill};
}

std::optional<SequencePlace> place_of(const SessionKey& session, const Stream& stream, SequenceState& sequence) {
  const bool is_whole = !stream.restored && stream.messages > 0 && stream.has_next && !stream.follows &&
                        !stream.superseded && session.connection == 0;
  if (!is_whole || !sequence.known() || sequence.erratic() || !sequence.settle()) return std::nullopt;
  SequencePlace place{.session = session,
                      .agent = {},
                      .port = stream.port,
                      .next = sequence.next(),
                      .inclusive = sequence.inclusive(),
                      .has_boot = !stream.boots.empty(),
                      .most_units = stream.most_units,
                      .units = stream.units,
                      .messages = stream.messages,
                      .lived_ms = (to_us(stream.last_heard) - to_us(stream.first_heard)) / 1000,
                      .heard = stream.last_heard,
                      .export_us = stream.last_export_us};
  if (place.has_boot) {
    place.boot_by_ours = stream.boots.front().by_ours;
    place.boot_by_its_own = stream.boots.front().by_its_own;
  }
  return place;
}

}  // namespace weir::decode
