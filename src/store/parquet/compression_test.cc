#include "store/parquet/compression.h"

#include <gtest/gtest.h>
#include <lz4.h>
#include <zstd.h>

#include <string>

namespace weir::store::parquet {
namespace {

// Also longer than a block of zstd.
std::string letters(size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text.push_back("weir"[i * i % 4]);
  return text;
}

ByteView bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

TEST(Compression, ZstdGivesBackWhatItWasGivenWithAnyEffort) {
  Compressor compressor;
  for (const Effort effort : {Effort::search, Effort::store, Effort::codes, Effort::search}) {
    for (const size_t size : {0, 1, 1000, 300'000}) {
      const std::string text = letters(size);
      Buffer out;
      out.append_byte(7);  // it appends
      const size_t compressed = compressor.compress(Codec::zstd, effort, bytes(text), out);
      EXPECT_EQ(compressed, out.size() - 1);
      std::string back(size, '\0');
      EXPECT_EQ(ZSTD_decompress(back.data(), size, &out.view()[1], out.size() - 1), size);
      EXPECT_EQ(back, text);
    }
  }
}

TEST(Compression, WhatIsOnlyStoredGrowsByAFrameAtMost) {
  Compressor compressor;
  std::string text;
  for (uint64_t i = 0; i < 65536; ++i) text.push_back(static_cast<char>(i * 0x9e3779b97f4a7c15 >> 56));
  Buffer out;
  compressor.compress(Codec::zstd, Effort::store, bytes(text), out);
  EXPECT_LT(out.size(), text.size() + 32);
}

TEST(Compression, CodesMakeFrequentBytesShort) {
  Compressor compressor;
  std::string text;
  for (uint64_t i = 0; i < 300'000; ++i) text.push_back("aaabaacaaade"[(i * 0x9e3779b97f4a7c15 >> 56) % 12]);
  Buffer out;
  EXPECT_LT(compressor.compress(Codec::zstd, Effort::codes, bytes(text), out), text.size() / 4);
}

TEST(Compression, Lz4IsRaw) {
  Compressor compressor;
  const std::string text = letters(70'000);
  Buffer out;
  compressor.compress(Codec::lz4_raw, Effort::search, bytes(text), out);
  std::string back(text.size(), '\0');
  EXPECT_EQ(LZ4_decompress_safe(reinterpret_cast<const char*>(out.view().data()), back.data(),
                                static_cast<int>(out.size()), static_cast<int>(back.size())),
            static_cast<int>(text.size()));
  EXPECT_EQ(back, text);
}

}  // namespace
}  // namespace weir::store::parquet
