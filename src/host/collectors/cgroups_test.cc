#include "host/collectors/cgroups.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Cgroups, IoIsTheSumOfDevices) {
  const CgroupIo io = parse_cgroup_io(
      "8:0 rbytes=100 wbytes=20 rios=3 wios=4 dbytes=0 dios=0\n254:0 rbytes=1 wbytes=x rios=\n8:16\n=5 rbytes\n");
  EXPECT_EQ(io.read_bytes, 101U);
  EXPECT_EQ(io.written_bytes, 20U);
  EXPECT_EQ(io.reads, 3U);
  EXPECT_EQ(io.writes, 4U);
  EXPECT_EQ(parse_cgroup_io("").read_bytes, 0U);
}

}  // namespace
}  // namespace weir::host
