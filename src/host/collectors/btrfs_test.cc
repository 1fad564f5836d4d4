#include "host/collectors/btrfs.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Btrfs, Ratio) {
  EXPECT_EQ(btrfs_allocation_ratio("single", 3), 1);
  EXPECT_EQ(btrfs_allocation_ratio("raid1", 3), 2);
  EXPECT_EQ(btrfs_allocation_ratio("raid1c4", 4), 4);
  EXPECT_EQ(btrfs_allocation_ratio("raid5", 4), 4.0 / 3);
  EXPECT_EQ(btrfs_allocation_ratio("raid6", 4), 2);
  EXPECT_EQ(btrfs_allocation_ratio("raid6", 2), 0);
  EXPECT_EQ(btrfs_allocation_ratio("raid5", 0), 0);
  EXPECT_EQ(btrfs_allocation_ratio("something", 1), 1);
}

}  // namespace
}  // namespace weir::host
