// How many datagrams each source may send in a second. Anybody can claim to be any source, so sources have no entries
// of their own: a fixed number of buckets, chosen by a hash. Those that share a bucket share what it lets through.
// With as many buckets as a flood of forged addresses has hosts, what it takes of another one's bucket is a part of it
// only, and the hash has a key, so that nobody can choose whose bucket that is.
//
//   bucket   the time until which what it let through has used it up; each datagram adds 1/limit of a second
//   burst    a datagram comes through while that is less than a second ahead: one second's worth at once
//
// Without a limit there are no buckets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"

namespace weir::decode {

class SourceRates {
 public:
  static constexpr size_t kBuckets = 65536;  // 512 KiB

  // The key is random, another one in each process.
  SourceRates();
  explicit SourceRates(uint64_t key) : key_(key) {}

  // Datagrams a second of each source; 0: no limit.
  void set_limit(size_t per_second);
  bool limited() const { return !buckets_.empty(); }

  // Of a datagram that was received now: false if it is one too many. There has to be a limit.
  bool take(const IpAddress& source, Timestamp now);

  // The one of this source.
  size_t bucket(const IpAddress& source) const;

 private:
  uint64_t key_;
  int64_t cost_ns_ = 0;
  // Nanoseconds since 1970, which wrap after 2554: only differences are looked at.
  std::vector<uint64_t> buckets_;
};

}  // namespace weir::decode
