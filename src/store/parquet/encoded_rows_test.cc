#include "store/parquet/encoded_rows.h"

#include <gtest/gtest.h>

namespace weir::store::parquet {
namespace {

Buffer of_octets(size_t octets) {
  Buffer buffer;
  buffer.grow(octets);
  return buffer;
}

TEST(Workshop, BuffersAreTakenAgainAndEmpty) {
  Workshop workshop;
  EXPECT_EQ(workshop.take_buffer().capacity(), 0u);
  workshop.give_back(of_octets(5000));
  const Buffer again = workshop.take_buffer();
  EXPECT_TRUE(again.empty());
  EXPECT_GE(again.capacity(), 5000u);
  EXPECT_EQ(workshop.take_buffer().capacity(), 0u);
}

// Exporters choose how long texts are.
TEST(Workshop, KeepsNoLargeBufferAndNotMany) {
  Workshop workshop;
  workshop.give_back(of_octets(size_t{17} << 20));
  EXPECT_EQ(workshop.take_buffer().capacity(), 0u);
  for (int i = 0; i < 10; ++i) workshop.give_back(of_octets(1000));
  int kept = 0;
  while (workshop.take_buffer().capacity() > 0) ++kept;
  EXPECT_EQ(kept, 4);
}

}  // namespace
}  // namespace weir::store::parquet
