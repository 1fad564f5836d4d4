#include "flow/batch.h"

#include <algorithm>
#include <cstring>

namespace weir::flow {
namespace {

// Sets or clears bits [first, first + count).
void fill_bits(uint64_t* words, size_t first, size_t count, bool value) {
  while (count > 0) {
    const size_t bit = first % 64;
    const size_t n = std::min(count, 64 - bit);
    const uint64_t mask = (n == 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1) << bit;
    if (value)
      words[first / 64] |= mask;
    else
      words[first / 64] &= ~mask;
    first += n;
    count -= n;
  }
}

}  // namespace

size_t FlowBatch::append(size_t count, const IpAddress& exporter) {
  CHECK(count <= room());
  const size_t first = rows_;
  rows_ += count;
  if (exporters_.empty() || exporters_[last_exporter_].exporter != exporter) last_exporter_ = find_exporter(exporter);
  exporters_[last_exporter_].rows += count;
  return first;
}

size_t FlowBatch::find_exporter(const IpAddress& exporter) {
  const auto [known, added] = exporter_index_.try_emplace(exporter, exporters_.size());
  if (added) exporters_.push_back({exporter, 0});
  return known->second;
}

void FlowBatch::allocate(ColumnIndex column) {
  const size_t c = column.value();
  data_[c] = memory_.allocate((capacity_ * width((*schema_)[column].type) + 7) / 8);
  validity_[c].resize(capacity_ / 64);
}

void FlowBatch::begin_run(ColumnIndex column, size_t first) {
  settle(column);
  run_[column.value()] = {static_cast<uint32_t>(first), static_cast<uint32_t>(first)};
}

void FlowBatch::settle(ColumnIndex column) const {
  Run& run = run_[column.value()];
  if (run.first == run.end) return;
  fill_bits(validity_[column.value()].data(), run.first, run.end - run.first, true);
  run.first = run.end;
}

void FlowBatch::settle() const {
  for (size_t c = 0; c < kMaxColumns; ++c) {
    if (present_[c]) settle(ColumnIndex(c));
  }
}

void FlowBatch::set_null(ColumnIndex column, size_t row) {
  const size_t c = column.value();
  CHECK(row < rows_);
  if (validity_[c].empty()) return;
  settle(column);
  fill_bits(validity_[c].data(), row, 1, false);
}

std::span<const uint64_t> FlowBatch::validity(ColumnIndex column) const {
  if (!present(column)) return {};
  settle(column);
  return std::span(validity_[column.value()]).first((rows_ + 63) / 64);
}

TextRef FlowBatch::add_text(std::string_view text) {
  CHECK(arena_.size() + text.size() <= UINT32_MAX);
  const TextRef ref{static_cast<uint32_t>(arena_.size()), static_cast<uint32_t>(text.size())};
  arena_.append(text);
  return ref;
}

void FlowBatch::reset() {
  for (size_t c = 0; c < kMaxColumns; ++c) {
    if (!present_[c]) continue;
    std::ranges::fill(validity_[c], 0);
    run_[c] = {};
    present_[c] = false;
  }
  rows_ = 0;
  arena_.clear();
  exporters_.clear();
  exporter_index_.clear();
  last_exporter_ = 0;
}

}  // namespace weir::flow
