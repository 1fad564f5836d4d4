#include "base/roff.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Roff, NothingOfATextIsARequest) {
  EXPECT_EQ(roff_text(".so /etc/passwd\n'br\n\\fBx\\fP -n"), "\\&.so /etc/passwd\n\\(aqbr\n\\efBx\\efP \\-n\n");
  EXPECT_EQ(roff_text("two\nlines\n"), "two\nlines\n");
  EXPECT_EQ(roff_text(""), "");
  EXPECT_EQ(roff_lines("  a   b"), "  a   b\n");
}

TEST(Roff, LongLinesAreBrokenBetweenWords) {
  const std::string word(40, 'x');
  EXPECT_EQ(roff_text(word + " " + word + " y"), word + "\n" + word + " y\n");
  EXPECT_EQ(roff_text(word + " " + word + " .y"), word + "\n" + word + " .y\n");
  EXPECT_EQ(roff_text(word + word + " .y"), word + word + "\n\\&.y\n");
}

TEST(Roff, AnArgumentIsOneLine) { EXPECT_EQ(roff_argument("a \"b\"\n.c"), "\"a \\(dqb\\(dq .c\""); }

}  // namespace
}  // namespace weir
