#include "store/chunk_batches.h"

#include <algorithm>
#include <cstring>

namespace weir::store {
namespace {

using flow::ColumnIndex;
using flow::ColumnType;
using flow::FlowBatch;

// The batches of one call have not much more text than this, all together.
constexpr size_t kTextBytes = size_t{16} << 20;

void copy_validity(std::span<const uint64_t> words, size_t rows, ColumnIndex column, size_t first, FlowBatch& batch) {
  if (words.empty()) return batch.set_valid(column, first, rows);
  for (size_t at = 0; at < rows;) {
    const auto valid = [&](size_t row) { return (words[row / 64] >> (row % 64) & 1) != 0; };
    size_t end = at;
    while (end < rows && valid(end)) ++end;
    batch.set_valid(column, first + at, end - at);
    at = end;
    while (at < rows && !valid(at)) ++at;
  }
}

template <class T>
void copy_values(const duck::Chunk& chunk, size_t source, ColumnIndex column, size_t first, FlowBatch& batch) {
  const std::span<const T> values = chunk.values<T>(source);
  std::memcpy(static_cast<T*>(batch.raw(column)) + first, values.data(), values.size_bytes());
}

void copy_addresses(const duck::Chunk& chunk, size_t source, ColumnIndex column, size_t first, FlowBatch& batch) {
  const std::span target(static_cast<IpAddress*>(batch.raw(column)), batch.rows());
  std::ranges::transform(chunk.values<duckdb_hugeint>(source), target.subspan(first).begin(), duck::from_uuid);
}

void copy_texts(const duck::Chunk& chunk, size_t source, ColumnIndex column, size_t first, FlowBatch& batch) {
  const std::span target(static_cast<flow::TextRef*>(batch.raw(column)), batch.rows());
  for (size_t row = 0; row < chunk.rows(); ++row) {
    if (!chunk.is_null(source, row)) target[first + row] = batch.add_text(chunk.text(source, row));
  }
}

bool all_null(const duck::Chunk& chunk, size_t source) {
  const std::span<const uint64_t> words = chunk.validity(source);
  return !words.empty() && std::ranges::none_of(words, [](uint64_t word) { return word != 0; });
}

}  // namespace

void ChunkBatches::append(const duck::Chunk& chunk, FlowBatch& batch) const {
  const size_t first = batch.append(chunk.rows(), IpAddress{});
  for (size_t source = 0; source < columns_.size(); ++source) {
    if (all_null(chunk, source)) continue;
    const ColumnIndex column = columns_[source];
    switch ((*schema_)[column].type) {
      case ColumnType::u8:
        copy_values<uint8_t>(chunk, source, column, first, batch);
        break;
      case ColumnType::u16:
        copy_values<uint16_t>(chunk, source, column, first, batch);
        break;
      case ColumnType::u32:
        copy_values<uint32_t>(chunk, source, column, first, batch);
        break;
      case ColumnType::u64:
      case ColumnType::mac:
      case ColumnType::timestamp:
      case ColumnType::f64:
        copy_values<uint64_t>(chunk, source, column, first, batch);
        break;
      case ColumnType::address:
        copy_addresses(chunk, source, column, first, batch);
        break;
      case ColumnType::text:
        copy_texts(chunk, source, column, first, batch);
        break;
    }
    copy_validity(chunk.validity(source), chunk.rows(), column, first, batch);
  }
}

std::shared_ptr<FlowBatch> ChunkBatches::empty_batch() {
  const size_t used = batches_.size();
  if (used == memory_.size()) memory_.push_back(std::make_shared<FlowBatch>(FlowBatch::kDefaultCapacity, schema_));
  memory_[used]->reset();
  return memory_[used];
}

duck::Result<std::span<const flow::SealedBatch>> ChunkBatches::next(size_t count) {
  batches_.clear();
  size_t text_bytes = 0;
  while (batches_.size() < count && text_bytes <= kTextBytes) {
    const std::shared_ptr<FlowBatch> batch = empty_batch();
    while (true) {
      if (!waiting_ && !ended_) {
        waiting_ = TRY(rows_.next());
        ended_ = !waiting_;
      }
      if (ended_) break;
      if (waiting_->rows() > batch->room() || batch->text_bytes() > kTextBytes) break;
      append(*waiting_, *batch);
      waiting_.reset();
    }
    if (batch->rows() == 0) break;
    text_bytes += batch->text_bytes();
    batches_.push_back(flow::seal(batch));
  }
  return std::span<const flow::SealedBatch>(batches_);
}

}  // namespace weir::store
