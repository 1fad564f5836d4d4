// Puts fragmented datagrams together (RFC 791 section 3.2, RFC 8200 section 4.5), within limits that a hostile capture
// cannot move: so many datagrams at a time, 64 KiB each, 60 seconds each.
//
// Overlapping fragments are refused with the whole datagram (RFC 5722), as they are only used to deceive; an exact
// repetition, which a mirror port makes easily, is let pass.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.h"
#include "net/ip_packet.h"

namespace weir::net {

struct ReassemblyLimits {
  size_t datagrams = 1024;        // in progress at a time; the oldest goes first
  size_t datagram_bytes = 65535;  // an IP packet holds no more
  Micros lifetime{60'000'000};    // of an incomplete datagram, from its first fragment on
};

struct Reassembled {
  std::vector<uint8_t> bytes;
  uint64_t fragments = 0;  // frames that it was made of, repetitions included
};

class Reassembly {
 public:
  explicit Reassembly(ReassemblyLimits limits = {}) : limits_(limits) {}

  // The datagram, if this fragment was the last one missing.
  std::optional<Reassembled> add(const Fragment& fragment, Timestamp now);

  // Fragments given up so far: contradictory, too large, too old, or pushed out by the limit.
  uint64_t lost_fragments() const { return lost_; }

  // The capture is over: everything incomplete is lost.
  void give_up();

 private:
  struct Partial {
    FragmentKey key;
    Timestamp first_seen;
    std::vector<uint8_t> bytes = {};         // up to the highest fragment so far
    std::map<size_t, size_t> ranges = {};    // begin -> end of what is there
    size_t covered_bytes = 0;                // the sum of the ranges
    std::optional<size_t> total_bytes = {};  // known once the last fragment is there
    uint64_t fragments = 0;
  };
  using Order = std::list<Partial>;

  enum class Placed { kNew, kRepeated, kRefused };
  Placed place(Partial& partial, const Fragment& fragment) const;
  Order::iterator find_or_begin(const FragmentKey& key, Timestamp now);
  void drop(Order::iterator partial);

  ReassemblyLimits limits_;
  Order order_;  // oldest first
  std::map<FragmentKey, Order::iterator> by_key_;
  uint64_t lost_ = 0;
};

}  // namespace weir::net
