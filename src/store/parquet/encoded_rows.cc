#include "store/parquet/encoded_rows.h"

namespace weir::store::parquet {
namespace {

constexpr size_t kMostSpare = 4;
// A row group of flows has some 4 MiB. What texts have, exporters choose.
constexpr size_t kMostSpareBytes = size_t{16} << 20;

}  // namespace

Buffer EncodingContext::take_buffer() {
  if (spare_.empty()) return {};
  Buffer buffer = std::move(spare_.back());
  spare_.pop_back();
  buffer.clear();
  return buffer;
}

void EncodingContext::give_back(Buffer buffer) {
  if (spare_.size() < kMostSpare && buffer.capacity() <= kMostSpareBytes) spare_.push_back(std::move(buffer));
}

EncodedRows::~EncodedRows() {
  for (EncodedGroup& group : groups) context->give_back(std::move(group.bytes));
}

EncodedGroup encode_group(const GroupRows& group, std::vector<flow::ColumnIndex> columns, EncodingContext& context) {
  const flow::Schema& schema = group.pages.front().slices.front().batch->schema();
  EncodedGroup encoded{
      .columns = std::move(columns), .layout = {.rows = group.rows, .columns = {}}, .bytes = context.take_buffer()};
  Buffer& bytes = encoded.bytes;
  context.bloom.clear();
  for (const flow::ColumnIndex column : encoded.columns) {
    const flow::ColumnInfo& info = schema[column];
    TrialResult& trial_result = context.trials[{std::string(info.name), info.type}];
    encoded.layout.columns.push_back(
        context.encoder.encode(group, column, trial_result, bytes.size(), bytes, context.bloom));
  }
  uint64_t bloom_at = bytes.size();
  for (ColumnChunk& chunk : encoded.layout.columns) {
    if (chunk.bloom_bytes == 0) continue;
    chunk.bloom_offset = bloom_at;
    bloom_at += chunk.bloom_bytes;
  }
  bytes.append(context.bloom.view());
  return encoded;
}

}  // namespace weir::store::parquet
