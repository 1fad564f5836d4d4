#include "decode/session/source_rates.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace weir::decode {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

uint64_t random_key() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

uint64_t process_key() {
  static const uint64_t kKey = random_key();
  return kKey;
}

// The finalizer of splitmix64: every bit of the result depends on every bit of the value.
uint64_t mixed(uint64_t value) {
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9U;
  value = (value ^ value >> 27) * 0x94d049bb133111ebU;
  return value ^ value >> 31;
}

}  // namespace

SourceRates::SourceRates() : SourceRates(process_key()) {}

void SourceRates::set_limit(size_t per_second) {
  cost_ns_ = per_second == 0 ? 0 : std::max<int64_t>(kSecondNs / static_cast<int64_t>(per_second), 1);
  if (limited() != (per_second != 0)) std::vector<uint64_t>(per_second == 0 ? 0 : kBuckets).swap(buckets_);
}

size_t SourceRates::bucket(const IpAddress& source) const {
  uint64_t high = 0;
  uint64_t low = 0;
  std::memcpy(&high, source.bytes.data(), sizeof(high));
  std::memcpy(&low, source.bytes.data() + sizeof(high), sizeof(low));
  // The key comes in twice: with it at the start only, addresses that collide once would do so with any key.
  return mixed(mixed(mixed(high ^ key_) ^ low) + key_) % kBuckets;
}

bool SourceRates::take(const IpAddress& source, Timestamp now) {
  uint64_t& used_until = buckets_[bucket(source)];
  const uint64_t now_ns = static_cast<uint64_t>(to_us(now)) * 1000;
  auto ahead = static_cast<int64_t>(used_until - now_ns);
  if (ahead < 0 || ahead > 2 * kSecondNs) ahead = 0;  // idle for some time, or the clock was set back
  if (ahead > kSecondNs - cost_ns_) return false;
  used_until = now_ns + static_cast<uint64_t>(ahead + cost_ns_);
  return true;
}

}  // namespace weir::decode
