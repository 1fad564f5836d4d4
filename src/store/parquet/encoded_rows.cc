#include "store/parquet/encoded_rows.h"

namespace weir::store::parquet {
namespace {

constexpr size_t kMostSpare = 4;
// A row group of flows has some 4 MiB. What texts have, exporters choose.
constexpr size_t kMostSpareOctets = size_t{16} << 20;

}  // namespace

Buffer Workshop::take_buffer() {
  if (spare_.empty()) return {};
  Buffer buffer = std::move(spare_.back());
  spare_.pop_back();
  buffer.clear();
  return buffer;
}

void Workshop::give_back(Buffer buffer) {
  if (spare_.size() < kMostSpare && buffer.capacity() <= kMostSpareOctets) spare_.push_back(std::move(buffer));
}

EncodedRows::~EncodedRows() {
  for (EncodedGroup& group : groups) workshop->give_back(std::move(group.octets));
}

EncodedGroup encode_group(const GroupRows& group, std::vector<flow::ColumnIndex> columns, Workshop& workshop) {
  const flow::Schema& schema = group.pages.front().slices.front().batch->schema();
  EncodedGroup encoded{
      .columns = std::move(columns), .layout = {.rows = group.rows, .columns = {}}, .octets = workshop.take_buffer()};
  Buffer& octets = encoded.octets;
  workshop.bloom.clear();
  for (const flow::ColumnIndex column : encoded.columns) {
    const flow::ColumnInfo& info = schema[column];
    Habit& habit = workshop.habits[{std::string(info.name), info.type}];
    encoded.layout.columns.push_back(
        workshop.encoder.encode(group, column, habit, octets.size(), octets, workshop.bloom));
  }
  uint64_t bloom_at = octets.size();
  for (ColumnChunk& chunk : encoded.layout.columns) {
    if (chunk.bloom_bytes == 0) continue;
    chunk.bloom_offset = bloom_at;
    bloom_at += chunk.bloom_bytes;
  }
  octets.append(workshop.bloom.view());
  return encoded;
}

}  // namespace weir::store::parquet
