// Where streams are in their sequences, over a restart of the collector: what was sent while none ran is told by the
// numbers, as long as they are still the same count.
//
// Of UDP only: a connection begins anew. A stream of before is known again by its session and port, and by its boot,
// where the protocol has an uptime (NetFlow v5, v7, v9, sFlow): it was not restarted, so that its numbers have gone on.
// Without one (IPFIX) nothing proves that but the numbers themselves: at the rate at which it sent, no exporter that
// was started meanwhile could have come to where this one was. Everything else is unknown: a number that nobody can
// prove is no loss.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "decode/common/stream_id.h"

namespace weir::decode {

struct Stream;
class SequenceState;

// One whose loss was known when the place was noted.
struct SequencePlace {
  SessionKey session;  // connection is 0
  IpAddress agent;     // sFlow
  ExporterPort port{};
  uint32_t next = 0;       // what was sent so far
  bool inclusive = false;  // its numbers include their own message
  bool has_boot = false;
  uint32_t boot_by_ours = 0;  // Boot, decode/session/streams.h
  uint32_t boot_by_its_own = 0;
  uint32_t most_units = 1;  // of a message
  uint64_t units = 0;       // in all, in messages, in so much time
  uint64_t messages = 0;
  int64_t lived_ms = 0;
  Timestamp heard{};
  int64_t export_us = 0;
  // The collector was killed after this was noted: what it received since is not known to be lost.
  bool before_kill = false;
  bool operator==(const SequencePlace&) const = default;
};

struct KnownPlace {
  uint64_t id = 0;
  SequencePlace place;
};

// The places of before. Any thread.
class PlaceSource {
 public:
  virtual ~PlaceSource() = default;
  // How many the exporter has; to the first who asks.
  virtual uint64_t claim(const IpAddress& exporter) = 0;
  // Of a session (and an agent), that nobody has taken yet.
  virtual std::vector<KnownPlace> places_of(const SessionKey& session, const IpAddress& agent) = 0;
  // False: somebody has taken it.
  virtual bool take(uint64_t id) = 0;
  // When this run of the collector began.
  virtual Timestamp started() const = 0;
};

// From where the count goes on.
struct Resumption {
  uint32_t next = 0;
  bool inclusive = false;
  uint32_t most = 0;  // that can have been sent meanwhile
  bool after_kill = false;
};

// The first message of a stream.
struct Speaker {
  SessionKey session;
  IpAddress agent;
  ExporterPort port{};
  Timestamp received{};
  int64_t export_us = 0;
  std::optional<uint32_t> uptime_ms;
};

// Nothing: it is not known to be one of before, or not proven that it counts on. A place that is given is taken.
std::optional<Resumption> resume(PlaceSource& places, const Speaker& speaker);

// Nothing: loss of the stream is not known. sequence: the stream's.
std::optional<SequencePlace> place_of(const SessionKey& session, const Stream& stream, SequenceState& sequence);

}  // namespace weir::decode
