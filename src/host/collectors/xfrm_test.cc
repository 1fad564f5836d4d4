#include "host/collectors/xfrm.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Xfrm, Lines) {
  const char* text = "XfrmInError             \t1\nXfrmInErrors 2\nXfrmOutError x\n";
  EXPECT_EQ(xfrm_number(text, "XfrmInError"), 1U);
  EXPECT_FALSE(xfrm_number(text, "XfrmOutError"));
  EXPECT_FALSE(xfrm_number(text, "XfrmIn"));
  EXPECT_FALSE(xfrm_number("", "XfrmIn"));
}

}  // namespace
}  // namespace weir::host
