#include "base/nearest.h"

#include <gtest/gtest.h>

#include <array>

namespace weir {
namespace {

constexpr std::array<std::string_view, 4> kKnown = {"collect", "check", "top", "exporters"};

TEST(Nearest, TakesASlipForWhatWasMeant) {
  EXPECT_EQ(did_you_mean("colect", kKnown), "; did you mean \"collect\"?");
  EXPECT_EQ(nearest("chekc", kKnown), "check");
  EXPECT_EQ(nearest("exp", kKnown), "exporters");
  EXPECT_EQ(nearest("co", std::array<std::string_view, 3>{"collect", "conform", "cq"}), "cq");
  EXPECT_EQ(nearest("sink", std::array<std::string_view, 2>{"sink.first", "sink.second"}), "sink.first");
  EXPECT_EQ(nearest("TAP", kKnown), "top");
  EXPECT_EQ(did_you_mean("frobnicate", kKnown), "");
  EXPECT_EQ(nearest("", kKnown), "");
  EXPECT_EQ(nearest(std::string(1000, 'x'), kKnown), "");
}

}  // namespace
}  // namespace weir
