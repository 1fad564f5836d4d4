#include "host/select/selection.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

struct Row {
  std::string_view expression;
  std::vector<std::string_view> matched;
  std::vector<std::string_view> other;
};

TEST(Selection, MeansWhatRe2Means) {
  const Row rows[] = {
      {R"(^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$)",
       {"ram0", "zram0", "loop7", "sda1", "xvdb12", "nvme0n1p1"},
       {"sda", "nvme0n1", "dm-0", "md127", "xsda1", "sda1x"}},
      {R"(^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/))",
       {"/dev", "/dev/shm", "/sys/fs", "/run/credentials/a"},
       {"/", "/devel", "/run/credentials/"}},
      {"eth", {"eth0", "veth1"}, {"et", ""}},
      {"", {"", "anything"}, {}},
      {R"(^[\w.-]+$)", {"a-b.c_9"}, {"a b", "a/b", ""}},
      {R"(^[^\d]+$)", {"abc", "a-b"}, {"a1"}},
      {R"(^\D\W\S$)", {"a-b", "--x"}, {"1-b", "aab", "a- "}},
      {R"(^[]a]$)", {"]", "a"}, {"b", "[a]"}},
      {R"(^[^]a]$)", {"b", "["}, {"]", "a"}},
      {R"(^[a\]\^\-\\[]$)", {"a", "]", "^", "-", "\\", "["}, {"b", "\\]"}},
      {R"(^[\^]$)", {"^"}, {"a", ""}},
      {R"(^[a-]$)", {"a", "-"}, {"b"}},
      {R"(^[[:alpha:]_]+$)", {"aZ_"}, {"a1"}},
      {R"(^[\x41-\x43]\x2e$)", {"A.", "C."}, {"D.", "Ax"}},
      {R"(^(?:a|b)(?P<n>c)$)", {"ac", "bc"}, {"c", "abc"}},
      {R"(^a\.b\$\(\)\{\}\|$)", {"a.b$(){}|"}, {"axb$(){}|"}},
      {R"(\Aab\z)", {"ab"}, {"xab", "abx"}},
      {R"(^a{2,3}$)", {"aa", "aaa"}, {"a", "aaaa"}},
      {R"((?i)^ETH)", {"eth0", "Eth0"}, {"xeth"}},
      {R"(^\/x\-y\_$)", {"/x-y_"}, {"x-y_"}},
      {R"(^.$)", {"a", "\n"}, {"", "ab"}},
      {R"(^\t$)", {"\t"}, {"t"}},
      {R"(^(?:a|b)[\d\-x]+$)", {"a1-x"}, {"a\\"}},
      {R"(\.(mount|scope)$)", {"a.mount"}, {"amount"}},
  };
  for (const Row& row : rows) {
    const auto expression = Pattern::compile(row.expression, "flag");
    ASSERT_TRUE(expression) << expression.error().message;
    for (const auto name : row.matched) EXPECT_TRUE(expression->matches(name)) << row.expression << " on " << name;
    for (const auto name : row.other) EXPECT_FALSE(expression->matches(name)) << row.expression << " on " << name;
  }
}

TEST(Selection, RefusesWhatItCannotMean) {
  for (const std::string_view expression :
       {"a*?",    "a+?",      "a??",      "a{1,2}?",    "(?!a)",     "(?=a)",    "(?<=a)b", "(?s)a",
        R"(\pL)", R"(\Qa\E)", R"((a)\1)", "[a",         "(a",        "a\\",      "[a\\",    "[z-a]",
        R"(\x4)", R"(\xzz)",  R"(\x00)",  "[\xc3\xa4]", "[[:foo:]]", "[[:alpha]"}) {
    const auto refused = Pattern::compile(expression, "--collector.x.y-include");
    ASSERT_FALSE(refused) << expression;
    EXPECT_TRUE(refused.error().message.starts_with("--collector.x.y-include: ")) << refused.error().message;
    EXPECT_TRUE(refused.error().message.contains(expression)) << refused.error().message;
  }
  EXPECT_FALSE(Pattern::compile(std::string_view("a\0b", 3), "flag"));
}

TEST(Selection, NameWithoutEnd) {
  const auto expression = Pattern::compile("^ab$", "flag").value();
  EXPECT_TRUE(expression.matches(std::string_view("abc").substr(0, 2)));
  EXPECT_FALSE(expression.matches(std::string_view()));
}

TEST(Selection, IncludeOrExclude) {
  auto all = Selector::compile({}, "p").value();
  EXPECT_TRUE(all.selects("a"));
  auto include = Selector::compile({.include = "^a", .exclude = ""}, "p").value();
  auto exclude = Selector::compile({.include = "", .exclude = "^a"}, "p").value();
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(include.selects("a1"));
    EXPECT_FALSE(include.selects("b"));
    EXPECT_FALSE(exclude.selects("a1"));
    EXPECT_TRUE(exclude.selects("b"));
  }
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(exclude.selects(std::to_string(i)));
  EXPECT_FALSE(Selector::compile({.include = "a", .exclude = "b"}, "p"));
  EXPECT_EQ(
      Selector::compile({.include = "", .exclude = "("}, "--collector.q").error().message.find("--collector.q-exclude"),
      0U);
}

}  // namespace
}  // namespace weir::host
