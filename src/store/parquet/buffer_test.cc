#include "store/parquet/buffer.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::store::parquet {
namespace {

// Sanitizers see a reference to nothing otherwise.
TEST(Buffer, NoBytesOfAnEmptyOne) {
  Buffer buffer;
  EXPECT_TRUE(buffer.grow(0).empty());
  EXPECT_TRUE(buffer.view().empty());
  buffer.append("");
  EXPECT_TRUE(buffer.empty());
}

TEST(Buffer, KeepsWhatItHoldsWhileItGrows) {
  Buffer buffer;
  std::string want;
  for (size_t length = 0; length < 2000; length += 37) {
    const std::string text(length, static_cast<char>(length));
    buffer.append(text);
    want += text;
    ASSERT_EQ(std::string(buffer.view().begin(), buffer.view().end()), want);
  }
  buffer.shrink(100);
  buffer.append_value(uint32_t{0x64636261});
  buffer.overwrite(0, uint16_t{0x7a79});
  EXPECT_EQ(std::string(buffer.view().begin(), buffer.view().end()), "yz" + want.substr(2, 98) + "abcd");
  buffer.clear();
  EXPECT_TRUE(buffer.empty());
}

}  // namespace
}  // namespace weir::store::parquet
