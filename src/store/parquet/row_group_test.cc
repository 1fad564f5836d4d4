#include "store/parquet/row_group.h"

#include <gtest/gtest.h>

#include <random>

namespace weir::store::parquet {
namespace {

std::vector<flow::SealedBatch> batches_of(const std::vector<size_t>& rows) {
  std::vector<flow::SealedBatch> batches;
  for (const size_t count : rows) {
    auto batch = std::make_shared<flow::FlowBatch>((count + 63) / 64 * 64);
    batch->append(count, IpAddress::from_v4(1));
    batches.push_back(flow::seal(std::move(batch)));
  }
  return batches;
}

// Every row is in one slice, in order; no page and no group is too long; counts agree.
std::vector<GroupRows> plan(const std::vector<size_t>& rows) {
  const auto batches = batches_of(rows);
  auto groups = plan_groups(batches);
  size_t batch = 0, at = 0;
  for (const GroupRows& group : groups) {
    size_t group_rows = 0;
    EXPECT_FALSE(group.pages.empty());
    EXPECT_LE(group.rows, kGroupRows);
    for (const PageRows& page : group.pages) {
      size_t page_rows = 0;
      EXPECT_LE(page.rows, kPageRows);
      for (const Slice& slice : page.slices) {
        while (batch < batches.size() && at == batches[batch]->rows()) ++batch, at = 0;
        if (batch == batches.size()) {
          ADD_FAILURE() << "more slices than rows";
          return groups;
        }
        EXPECT_EQ(slice.batch, batches[batch].get());
        EXPECT_EQ(slice.first, at);
        EXPECT_GT(slice.rows, 0u);
        at += slice.rows;
        page_rows += slice.rows;
      }
      EXPECT_EQ(page.rows, page_rows);
      group_rows += page.rows;
    }
    EXPECT_EQ(group.rows, group_rows);
  }
  while (batch < batches.size() && at == batches[batch]->rows()) ++batch, at = 0;
  EXPECT_EQ(batch, batches.size()) << "rows are missing";
  return groups;
}

TEST(PlanGroups, FullBatchesArePagesAsTheyLie) {
  const auto groups = plan(std::vector<size_t>(9, kPageRows));
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].pages.size(), 4u);
  EXPECT_EQ(groups[2].rows, kPageRows);
  for (const GroupRows& group : groups) {
    for (const PageRows& page : group.pages) EXPECT_EQ(page.slices.size(), 1u);
  }
}

TEST(PlanGroups, SmallBatchesShareAPage) {
  const auto groups = plan({10, 20, 30});
  ASSERT_EQ(groups.size(), 1u);
  ASSERT_EQ(groups[0].pages.size(), 1u);
  EXPECT_EQ(groups[0].pages[0].slices.size(), 3u);
}

TEST(PlanGroups, ABatchThatDoesNotFitBeginsAPage) {
  const auto groups = plan({10, kPageRows, 10});
  ASSERT_EQ(groups.size(), 1u);
  ASSERT_EQ(groups[0].pages.size(), 3u);
  EXPECT_EQ(groups[0].pages[1].slices.size(), 1u);
  EXPECT_EQ(plan({10, kPageRows - 10, 1})[0].pages.size(), 2u);
}

TEST(PlanGroups, LongBatchesAreDivided) {
  const auto groups = plan({kGroupRows + 1});
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[1].rows, 1u);
  EXPECT_EQ(plan({kPageRows + 1, kPageRows - 1})[0].pages.size(), 2u) << "what remains shares a page";
}

TEST(PlanGroups, BatchesWithoutRowsAreNotSeen) {
  EXPECT_TRUE(plan({}).empty());
  EXPECT_TRUE(plan({0, 0}).empty());
  EXPECT_EQ(plan({0, 5, 0, 6, 0})[0].pages[0].slices.size(), 2u);
}

// Exporters choose the length of texts; the size of a page is a 32-bit number.
TEST(PlanGroups, APageOfSeveralBatchesHasNoMoreTextThanAPageMayHave) {
  const auto with_text = [](size_t bytes) {
    auto batch = std::make_shared<flow::FlowBatch>(64);
    batch->append(1, IpAddress::from_v4(1));
    batch->add_text(std::string(bytes, 'x'));
    return flow::seal(std::move(batch));
  };
  const std::vector<flow::SealedBatch> fits{with_text(kPageText / 2), with_text(kPageText / 2)};
  EXPECT_EQ(plan_groups(fits)[0].pages.size(), 1u);
  const std::vector<flow::SealedBatch> too_much{with_text(kPageText / 2), with_text(kPageText / 2 + 1), with_text(1)};
  const auto groups = plan_groups(too_much);
  ASSERT_EQ(groups[0].pages.size(), 2u);
  EXPECT_EQ(groups[0].pages[0].slices.size(), 1u);
  EXPECT_EQ(groups[0].pages[1].slices.size(), 2u) << "the count begins anew with each page";
}

TEST(PlanGroups, AnyBatches) {
  std::mt19937_64 random(1);
  for (int n = 0; n < 20; ++n) {
    std::vector<size_t> rows(random() % 12);
    for (size_t& count : rows) count = random() % (random() % 3 == 0 ? 3 * kPageRows : kPageRows + 1);
    plan(rows);
  }
}

}  // namespace
}  // namespace weir::store::parquet
