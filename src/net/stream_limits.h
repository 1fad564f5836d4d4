// Every size and every time that a peer over TCP or TLS chooses, and the limit that we chose for it, with the reason.
// Passing one closes or refuses a connection, and counts (base/stream_counters.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace weir::net {

struct StreamLimits {
  // One for each exporter that speaks TCP; large networks have some thousands. Each costs a file descriptor and some
  // KiB, with TLS some 15 KiB (measured).
  size_t connections = 4096;
  // An exporter has one, some have one for each line card; several exporters may stand behind one address translation.
  size_t connections_per_exporter = 64;
  // Messages that are not whole yet, of all connections. One takes at most 64 KiB, usually less than 2.
  size_t buffer_bytes = size_t{64} << 20;
  // A few round trips and two signatures; slow routers need a second for theirs.
  std::chrono::milliseconds handshake_time{10'000};
  // From its first byte to its last: exporters write whole messages, so more than a lost packet or two is no accident.
  std::chrono::milliseconds message_time{30'000};
  // Exporters may be quiet for hours, and TCP keepalive sees those that are gone. Without it: for ever.
  std::optional<std::chrono::milliseconds> idle_time;
};

// Bytes that one read takes: several TLS records, dozens of messages.
inline constexpr size_t kStreamReadBytes = size_t{64} << 10;
// Reads in a row from one connection, then others have their turn.
inline constexpr int kStreamReadsPerTurn = 4;
// Connections accepted in a row, then data is read again.
inline constexpr int kStreamAcceptsPerTurn = 64;
// Connections that the kernel completes while we are busy (it grants at most net.core.somaxconn).
inline constexpr int kStreamBacklog = 4096;
// When the process has no file descriptor left: how long nothing is accepted.
inline constexpr std::chrono::milliseconds kStreamAcceptPause{1000};
// File descriptors that connections leave to the store and everything else.
inline constexpr size_t kStreamSpareDescriptors = 512;
// TCP keepalive: a peer that is gone without a word is noticed after kIdle + kProbes * kInterval seconds.
inline constexpr int kKeepaliveIdleSeconds = 60;
inline constexpr int kKeepaliveIntervalSeconds = 20;
inline constexpr int kKeepaliveProbes = 6;

}  // namespace weir::net
