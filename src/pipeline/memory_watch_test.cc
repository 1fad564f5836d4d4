#include "pipeline/memory_watch.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir::pipeline {
namespace {

TEST(MemoryWatch, RefusesAboveTheLimitUntilThereIsEnoughRoom) {
  uint64_t used = 0;
  MemoryWatch watch(1000, [&used]() -> Result<uint64_t> { return used; });
  const auto refuses_at = [&](uint64_t bytes) {
    used = bytes;
    watch.check();
    return watch.refusing();
  };
  EXPECT_FALSE(refuses_at(1000));
  EXPECT_TRUE(refuses_at(1001));
  EXPECT_TRUE(refuses_at(951));
  EXPECT_FALSE(refuses_at(950));
  EXPECT_FALSE(refuses_at(999));
  EXPECT_EQ(watch.resident(), 999u);
  EXPECT_TRUE(refuses_at(2000));
  watch.set_limit(std::nullopt);
  EXPECT_FALSE(refuses_at(3000));
}

TEST(MemoryWatch, AMeasureThatFailsChangesNothing) {
  Result<uint64_t> measured = uint64_t{2000};
  MemoryWatch watch(1000, [&measured] { return measured; });
  watch.check();
  EXPECT_TRUE(watch.refusing());
  measured = fail("no /proc");
  watch.check();
  EXPECT_TRUE(watch.refusing());
}

TEST(MemoryWatch, MeasuresThisProcess) {
  const auto before = resident_bytes();
  ASSERT_TRUE(before);
  EXPECT_GT(*before, uint64_t{1} << 20);
  std::vector<char> more(size_t{64} << 20);
  for (size_t i = 0; i < more.size(); i += 512) static_cast<volatile char&>(more[i]) = 'x';
  EXPECT_GT(*resident_bytes(), uint64_t{48} << 20);
}

}  // namespace
}  // namespace weir::pipeline
