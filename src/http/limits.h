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
// Query parameters: one for each collector, and again as many.
inline constexpr size_t kMaxParameters = 256;
// Accept is read so far; real ones have 300 bytes.
inline constexpr size_t kMaxAccept = 2048;
// Fields that may be repeated (Accept) are joined up to this many.
inline constexpr size_t kMaxRepeats = 4;
// No request that we answer needs a body. A small one is read and thrown away, so that the connection can go on.
inline constexpr size_t kMaxBody = size_t{16} * 1024;
// The line of a chunk's size with its extensions, which nobody sends.
inline constexpr size_t kMaxChunkLine = 512;
// What a connection has for reading: enough for a scrape (350 bytes) and most browsers.
inline constexpr size_t kSmallBuffer = 1024;
// The largest head: request line, fields, empty lines.
inline constexpr size_t kLargeBuffer = kMaxTarget + kMaxHeader + 64;
// How many connections may have a large buffer at once; then the oldest incomplete request that has one goes.
inline constexpr size_t kLargeBuffers = 16;
// Of these, this many are kept for the next one instead of being freed.
inline constexpr size_t kKeptBuffers = 2;
// The head of an answer, without the fields that the web configuration adds.
inline constexpr size_t kAnswerHead = 512;
// Bytes thrown away behind a request that was refused, before the connection is closed: a close with bytes unread
// would take the answer from the client (RFC 9112 section 9.6).
inline constexpr size_t kMaxLinger = size_t{256} * 1024;
// Connections accepted in one go, before those that are there are looked at again.
inline constexpr size_t kAcceptBatch = 16;
// Connections beyond the limit that are told so (503); more are closed without a word.
inline constexpr size_t kRefusalSlots = 32;
// Files that the rest of the program may need to open at any time: connections leave room for so many.
inline constexpr size_t kSpareDescriptors = 32;

struct Limits {
  size_t connections = 384;
  size_t connections_per_peer = 256;  // an IPv4 address or an IPv6 /64; 200 scrapes at once from one host work
  // Requests that were there before the last answer was sent; then the connection is closed.
  size_t pipelined = 64;
  // Answers that clients have not read yet, in all (one that several share counts once); then the oldest goes. For
  // scrapes; a program with answers of megabytes sets it to what several of them may take.
  size_t unread_answers_bytes = size_t{2} * 1024 * 1024;
  // A connection whose client has not read its whole answer after so long may be closed to make room for another.
  std::chrono::milliseconds stalled{5'000};
  std::chrono::milliseconds header{10'000};  // from the first byte (or accepting) to the end of the head
  std::chrono::milliseconds body{5'000};
  std::chrono::milliseconds idle{300'000};  // twice the longest scrape interval that is sensible (2 min) and more
  std::chrono::milliseconds handshake{10'000};
  std::chrono::milliseconds linger{1'000};
  // An answer must be read in this time, and at this rate beyond the first megabyte.
  std::chrono::milliseconds write{30'000};
  size_t write_bytes_per_second = size_t{32} * 1024;
  // After stop(): how long answers that are being sent may take.
  std::chrono::milliseconds shutdown{1'000};
};

}  // namespace weir::http
