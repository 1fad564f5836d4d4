#include "base/text.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Text, LinesAndWords) {
  std::string_view text = "a b\n\n\tc\n d";
  EXPECT_EQ(next_line(text), "a b");
  EXPECT_EQ(next_line(text), "");
  EXPECT_EQ(next_word(text), "c");
  EXPECT_EQ(next_word(text), "d");
  EXPECT_EQ(next_word(text), "");
  EXPECT_EQ(next_line(text), "");
  EXPECT_EQ(trimmed(" \t a b\n"), "a b");
  EXPECT_EQ(trimmed(" \n"), "");
}

TEST(Text, Numbers) {
  EXPECT_EQ(parse_number<uint64_t>("18446744073709551615"), 18446744073709551615U);
  EXPECT_EQ(parse_number<int>("-5"), -5);
  EXPECT_EQ(parse_number<uint32_t>("ff", 16), 255U);
  EXPECT_EQ(parse_number<double>("1.5"), 1.5);
  for (const char* other : {"", " 1", "1 ", "+1", "-1", "0x1", "18446744073709551616"})
    EXPECT_FALSE(parse_number<uint64_t>(other)) << other;
}

TEST(Text, Names) {
  EXPECT_TRUE(is_name("Tcp_0a"));
  for (const char* other : {"", "a b", "a\"", "a-b", "\xff"}) EXPECT_FALSE(is_name(other)) << other;
}

}  // namespace
}  // namespace weir
