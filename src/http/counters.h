// Counts what becomes of connections and requests. Every one is accounted for, by reason.
//
//   accepted = open + closed (by reason)      refused connections are not among them
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/bad_request.h"
#include "telemetry/exposition.h"

namespace weir::http {

enum class Refusal : uint8_t {
  connection_limit,  // as many as limits.connections, and all of them are being answered
  peer_limit,        // the same of limits.connections_per_peer, for its address
  no_descriptor,     // the process may not open more files
  authentication,    // no user and password, or wrong ones (401)
  rate_limit,        // too many wrong ones, or more requests than the web configuration allows (429)
};
inline constexpr std::array<std::string_view, 5> kRefusals = {"connection_limit", "peer_limit", "no_descriptor",
                                                              "authentication", "rate_limit"};

enum class CloseReason : uint8_t {
  by_client,       // between two requests, or before the first: the orderly end
  as_agreed,       // after an answer: the client asked for it, or its last words were said
  bad_request,     // after an answer that says what was wrong
  within_request,  // the client ended it in the middle of a request
  failed,          // reset by the client
  header_timeout,  // nothing, or half a request, for too long
  body_timeout,
  idle_timeout,
  write_timeout,      // the client did not read its answer in time
  handshake_timeout,  // TLS
  handshake_failed,   // TLS: not TLS, no common version, a certificate that is refused
  evicted,            // made room for a newer one: it had not sent a whole request, or was idle
  stalled,            // made room: its client did not read its answer
  refused,            // was only told that there are too many
  shutdown,
};
inline constexpr std::array<std::string_view, 15> kCloses = {
    "by_client",        "as_agreed",    "bad_request",  "within_request", "failed",
    "header_timeout",   "body_timeout", "idle_timeout", "write_timeout",  "handshake_timeout",
    "handshake_failed", "evicted",      "stalled",      "refused",        "shutdown"};

// Statuses that are counted one by one; all others count as the last one.
inline constexpr std::array<unsigned, 18> kStatuses = {200, 204, 400, 401, 404, 405, 408, 413, 414,
                                                       417, 429, 431, 500, 501, 503, 504, 505, 0};

// How many paths are counted one by one.
inline constexpr size_t kMaxHandlers = 8;

struct ServerCounters {
  uint64_t accepted = 0;
  uint64_t open = 0;
  std::array<uint64_t, kRefusals.size()> refused{};
  std::array<uint64_t, kCloses.size()> closed{};
  std::vector<std::string> handlers;  // the paths that are counted one by one (Server::Options)
  // By handler and status. The last row is for all other paths, and for requests without one.
  std::array<std::array<uint64_t, kStatuses.size()>, kMaxHandlers + 1> answers{};
  std::array<uint64_t, kBadRequests.size()> bad_requests{};
  uint64_t received_bytes = 0;  // after TLS
  uint64_t sent_bytes = 0;      // before TLS
  uint64_t accept_errors = 0;   // accept() failed for another reason than a client that is gone
  uint64_t config_reloads = 0;
  uint64_t config_reload_failures = 0;

  void add(Refusal reason) { ++refused[static_cast<size_t>(reason)]; }
  void add(CloseReason reason) { ++closed[static_cast<size_t>(reason)]; }
  void add(BadRequest reason) { ++bad_requests[static_cast<size_t>(reason)]; }
  // The row of `answers` for a path.
  size_t handler_of(std::string_view path) const;
  size_t no_handler() const { return handlers.size(); }
  void add_answer(size_t handler, unsigned status);
};

// Writes the families PREFIX_http_...; the prefix is "weir_host" or "weir".
void write_metrics(telemetry::Exposition& out, std::string_view prefix, const ServerCounters& counters);

}  // namespace weir::http
