#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/bytes.h"

namespace weir {
namespace {

std::string encoded(uint32_t point) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | ((point >> shift) & 0x3f)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0 | (point >> 6)), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xe0 | (point >> 12)), tail(6), tail(0)};
  return {static_cast<char>(0xf0 | (point >> 18)), tail(12), tail(6), tail(0)};
}

// All code points, and beyond: surrogates and what lies above U+10FFFF are none.
TEST(Utf8, KnowsEveryCodePoint) {
  for (uint32_t point = 0; point < 0x200000; ++point) {
    const std::string text = encoded(point);
    const bool valid = (point < 0xd800 || point > 0xdfff) && point <= 0x10ffff;
    ASSERT_EQ(utf8_length(std::string_view(text)), valid ? text.size() : 0) << std::hex << point;
    ASSERT_EQ(is_utf8(text), valid);
  }
}

TEST(Utf8, RefusesLongerFormsThanNeeded) {
  for (const std::string_view text :
       {"\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x88\x80\x80\x80"})
    EXPECT_EQ(utf8_length(text), 0u);
}

TEST(Utf8, RefusesWhatIsCutOffOrGoesOnWrongly) {
  const std::string text = encoded(0x1f30a);
  for (size_t length = 1; length < text.size(); ++length) {
    EXPECT_EQ(utf8_length(std::string_view(text).substr(0, length)), 0u);
    std::string wrong = text;
    for (const char bad : {'\x41', '\xc2', '\xff'}) {
      wrong[length] = bad;
      EXPECT_EQ(utf8_length(std::string_view(wrong)), 0u);
    }
  }
  EXPECT_EQ(utf8_length(std::string_view("\x80")), 0u);
}

TEST(Utf8, ReadsBytesLikeText) {
  const std::vector<uint8_t> bytes = {0xe6, 0x9d, 0xb1, 'x'};
  EXPECT_EQ(utf8_length(ByteView(bytes)), 3u);
  EXPECT_EQ(utf8_length(ByteView(bytes).first(2)), 0u);
}

TEST(Utf8, ReplacesEachByteThatIsNoPartOfACharacter) {
  std::string text;
  for_each_character("a\xed\xa0\x80 東\xe6\x9d", [&](std::string_view character) { text += character; });
  EXPECT_EQ(text, "a\uFFFD\uFFFD\uFFFD 東\uFFFD\uFFFD");
}

TEST(Utf8, CutsBetweenCharacters) {
  EXPECT_EQ(utf8_prefix("a東b", 5), "a東b");
  EXPECT_EQ(utf8_prefix("a東b", 4), "a東");
  EXPECT_EQ(utf8_prefix("a東b", 3), "a");
  EXPECT_EQ(utf8_prefix("a東b", 1), "a");
  EXPECT_EQ(utf8_prefix("東", 0), "");
}

}  // namespace
}  // namespace weir
