#include "store/parquet/row_group.h"

#include <algorithm>

namespace weir::store::parquet {

std::vector<GroupRows> plan_groups(std::span<const flow::SealedBatch> batches) {
  std::vector<GroupRows> groups;
  PageRows page;
  const auto finish_page = [&] {
    if (page.rows == 0) return;
    if (groups.empty() || groups.back().rows + page.rows > kGroupRows) groups.emplace_back();
    groups.back().rows += page.rows;
    groups.back().pages.push_back(std::move(page));
    page = {};
  };
  for (const flow::SealedBatch& batch : batches) {
    for (size_t first = 0; first < batch->rows(); first += kPageRows) {
      const Slice slice{batch.get(), first, std::min(kPageRows, batch->rows() - first)};
      if (page.rows + slice.rows > kPageRows) finish_page();
      page.slices.push_back(slice);
      page.rows += slice.rows;
    }
  }
  finish_page();
  return groups;
}

}  // namespace weir::store::parquet
