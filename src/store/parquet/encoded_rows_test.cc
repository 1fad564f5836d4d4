#include "store/parquet/encoded_rows.h"

#include <gtest/gtest.h>

namespace weir::store::parquet {
namespace {

Buffer of_bytes(size_t bytes) {
  Buffer buffer;
  buffer.grow(bytes);
  return buffer;
}

TEST(EncodingContext, BuffersAreTakenAgainAndEmpty) {
  EncodingContext context;
  EXPECT_EQ(context.take_buffer().capacity(), 0u);
  context.give_back(of_bytes(5000));
  const Buffer again = context.take_buffer();
  EXPECT_TRUE(again.empty());
  EXPECT_GE(again.capacity(), 5000u);
  EXPECT_EQ(context.take_buffer().capacity(), 0u);
}

// Exporters choose how long texts are.
TEST(EncodingContext, KeepsNoLargeBufferAndNotMany) {
  EncodingContext context;
  context.give_back(of_bytes(size_t{17} << 20));
  EXPECT_EQ(context.take_buffer().capacity(), 0u);
  for (int i = 0; i < 10; ++i) context.give_back(of_bytes(1000));
  int kept = 0;
  while (context.take_buffer().capacity() > 0) ++kept;
  EXPECT_EQ(kept, 4);
}

}  // namespace
}  // namespace weir::store::parquet
