#include "store/parquet/bit_pack.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace weir::store::parquet {
namespace {

// One bit after the other, as the format describes it.
class BitReader {
 public:
  explicit BitReader(ByteView bytes) : bytes_(bytes) {}
  uint64_t value(unsigned width) {
    uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i, ++at_) value |= uint64_t{bytes_[at_ / 8] >> (at_ % 8) & 1U} << i;
    return value;
  }
  size_t left() const { return bytes_.size() * 8 - at_; }

 private:
  ByteView bytes_;
  size_t at_ = 0;
};

// What a hybrid holds, with the filling of its last group.
struct Decoded {
  std::vector<uint16_t> values;
  size_t runs = 0;
  size_t packed_runs = 0;
};

Decoded decode_hybrid(ByteView bytes, unsigned width) {
  Decoded decoded;
  size_t at = 0;
  while (at < bytes.size()) {
    uint64_t header = 0;
    for (unsigned shift = 0;; shift += 7) {
      const uint8_t byte = bytes[at++];
      header |= uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) break;
    }
    if (header & 1) {
      const size_t size = (header >> 1) * width;
      BitReader reader(bytes.subspan(at, size));
      for (size_t i = 0; i < (header >> 1) * 8; ++i)
        decoded.values.push_back(static_cast<uint16_t>(reader.value(width)));
      at += size;
      ++decoded.packed_runs;
    } else {
      uint16_t value = bytes[at++];
      if (width > 8) value = static_cast<uint16_t>(value | bytes[at++] << 8);
      decoded.values.insert(decoded.values.end(), header >> 1, value);
      ++decoded.runs;
    }
  }
  return decoded;
}

constexpr uint64_t mask(unsigned width) { return width == 0 ? 0 : ~uint64_t{0} >> (64 - width); }

Decoded round_trip(const std::vector<uint16_t>& values, unsigned width) {
  Buffer out;
  encode_hybrid(values, width, out);
  Decoded decoded = decode_hybrid(out.view(), width);
  EXPECT_LT(decoded.values.size(), values.size() + 8) << "only the last group is filled up";
  EXPECT_GE(decoded.values.size(), values.size());
  for (size_t i = values.size(); i < decoded.values.size(); ++i) EXPECT_EQ(decoded.values[i], 0) << "filling";
  decoded.values.resize(std::min(decoded.values.size(), values.size()));
  EXPECT_EQ(decoded.values, values) << "width " << width << ", " << values.size() << " values";
  return decoded;
}

TEST(PackBits, EveryWidthAndLengthsAroundTheGroups) {
  std::mt19937_64 random(1);
  for (unsigned width = 0; width <= 64; ++width) {
    for (const size_t length : {0, 1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 95, 96, 100}) {
      std::vector<uint64_t> values(length);
      // The widest value in every place, so that one that spills into its neighbour shows.
      for (uint64_t& value : values) value = random() % 3 == 0 ? mask(width) : random() & mask(width);
      Buffer out;
      out.append_byte(0xaa);
      pack_bits(values, width, out);
      ASSERT_EQ(out.size(), 1 + (length * width + 7) / 8) << width << " bits, " << length;
      ASSERT_EQ(out.view()[0], 0xaa);
      BitReader reader(out.view(1));
      for (const uint64_t value : values) ASSERT_EQ(reader.value(width), value) << width << " bits, " << length;
      ASSERT_EQ(reader.value(static_cast<unsigned>(reader.left())), 0u)
          << "filling of " << width << " bits, " << length;
    }
  }
}

TEST(PackBits, TheExampleOfTheFormat) {
  // Numbers 0 to 7 in three bits each: 10001000 11000110 11111010.
  Buffer out;
  pack_bits(std::vector<uint64_t>{0, 1, 2, 3, 4, 5, 6, 7}, 3, out);
  EXPECT_TRUE(std::ranges::equal(out.view(), std::vector<uint8_t>{0b10001000, 0b11000110, 0b11111010}));
}

TEST(Hybrid, EveryWidthAndLength) {
  std::mt19937_64 random(2);
  for (unsigned width = 1; width <= 16; ++width) {
    for (size_t length = 0; length <= 200; ++length) {
      std::vector<uint16_t> values(length);
      for (uint16_t& value : values) value = static_cast<uint16_t>(random() & mask(width));
      round_trip(values, width);
    }
  }
}

TEST(Hybrid, RunsOfEveryLengthBetweenLiterals) {
  for (const unsigned width : {1U, 2U, 7U, 8U, 9U, 15U, 16U}) {
    const auto high = static_cast<uint16_t>(mask(width));
    for (size_t before = 0; before <= 130; before += 13) {
      for (size_t run = 0; run <= 260; run += 5) {
        for (const size_t after : {0, 1, 8, 64, 77}) {
          std::vector<uint16_t> values;
          for (size_t i = 0; i < before; ++i) values.push_back(i % 2 == 0 ? high : 0);
          values.insert(values.end(), run, high);
          for (size_t i = 0; i < after; ++i) values.push_back(i % 2 == 0 ? 0 : high);
          round_trip(values, width);
        }
      }
    }
  }
}

TEST(Hybrid, RunsAndLiteralsByChance) {
  std::mt19937_64 random(3);
  for (int n = 0; n < 300; ++n) {
    const auto width = static_cast<unsigned>(1 + random() % 16);
    std::vector<uint16_t> values;
    for (uint64_t parts = random() % 12; parts > 0; --parts) {
      const auto value = static_cast<uint16_t>(random() & mask(width));
      const bool run = random() % 2 == 0;
      for (uint64_t i = random() % 400; i > 0; --i)
        values.push_back(run ? value : static_cast<uint16_t>(random() & mask(width)));
    }
    round_trip(values, width);
  }
}

TEST(Hybrid, LongRunsAreRuns) {
  const Decoded same = round_trip(std::vector<uint16_t>(100'000, 5), 3);
  EXPECT_EQ(same.runs, 1u);
  EXPECT_EQ(same.packed_runs, 0u);
  std::vector<uint16_t> between(64, 1);
  for (uint16_t i = 0; i < 64; ++i) between.push_back(i);
  between.insert(between.end(), 1000, 2);
  const Decoded mixed = round_trip(between, 6);
  EXPECT_EQ(mixed.runs, 2u);
  EXPECT_EQ(mixed.packed_runs, 1u);
}

TEST(Run, TakesTwoBytesForMoreThanEightBits) {
  for (const unsigned width : {1U, 8U, 9U, 16U}) {
    Buffer out;
    encode_run(static_cast<uint16_t>(mask(width)), 300, width, out);
    EXPECT_EQ(out.size(), width > 8 ? 4u : 3u);
    EXPECT_EQ(decode_hybrid(out.view(), width).values, std::vector<uint16_t>(300, static_cast<uint16_t>(mask(width))));
  }
}

TEST(Levels, AreTheBitsOfTheRows) {
  std::mt19937_64 random(4);
  for (const size_t rows : {1, 7, 8, 9, 63, 64, 65, 127, 128, 129, 200, 1000}) {
    for (const char* kind : {"none", "all", "some", "first", "last"}) {
      std::vector<uint16_t> want(rows, 0);
      for (size_t row = 0; row < rows; ++row) {
        want[row] = kind == std::string_view("all") || (kind == std::string_view("some") && random() % 2 == 0) ||
                    (kind == std::string_view("first") && row == 0) ||
                    (kind == std::string_view("last") && row + 1 == rows);
      }
      // Bits beyond the rows are not to be looked at, and more words may follow.
      std::vector<uint64_t> words((rows + 63) / 64 + 2, ~uint64_t{0});
      for (size_t row = 0; row < rows; ++row) {
        if (want[row] == 0) words[row / 64] &= ~(uint64_t{1} << (row % 64));
      }
      Buffer out;
      encode_levels(words, rows, out);
      Decoded decoded = decode_hybrid(out.view(), 1);
      ASSERT_GE(decoded.values.size(), rows);
      ASSERT_LT(decoded.values.size(), rows + 8);
      for (size_t row = rows; row < decoded.values.size(); ++row) EXPECT_EQ(decoded.values[row], 0) << "filling";
      decoded.values.resize(rows);
      EXPECT_EQ(decoded.values, want) << kind << " of " << rows;
      if (want == std::vector<uint16_t>(rows, want.front())) {
        EXPECT_EQ(decoded.packed_runs, 0u) << kind << " of " << rows;
      }
    }
  }
}

}  // namespace
}  // namespace weir::store::parquet
