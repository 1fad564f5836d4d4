// Counts values by their size. One thread writes, any may read, without a lock.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "telemetry/exposition.h"

namespace weir::telemetry {

template <size_t N>
struct HistogramCounts {
  std::array<uint64_t, N + 1> counts{};  // by bucket, not cumulative; the last one is above all bounds
  double sum = 0;

  HistogramCounts& operator+=(const HistogramCounts& other) {
    for (size_t i = 0; i <= N; ++i) counts[i] += other.counts[i];
    sum += other.sum;
    return *this;
  }
  // Writes the samples of the last family.
  void write(Exposition& out, const std::array<double, N>& bounds) const {
    std::array<uint64_t, N> cumulative{};
    uint64_t count = 0;
    for (size_t i = 0; i < N; ++i) cumulative[i] = count += counts[i];
    out.histogram(bounds, cumulative, count + counts[N], sum);
  }
};

template <size_t N>
class Histogram {
 public:
  // Upper bounds, ascending.
  explicit constexpr Histogram(const std::array<double, N>& bounds) : bounds_(bounds) {}

  // Counts `times` values of this size. Only from the writing thread.
  void observe(double value, uint64_t times = 1) {
    const auto bucket = static_cast<size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin());
    add(counts_[bucket], times);
    add(sum_, value * static_cast<double>(times));
  }
  // A value that is being added meanwhile may be in one part of the copy and not yet in the other.
  HistogramCounts<N> counts() const {
    HistogramCounts<N> all;
    for (size_t i = 0; i <= N; ++i) all.counts[i] = counts_[i].load(std::memory_order_relaxed);
    all.sum = sum_.load(std::memory_order_relaxed);
    return all;
  }

 private:
  template <class T>
  static void add(std::atomic<T>& to, T value) {
    to.store(to.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
  }

  const std::array<double, N>& bounds_;
  std::array<std::atomic<uint64_t>, N + 1> counts_{};
  std::atomic<double> sum_ = 0;
};

}  // namespace weir::telemetry
