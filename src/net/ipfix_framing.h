// Cuts a stream of bytes into IPFIX messages by the length in their headers, as TCP, TLS and files carry them
// (RFC 7011 sections 3.1 and 10.4, RFC 5655 section 5).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/ipfix_header.h"

namespace weir::net {

// The length of the message that begins here, by its header. Nothing if no IPFIX message begins so, or if fewer than
// four bytes are there.
std::optional<size_t> ipfix_message_length(ByteView bytes);

// Whether bytes can be the beginning of a message, as far as they reach.
bool may_begin_ipfix_message(ByteView bytes);

class IpfixFramer {
 public:
  // The next whole message: takes from the front of `chunk` what belongs to it, behind what earlier chunks left.
  // Nothing when the chunk is used up, or once broken(). The message is good until the next call, and as long as the
  // chunk.
  std::optional<ByteView> next(ByteView& chunk);

  // What should be a message header is none. Where the next message begins cannot be known any more.
  bool broken() const { return broken_; }
  // Bytes that wait for the rest of their message.
  size_t waiting_bytes() const { return delivered_ ? 0 : waiting_.size(); }
  // Memory that they take: never more than twice what has arrived, whatever length a header claims.
  size_t memory() const { return waiting_.capacity(); }

 private:
  void append(ByteView& chunk, size_t wanted);

  std::vector<uint8_t> waiting_;
  bool delivered_ = false;  // waiting_ is the message that the last call returned
  bool broken_ = false;
};

}  // namespace weir::net
