// One exporter's sequence of messages, and what the next message that may be of it fits: its boot and its numbers.
#pragma once

#include <boost/container/small_vector.hpp>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "decode/common/message.h"
#include "decode/common/stream_id.h"
#include "decode/session/allowance.h"
#include "decode/session/sequence.h"

namespace weir::decode {

// What a message says of its stream.
struct Arrival {
  ExporterPort port{};
  Timestamp received{};
  int64_t export_us = 0;
  std::optional<uint32_t> uptime_ms;
  std::optional<uint32_t> number;  // what was sent before it, in the units of the protocol
};

inline Arrival arrival_of(const MessageContext& message, std::optional<uint32_t> number) {
  return {.port = message.stream.endpoint.port,
          .received = message.received,
          .export_us = message.export_us,
          .uptime_ms = message.has_uptime ? std::optional(message.uptime_ms) : std::nullopt,
          .number = number};
}

// When a device started: milliseconds modulo 2^32, as uptimes count, by our clock and by its own.
struct Boot {
  uint32_t by_ours = 0;
  uint32_t by_its_own = 0;
};

struct alignas(64) Stream {
  // What a message is compared with comes first: of many streams, what is not in the cache costs the most.
  StreamNumber number{};
  ExporterPort port{};
  bool has_next = false;
  bool next_is_exact = false;  // false: not everything of the last message was counted
  // Where its numbers are. Of a restored one, where they were then.
  uint32_t next = 0;
  uint32_t most_units = 1;      // of a message
  bool numbers_go_on = false;   // as they should: messages in a row have shown it
  bool restored = false;        // known from a state, and not heard since
  bool sends_data = false;      // its data were read: proven
  bool announces = false;       // it has announced templates of its own, here or in a state
  bool superseded = false;      // another one began where it was, as after a restart, and it has not been heard since
  bool is_plain = false;        // of this port there is no other, its next number is exact, and nothing is in doubt
  bool may_be_restart = false;  // of the one that was here before; known with the second message
  bool uptime_is_useless = false;
  uint64_t messages = 0;
  uint64_t first_used = 0;  // Streams' count of uses
  uint64_t last_used = 0;
  Timestamp first_heard{};
  Timestamp last_heard{};

  SequenceState sequence;  // counts loss; where decoders share the exporter, SharedExporter does

  int64_t first_export_us = 0;
  int64_t last_export_us = 0;
  uint64_t units = 0;  // in all
  uint8_t moves = 0;   // how often it has changed its port

  // Several for a device of several supervisors or slots. Empty: the protocol has no uptime, or it is of no use.
  boost::container::small_vector<Boot, 1> boots;

  // It goes on with the numbers of another stream, which may be by chance. They are united when that has happened
  // kChain times in a row, or when it has sent kRun messages and the other one stays silent.
  std::optional<StreamNumber> follows;
  uint8_t chain = 0;
  // It has announced what contradicts the other one, with numbers that may be that one's own: united after kRun
  // messages.
  bool replaces = false;
  uint8_t crossings = 0;  // how often it went on with the numbers of another stream of its port instead
  uint32_t run = 0;       // messages in a row that went on with its numbers
  uint32_t run_from = 0;  // the number with which they began: none of them is missing

  // Definitions that are new or have changed: a stream has at most Limits::templates_per_session, and some exporters
  // change one with every message.
  Allowance<4096, 1000> definitions;
  // What may be another's definition is not taken until then: see Streams::may_split().
  Timestamp contested_until{};

  // It has sent for a while, and still does. One of very many that somebody forges has not, before the next takes its
  // place.
  bool lasts(Timestamp now) const {
    if (now - last_heard >= std::chrono::seconds(300)) return false;
    return restored || (messages >= 16 && last_heard - first_heard >= std::chrono::seconds(2));
  }
};

// Numbers below this are those of an exporter that has just started.
inline constexpr uint32_t kYoungNumbers = 16;
// Numbers further behind were not overtaken on their way.
inline constexpr int32_t kMostBehind = 1 << 16;
// What loss may leave out in any case, in the units of the numbers.
inline constexpr uint32_t kUsualGap = 1024;
// More boots than a device has supervisors or slots: its uptime is none.
inline constexpr size_t kMostBoots = 4;
// How far a boot may seem to move: delays on the way, clocks that drift.
inline constexpr uint32_t kBootToleranceMs = 3'000;

// Two boots in milliseconds, modulo 2^32, that may be one.
inline bool is_same_boot(uint32_t a, uint32_t b) { return a - b + kBootToleranceMs <= 2 * kBootToleranceMs; }

// By how much the message is ahead of the one that is expected, in the units of the numbers.
inline int32_t ahead(const Stream& stream, const Arrival& arrival) {
  return static_cast<int32_t>(arrival.number.value_or(stream.next) - stream.next);
}

// slack, here and below: messages by which a stream's messages may be out of order, where several threads receive them.

// Whether its number is near to the one that is expected.
bool is_near(const Stream& stream, const Arrival& arrival, uint32_t slack);
// Whether what is missing between can have been lost, or this one overtaken.
bool is_plausible(const Stream& stream, const Arrival& arrival, uint32_t slack);
// Whether the stream counts from the beginning again.
bool begins_anew(const Stream& stream, const Arrival& arrival, uint32_t slack);
// Whether it was sent by a device that was started when the stream's was.
bool has_boot(const Stream& stream, const Arrival& arrival, uint32_t slack);
// Follows slow clocks. A stream that goes on with its numbers at yet another boot has several, or no uptime.
void note_boot(Stream& stream, const Arrival& arrival);
// Whether two were started at about the same time.
bool is_about(const Stream& a, const Stream& b);
// The device is up for no longer than the stream has been silent, and counts anew.
bool can_be_restart(const Stream& stream, const Arrival& arrival);

// Silence that is not usual for the stream.
std::chrono::microseconds unusual_silence(const Stream& stream);
// Nothing more will come of it.
bool has_fallen_silent(const Stream& stream, Timestamp now);

}  // namespace weir::decode
