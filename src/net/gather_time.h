// How long a receiver that has emptied its sockets leaves them alone, so that it takes many datagrams at a time: a
// thread that wakes up for a few of them finds every cache cold, which costs several times what receiving them does.
//
//   quiet       whoever sends a datagram now and then is served at once: nothing gathers
//   busy        the time doubles from kShortest on, up to kLongest, as long as datagrams come in the meantime
//   a burst     the wait is cut into slices, each over before three quarters of the free buffer could fill at the rate
//               of kHighestBurst; after each the receiver looks how full it is: a quarter is enough
//
// So a small buffer costs more looks, not datagrams. Times are those of the receiving thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weir::net {

class GatherTime {
 public:
  static constexpr std::chrono::milliseconds kShortest{1};
  static constexpr std::chrono::milliseconds kLongest{18};
  // Bytes a second as the kernel counts them, which takes 768 for a small datagram and 2,304 for one of 1,400 bytes:
  // more than a million a second of the first, 5 Gbit/s of the second.
  static constexpr uint64_t kHighestBurst = 1'000'000'000;
  // Fewer datagrams than this were not worth the wait.
  static constexpr size_t kWorthIt = 3;

  // granted_bytes: of the smallest socket buffer, see ListenSocket. The kernel allows twice of that.
  explicit GatherTime(size_t granted_bytes) : buffer_bytes_(2 * granted_bytes) {}

  // How long to gather next; 0: not at all. datagrams: how many came since the last time.
  std::chrono::milliseconds next(size_t datagrams) {
    time_ = datagrams < kWorthIt ? std::chrono::milliseconds{0} : std::clamp(time_ * 2, kShortest, kLongest);
    return time_;
  }

  // How long to go on before the next look, while so much waits; 0: it is time to receive.
  std::chrono::microseconds slice(size_t waiting_bytes) const {
    if (waiting_bytes >= buffer_bytes_ / 4) return {};
    const std::chrono::microseconds slice{(buffer_bytes_ - waiting_bytes) / 4 * 3 * 1'000'000 / kHighestBurst};
    return slice < kShortest ? std::chrono::microseconds{0} : slice;
  }

 private:
  size_t buffer_bytes_;
  std::chrono::milliseconds time_{0};
};

}  // namespace weir::net
