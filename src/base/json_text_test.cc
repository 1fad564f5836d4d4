#include "base/json_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace weir {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonText, EscapesWhatJsonForbids) {
  EXPECT_EQ(quoted(""), R"("")");
  EXPECT_EQ(quoted("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(quoted("\t\r\n"), R"("\t\r\n")");
  EXPECT_EQ(quoted(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
}

TEST(JsonText, KeepsValidUtf8) {
  EXPECT_EQ(quoted("Zürich – 東京 🌊"), "\"Zürich – 東京 🌊\"");
  EXPECT_EQ(quoted("\xf4\x8f\xbf\xbf"), "\"\xf4\x8f\xbf\xbf\"");  // U+10FFFF
}

// Everything that RFC 3629 section 4 does not allow, byte by byte.
TEST(JsonText, ShowsBytesThatAreNotUtf8) {
  EXPECT_EQ(quoted("a\xff"
                   "b"),
            R"("a\\xffb")");
  EXPECT_EQ(quoted("\xc0\x80"), R"("\\xc0\\x80")");           // overlong
  EXPECT_EQ(quoted("\xe0\x9f\xbf"), R"("\\xe0\\x9f\\xbf")");  // overlong
  EXPECT_EQ(quoted("\xed\xa0\x80"), R"("\\xed\\xa0\\x80")");  // surrogate
  EXPECT_EQ(quoted("\xf4\x90\x80\x80"), R"("\\xf4\\x90\\x80\\x80")");
  EXPECT_EQ(quoted("\xe6\x9d"), R"("\\xe6\\x9d")");  // cut off
  EXPECT_EQ(quoted("\xe6\x9dx"), R"("\\xe6\\x9dx")");
  EXPECT_EQ(quoted("\x80"), R"("\\x80")");
}

TEST(JsonText, RealNumbersAreExactOrNull) {
  std::string out;
  for (const double value : {0.1, -2.0, std::nan(""), HUGE_VAL}) append_json_real(out += ' ', value);
  EXPECT_EQ(out, " 0.1 -2 null null");
}

}  // namespace
}  // namespace weir
