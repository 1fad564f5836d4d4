#include "host/selection.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

bool matches(std::string_view expression, std::string_view name) {
  const auto pattern = Pattern::compile(expression);
  EXPECT_TRUE(pattern) << (pattern ? "" : pattern.error().message);
  return pattern && pattern->matches(name);
}

TEST(Selection, Re2AsPosix) {
  const char* disks = R"(^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$)";
  EXPECT_TRUE(matches(disks, "sda1"));
  EXPECT_TRUE(matches(disks, "nvme0n12p3"));
  EXPECT_FALSE(matches(disks, "sda"));
  EXPECT_FALSE(matches(disks, "nvme0n1"));
  EXPECT_TRUE(matches(R"(^(?:a|b)[\d\-x]+$)", "a1-x"));
  EXPECT_FALSE(matches(R"(^(?:a|b)[\d\-x]+$)", "a\\"));
  EXPECT_TRUE(matches(R"(^[^\d\]]$)", "a"));
  EXPECT_FALSE(matches(R"(^[^\d\]]$)", "]"));
  EXPECT_TRUE(matches(R"(^[]x]$)", "]"));
  EXPECT_TRUE(matches("(?i)^ETH", "eth0"));
  EXPECT_TRUE(matches(R"(\.(mount|scope)$)", "a.mount"));
  EXPECT_FALSE(matches(R"(\.(mount|scope)$)", "amount"));
  EXPECT_TRUE(matches(R"(^\D\S\W[[:digit:]]$)", "ab-7"));
  EXPECT_TRUE(matches("eth", "veth0"));  // not anchored
}

TEST(Selection, BadExpressionsAreNamed) {
  for (const char* bad : {"(", "[", "[a", "*(", "(?P<name>a)", R"([\D])", "a{2,1}"}) {
    const auto pattern = Pattern::compile(bad);
    ASSERT_FALSE(pattern) << bad;
    EXPECT_NE(pattern.error().message.find(bad), std::string::npos);
  }
}

TEST(Selection, IncludeAndExclude) {
  const auto everything = Selector::compile({}, "--x");
  EXPECT_TRUE(everything->selects("eth0"));
  const auto include = Selector::compile({.include = "^eth", .exclude = ""}, "--x");
  EXPECT_TRUE(include->selects("eth0"));
  EXPECT_FALSE(include->selects("lo"));
  const auto exclude = Selector::compile({.include = "", .exclude = "^lo$"}, "--x");
  EXPECT_TRUE(exclude->selects("eth0"));
  EXPECT_FALSE(exclude->selects("lo"));
  const auto both = Selector::compile({.include = "a", .exclude = "b"}, "--x.device");
  ASSERT_FALSE(both);
  EXPECT_NE(both.error().message.find("--x.device-include"), std::string::npos);
  EXPECT_FALSE(Selector::compile({.include = "(", .exclude = ""}, "--x"));
}

}  // namespace
}  // namespace weir::host
