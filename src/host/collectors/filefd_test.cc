#include "host/collectors/filefd.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Filefd, Text) {
  const auto numbers = parse_file_nr("1024\t0\t9223372036854775807\n");
  ASSERT_TRUE(numbers);
  EXPECT_EQ(numbers->allocated, 1024U);
  EXPECT_EQ(numbers->maximum, 9223372036854775807U);
  for (const char* damaged : {"", "\n", "1024", "1024 0", "1024 0 x", "x 0 1", "-1 0 1"})
    EXPECT_FALSE(parse_file_nr(damaged)) << damaged;
}

}  // namespace
}  // namespace weir::host
