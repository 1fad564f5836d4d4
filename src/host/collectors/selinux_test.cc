#include "host/collectors/selinux.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Selinux, CacheStats) {
  EXPECT_EQ(parse_avc_stats("lookups hits misses allocations reclaims frees\n1 2 3 4 5 6\n10 20 30 40 50 60\n"),
            (std::array<uint64_t, 6>{11, 22, 33, 44, 55, 66}));
  for (const char* damaged : {"", "lookups hits\n", "lookups\n1 2 3 4 5\n", "lookups\n1 2 3 4 5 x\n", "lookups\n\n"})
    EXPECT_FALSE(parse_avc_stats(damaged)) << damaged;
}

TEST(Selinux, HashStats) {
  const auto hash = parse_avc_hash_stats("entries: 503\nbuckets used: 283/512\nlongest chain: 7\n");
  ASSERT_TRUE(hash);
  EXPECT_EQ(hash->entries, 503U);
  EXPECT_EQ(hash->buckets_used, 283U);
  EXPECT_EQ(hash->buckets_available, 512U);
  EXPECT_EQ(hash->longest_chain, 7U);
  for (const char* damaged : {"", "entries: 503\n", "entries: 503\nbuckets used: 283\nlongest chain: 7\n",
                              "entries: x\nbuckets used: 1/2\nlongest chain: 7\n"})
    EXPECT_FALSE(parse_avc_hash_stats(damaged)) << damaged;
}

TEST(Selinux, Config) {
  EXPECT_EQ(parse_selinux_config("# SELINUX=x\nSELINUX=enforcing\nSELINUXTYPE=targeted\n"), 1);
  EXPECT_EQ(parse_selinux_config(" SELINUX=permissive \n"), 0);
  EXPECT_EQ(parse_selinux_config("SELINUX=disabled\n"), -1);
  EXPECT_EQ(parse_selinux_config(""), -1);
}

}  // namespace
}  // namespace weir::host
