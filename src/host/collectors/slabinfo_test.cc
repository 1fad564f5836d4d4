#include "host/collectors/slabinfo.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Slabinfo, Lines) {
  const auto slab = parse_slab_line(
      "tw_sock_TCP          704    864    256   32    2 : tunables    0    0    0 : slabdata     20     27      0");
  ASSERT_TRUE(slab);
  EXPECT_EQ(slab->name, "tw_sock_TCP");
  EXPECT_EQ(slab->active_objects, 704U);
  EXPECT_EQ(slab->pages(), 54U);
  EXPECT_EQ(slab->idle_pages(), 14U);
  for (const char* other :
       {"", "# name            <active_objs>", "slabinfo - version: 2.1", "a 1 2 3 4 5", "a 1 2 3 4 x : slabdata 1 2 3",
        "a 1 2 3 4 5 : tunables 0 0 0 : slabdata 1", "a 1 2 3 4 5 : slabdata x 2 0"})
    EXPECT_FALSE(parse_slab_line(other)) << other;
}

}  // namespace
}  // namespace weir::host
