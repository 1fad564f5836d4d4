// Every size and time that a client could otherwise choose. The values are those of a server that answers scrapes:
// small requests, answered at once, from few peers that come again and again.
#pragma once

#include <chrono>
#include <cstddef>

namespace weir::http {

// A request-target: a scrape with a `collect[]` for each of 150 collectors has 4 KB.
inline constexpr size_t kMaxTarget = size_t{8} * 1024;
// All fields together; browsers with many cookies send 4 KB, proxies add to it.
inline constexpr size_t kMaxHeader = size_t{16} * 1024;
inline constexpr size_t kMaxFields = 100;
// Longer than any registered method (UPDATEREDIRECTREF has 17).
inline constexpr size_t kMaxMethod = 20;
// Empty lines before a request line: old clients sent one after a body (RFC 9112 section 2.2).
inline constexpr size_t kMaxLeadingLines = 4;
// Query parameters: twice the number of collectors.
inline constexpr size_t kMaxParameters = 256;
// How much of an Accept field is read; real ones have 300 bytes.
inline constexpr size_t kMaxAccept = 2048;
// Fields that may be repeated (Accept) are joined up to this many.
inline constexpr size_t kMaxRepeats = 4;
// No request needs a body. A small one is read and thrown away, so that the connection can go on.
inline constexpr size_t kMaxBody = size_t{16} * 1024;
// The line of a chunk's size with its extensions, which nobody sends.
inline constexpr size_t kMaxChunkLine = 512;
// The read buffer of a connection: enough for a scrape (350 bytes) and most browsers.
inline constexpr size_t kSmallBuffer = 1024;
// The largest head: request line, fields, empty lines.
inline constexpr size_t kLargeBuffer = kMaxTarget + kMaxHeader + 64;
// How many connections may have a large buffer at once. Then the oldest incomplete request that has one is closed.
inline constexpr size_t kLargeBuffers = 16;
// How many free large buffers are kept.
inline constexpr size_t kKeptBuffers = 2;
// The head of an answer, without the fields that the web configuration adds.
inline constexpr size_t kAnswerHead = 512;
// Bytes that are read and thrown away after a refusal, before the connection is closed. Closing with unread bytes would
// take the answer from the client (RFC 9112 section 9.6).
inline constexpr size_t kMaxLinger = size_t{256} * 1024;
// Connections that are accepted before the open ones get their turn.
inline constexpr size_t kAcceptBatch = 16;
// Connections beyond the limit that get 503; further ones are closed without an answer.
inline constexpr size_t kRefusalSlots = 32;
// Descriptors that connections leave to the rest of the program.
inline constexpr size_t kSpareDescriptors = 32;

struct ServerLimits {
  size_t connections = 384;
  size_t connections_per_peer = 256;  // an IPv4 address or an IPv6 /64; 200 scrapes at once from one host work
  // Requests in a row that were sent before the previous answer. Then the connection is closed.
  size_t pipelined = 64;
  // Answers that clients have not read yet, in all; one that several share counts once. Then the oldest is reset. For
  // larger answers than scrapes, set it to several of them.
  size_t unread_answers_bytes = size_t{2} * 1024 * 1024;
  // A client that has not read its answer for so long may be closed to make room for another.
  std::chrono::milliseconds stalled{5'000};
  std::chrono::milliseconds header{10'000};  // from the first byte (or accepting) to the end of the head
  std::chrono::milliseconds body{5'000};
  std::chrono::milliseconds idle{300'000};  // twice the longest scrape interval that is sensible (2 min) and more
  std::chrono::milliseconds handshake{10'000};
  std::chrono::milliseconds linger{1'000};
  // The time to read an answer, and the rate beyond its first megabyte.
  std::chrono::milliseconds write{30'000};
  size_t write_bytes_per_second = size_t{32} * 1024;
  // How long sending answers may take after stop().
  std::chrono::milliseconds shutdown{1'000};
};

}  // namespace weir::http
