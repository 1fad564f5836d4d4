#include "store/parquet/row_group.h"

#include <algorithm>

namespace weir::store::parquet {

std::vector<GroupRows> plan_groups(std::span<const flow::SealedBatch> batches) {
  std::vector<GroupRows> groups;
  PageRows page;
  size_t text_bytes = 0;  // of the batches of the page
  const auto finish_page = [&] {
    if (page.rows == 0) return;
    if (groups.empty() || groups.back().rows + page.rows > kGroupRows) groups.emplace_back();
    groups.back().rows += page.rows;
    groups.back().pages.push_back(std::move(page));
    page = {};
    text_bytes = 0;
  };
  for (const flow::SealedBatch& batch : batches) {
    for (size_t first = 0; first < batch->rows(); first += kPageRows) {
      const Slice slice{batch.get(), first, std::min(kPageRows, batch->rows() - first)};
      if (page.rows + slice.rows > kPageRows || text_bytes + batch->text_bytes() > kPageText) finish_page();
      page.slices.push_back(slice);
      page.rows += slice.rows;
      text_bytes += batch->text_bytes();
    }
  }
  finish_page();
  return groups;
}

}  // namespace weir::store::parquet
