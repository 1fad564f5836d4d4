#include "base/nearest.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

std::string nearest(std::string_view written) {
  Nearest nearest(written);
  for (const std::string_view known : {"collect", "check", "top", "exporters"}) nearest.offer(known);
  return nearest.text();
}

TEST(Nearest, TakesASlipForWhatWasMeant) {
  EXPECT_EQ(nearest("colect"), "; did you mean \"collect\"?");
  EXPECT_EQ(nearest("exp"), "; did you mean \"exporters\"?");
  EXPECT_EQ(nearest("tap"), "; did you mean \"top\"?");
  EXPECT_EQ(nearest("frobnicate"), "");
  EXPECT_EQ(nearest(""), "");
  EXPECT_EQ(nearest(std::string(1000, 'x')), "");
}

}  // namespace
}  // namespace weir
