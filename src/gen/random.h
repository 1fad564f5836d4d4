// Random numbers that are the same on every platform: integers only, no library distribution, no floating point.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace weir::gen {

// A step of splitmix64 (Steele, Lea, Flood 2014): also a good hash of a counter.
constexpr uint64_t mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

// xoshiro256** (Blackman, Vigna 2018).
class Random {
 public:
  explicit constexpr Random(uint64_t seed) {
    for (uint64_t& word : state_) word = seed = mix(seed);
  }

  constexpr uint64_t next() {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // 0 to limit - 1, evenly (Lemire's multiplication; the bias below 2^-32 does not matter here). limit is at least 1.
  constexpr uint32_t below(uint32_t limit) { return static_cast<uint32_t>((next() >> 32) * limit >> 32); }
  constexpr uint32_t between(uint32_t low, uint32_t high) { return low + below(high - low + 1); }
  constexpr bool percent(uint32_t chance) { return below(100) < chance; }

  // A rank from 0 to 2^bits - 2: each octave of ranks is as likely as any other, which is Zipf's law with exponent 1.
  constexpr uint32_t zipf(uint32_t bits) {
    const uint32_t octave = below(bits);
    return (uint32_t{1} << octave) - 1 + below(uint32_t{1} << octave);
  }

 private:
  std::array<uint64_t, 4> state_{};
};

}  // namespace weir::gen
