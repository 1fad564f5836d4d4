// Counts what becomes of TCP and TLS connections. Every one is accounted for, by reason.
//
//   accepted = open + closed (by reason)               refused connections are not among them
//   bytes    = bytes of messages + incomplete_bytes    once all are closed
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>

namespace weir {

enum class StreamRefusal : uint8_t {
  connection_limit,  // as many as limits.connections, and all of them have proven to be exporters
  exporter_limit,    // the same of limits.connections_per_exporter, for its address
  no_descriptor,     // the process may not open more files; accepting pauses for a moment
};
inline constexpr std::array<std::string_view, 3> kStreamRefusals = {"connection_limit", "exporter_limit",
                                                                    "no_descriptor"};

enum class StreamClose : uint8_t {
  by_exporter,        // between two messages: the orderly end
  within_message,     // the exporter ended it in the middle of a message
  failed,             // reset, or the exporter is gone without a word (TCP keepalive)
  not_ipfix,          // what should be a message header is none: where the next one begins cannot be known
  handshake_failed,   // TLS: not TLS, no common version, a certificate that is refused
  handshake_timeout,  // TLS: not done in time
  message_timeout,    // a message that was begun and not completed in time
  idle_timeout,       // nothing for so long
  evicted,            // made room for a newer one: it had not sent a message yet
  buffer_limit,       // made room: incomplete messages took too much memory in all
  shutdown,           // we ended
};
inline constexpr std::array<std::string_view, 11> kStreamCloses = {
    "by_exporter",     "within_message", "failed",  "not_ipfix",    "handshake_failed", "handshake_timeout",
    "message_timeout", "idle_timeout",   "evicted", "buffer_limit", "shutdown"};

struct StreamCounters {
  uint64_t accepted = 0;
  uint64_t open = 0;
  std::array<uint64_t, kStreamRefusals.size()> refused{};
  std::array<uint64_t, kStreamCloses.size()> closed{};
  uint64_t messages = 0;          // whole ones
  uint64_t bytes = 0;             // received, after TLS
  uint64_t incomplete_bytes = 0;  // of messages that were never completed, and behind a header that is none
  uint64_t unread_bytes = 0;      // in the sockets when we ended; of TLS, as encrypted

  uint64_t refused_in_all() const { return std::accumulate(refused.begin(), refused.end(), uint64_t{0}); }
  uint64_t closed_in_all() const { return std::accumulate(closed.begin(), closed.end(), uint64_t{0}); }
  StreamCounters& operator+=(const StreamCounters& other) {
    accepted += other.accepted;
    open += other.open;
    for (size_t i = 0; i < refused.size(); ++i) refused[i] += other.refused[i];
    for (size_t i = 0; i < closed.size(); ++i) closed[i] += other.closed[i];
    messages += other.messages;
    bytes += other.bytes;
    incomplete_bytes += other.incomplete_bytes;
    unread_bytes += other.unread_bytes;
    return *this;
  }
  bool operator==(const StreamCounters&) const = default;
};

}  // namespace weir
