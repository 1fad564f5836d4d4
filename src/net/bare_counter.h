// The yardstick of the receive benchmarks: recvmmsg in a loop that only counts, on one socket, with buffers that just
// hold an Ethernet frame. Nothing that looks at datagrams can be faster. Not used by programs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/result.h"

namespace weir::net {

class BareCounter {
 public:
  // Listens on a free port of IPv4 loopback.
  static Result<BareCounter> open(size_t socket_buffer_bytes, size_t batch = 64);
  BareCounter(BareCounter&&) noexcept;
  BareCounter& operator=(BareCounter&&) noexcept;
  ~BareCounter();

  uint16_t port() const;
  // Counts until `stop`, and then what is still queued. `received` is kept up to date while it runs.
  void run(const std::atomic<bool>& stop, std::atomic<uint64_t>& received);

 private:
  class Impl;
  explicit BareCounter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::net
