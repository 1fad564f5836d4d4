#include "store/parquet/neighbour_matches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>

#include "base/ip_address.h"
#include "store/parquet/compression.h"

namespace weir::store::parquet {
namespace {

template <class T>
using Make = T (*)(std::mt19937&);

template <class T>
std::vector<T> values(size_t count, uint32_t seed, Make<T> make) {
  std::mt19937 random(seed);
  std::vector<T> all(count);
  for (T& value : all) value = make(random);
  return all;
}

IpAddress any_v4(std::mt19937& random) { return IpAddress::from_v4(static_cast<uint32_t>(random())); }
// Both families, and some that have nothing in common with the one before.
IpAddress any_address(std::mt19937& random) {
  IpAddress address = any_v4(random);
  if (random() % 2 == 0) {
    for (size_t i = random() % 2 * 8; i < 16; ++i) address.bytes[i] = static_cast<uint8_t>(random() | 1);
  }
  return address;
}
uint32_t any_number(std::mt19937& random) { return static_cast<uint32_t>(random()) >> (random() % 32); }
uint64_t any_long_number(std::mt19937& random) { return (uint64_t{random()} << 32 | random()) >> (random() % 64); }
template <class T>
std::vector<T> sorted(std::vector<T> all) {
  std::ranges::sort(all);
  return all;
}

// Runs of the same value, also longer than a block of zstd.
template <class T>
std::vector<T> with_runs(std::vector<T> all) {
  for (size_t i = 1; i < all.size(); ++i) {
    if (i % 97 < 31 || i > 20'000) all[i] = all[i - 1];
  }
  return all;
}

template <class T>
Buffer page(const std::vector<T>& all, size_t head) {
  Buffer bytes;
  for (size_t i = 0; i < head; ++i) bytes.append_byte(static_cast<uint8_t>(i * 7));
  bytes.append(bytes_of(std::span(all)));
  return bytes;
}

size_t compressed(const Buffer& bytes, Effort effort, ValueLayout layout) {
  static Compressor compressor;
  Buffer out;
  const size_t size = compressor.compress(Codec::zstd, effort, bytes.view(), out, layout);
  std::vector<uint8_t> back(bytes.size());
  EXPECT_EQ(ZSTD_decompress(back.data(), back.size(), out.view().data(), out.size()), bytes.size());
  EXPECT_TRUE(std::ranges::equal(back, bytes.view()));
  return size;
}

template <class T>
void expect_back(Make<T> make) {
  for (const size_t count : {0, 1, 2, 100, 8191, 8192, 8193, 32768, 32769, 70'000}) {  // around blocks of zstd
    for (const size_t head : {0, 6, 17, 4100}) {
      SCOPED_TRACE(std::to_string(count) + " after " + std::to_string(head));
      const ValueLayout layout{head, sizeof(T)};
      const std::vector<T> all = values(count, 1, make);
      compressed(page(all, head), Effort::neighbours, layout);
      compressed(page(sorted(all), head), Effort::neighbours, layout);
      compressed(page(with_runs(all), head), Effort::neighbours, layout);
      compressed(page(std::vector<T>(count), head), Effort::neighbours, layout);
    }
  }
}

TEST(NeighbourMatches, ZstdGivesBackWhatItWasGiven) {
  expect_back<IpAddress>(any_address);
  expect_back<uint64_t>(any_long_number);
  expect_back<uint32_t>(any_number);
}

template <class T>
void expect_sequences(Make<T> make) {
  NeighbourMatches matches;
  for (const size_t head : {0, 6, 4100}) {
    const Buffer bytes = page(with_runs(values(70'000, 4, make)), head);
    size_t all = 0;
    size_t block = 0;
    for (const ZSTD_Sequence& sequence : matches.find(bytes.view(), {head, sizeof(T)})) {
      block += sequence.litLength + sequence.matchLength;
      if (sequence.offset != 0) {
        EXPECT_EQ(sequence.offset, sizeof(T));
        EXPECT_GE(sequence.matchLength, 3u);
        continue;
      }
      EXPECT_EQ(sequence.matchLength, 0u);
      EXPECT_LE(block, size_t{ZSTD_BLOCKSIZE_MAX});
      all += std::exchange(block, 0);
    }
    EXPECT_EQ(block, 0u) << "a delimiter ends the last block";
    EXPECT_EQ(all, bytes.size());
  }
}

TEST(NeighbourMatches, SequencesCoverEveryByteBlockByBlock) {
  expect_sequences<IpAddress>(any_address);
  expect_sequences<uint64_t>(any_long_number);
  expect_sequences<uint32_t>(any_number);
}

TEST(NeighbourMatches, Ipv4InNoOrderTakesFourBytes) {
  const Buffer bytes = page(values(32'768, 5, any_v4), 6);
  EXPECT_LT(static_cast<double>(compressed(bytes, Effort::neighbours, {6, 16})), 32'768 * 4.03);
}

TEST(NeighbourMatches, WhatIsInOrderTakesLessThanByASearch) {
  const auto expect_less = [](const auto& all) {
    const ValueLayout layout{0, sizeof(all[0])};
    EXPECT_LT(static_cast<double>(compressed(page(all, 0), Effort::neighbours, layout)),
              0.9 * static_cast<double>(compressed(page(all, 0), Effort::search, layout)))
        << layout.width;
  };
  expect_less(sorted(values(60'000, 6, any_v4)));
  expect_less(sorted(values(60'000, 6, any_long_number)));
  expect_less(sorted(values(60'000, 6, any_number)));
}

TEST(NeighbourMatches, TheSameValueAgainTakesNothing) {
  EXPECT_LT(compressed(page(std::vector(32'768, IpAddress::from_v4(0xc0000201)), 6), Effort::neighbours, {6, 16}),
            200u);
  EXPECT_LT(compressed(page(std::vector<uint64_t>(32'768, 7), 6), Effort::neighbours, {6, 8}), 200u);
}

}  // namespace
}  // namespace weir::store::parquet
