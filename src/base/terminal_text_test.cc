#include "base/terminal_text.h"

#include <gtest/gtest.h>

#include <string>

#include "base/utf8.h"

namespace weir {
namespace {

using namespace std::string_view_literals;

TEST(TerminalText, ShowsWhatIsNotSeen) {
  struct Case {
    std::string_view text;
    std::string_view shown;
  };
  for (const Case& c : {
           Case{"plain ~ \\ text", "plain ~ \\ text"},
           Case{"東京 é ❤ ٣ א", "東京 é ❤ ٣ א"},
           Case{"e\u0301", "e\u0301"},
           Case{"\xf0\x9f\x90\xb4", "\xf0\x9f\x90\xb4"},
           Case{""sv, ""},
           Case{"\0"sv, "\\x00"},
           Case{"\x1b[31m\a\b\t\r", "\\x1b[31m\\x07\\x08\\x09\\x0d"},
           Case{"a\nb", "a\\x0ab"},
           Case{"\x7f", "\\x7f"},
           // C1: as a character, and as a byte (CSI, OSC, ST).
           Case{"\u0080\u0085\u009b\u009f\u00a0", "\\u0080\\u0085\\u009b\\u009f\u00a0"},
           Case{"\x9b"
                "31m\x9d\x9c",
                "\\x9b31m\\x9d\\x9c"},
           Case{"\u202aa\u202bb\u202cc\u202dd\u202ee", "\\u202aa\\u202bb\\u202cc\\u202dd\\u202ee"},
           Case{"\u2066\u2067\u2068\u2069\u200e\u200f\u061c", "\\u2066\\u2067\\u2068\\u2069\\u200e\\u200f\\u061c"},
           Case{"\u2028\u2029\u202f", "\\u2028\\u2029\u202f"},
           Case{"\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f", "\\u200b\\u200c\\u200d\\u2060\\ufeff\\u00ad\\u034f"},
           Case{"\u2010\u202f\u2070\u3165\ufffc", "\u2010\u202f\u2070\u3165\ufffc"},
           Case{"\U000e0041\U000e01ef\U0001d173\U000f0000", "\\U000e0041\\U000e01ef\\U0001d173\U000f0000"},
           // What is no UTF-8: cut, too long a form, a surrogate, past U+10FFFF, a lone continuation.
           Case{"\xe2\x82", "\\xe2\\x82"},
           Case{"\xe2\x82!", "\\xe2\\x82!"},
           Case{"\xc0\x9b", "\\xc0\\x9b"},
           Case{"\xe0\x82\x9b", "\\xe0\\x82\\x9b"},
           Case{"\xed\xa0\x80", "\\xed\\xa0\\x80"},
           Case{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
           Case{"\xff\xfe", "\\xff\\xfe"},
       }) {
    EXPECT_EQ(terminal_text(c.text), c.shown);
    EXPECT_EQ(terminal_text(c.shown), c.shown) << "what is shown can be shown";
  }
}

TEST(TerminalText, LinesOfAMessageStay) {
  EXPECT_EQ(terminal_lines("one\n\x1btwo\n"), "one\n\\x1btwo\n");
  EXPECT_EQ(terminal_lines("\n\n"), "\n\n");
  EXPECT_EQ(terminal_lines("a\rb\u2028c"), "a\\x0db\\u2028c");
}

TEST(TerminalText, WidthIsThatOfWhatIsShown) {
  EXPECT_EQ(display_width(terminal_text("a\u202eé")), 8u);
  EXPECT_EQ(display_width(terminal_text("\xff")), 4u);
  EXPECT_EQ(display_width(""), 0u);
}

// Every byte string becomes UTF-8 without anything that a terminal could obey.
TEST(TerminalText, IsHarmlessWhateverItIsMadeOf) {
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second), 'x'};
      const std::string shown = terminal_text(text);
      ASSERT_TRUE(is_utf8(shown));
      ASSERT_TRUE(shown.ends_with('x'));
      for (size_t i = 0; i < shown.size(); ++i) {
        const auto byte = static_cast<uint8_t>(shown[i]);
        ASSERT_TRUE(byte >= 0x20 && byte != 0x7f);
        ASSERT_FALSE(byte == 0xc2 && static_cast<uint8_t>(shown[i + 1]) < 0xa0) << first << " " << second;
      }
    }
  }
}

}  // namespace
}  // namespace weir
