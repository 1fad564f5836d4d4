#include "store/parquet/encoded_rows.h"

namespace weir::store::parquet {
namespace {

constexpr size_t kMostSpare = 4;  // as many as a segment has row groups

Buffer new_buffer(Workshop& workshop) {
  if (workshop.spare.empty()) return Buffer(workshop.group_octets + workshop.group_octets / 8);
  Buffer buffer = std::move(workshop.spare.back());
  workshop.spare.pop_back();
  buffer.clear();
  return buffer;
}

}  // namespace

EncodedRows::~EncodedRows() {
  for (EncodedGroup& group : groups) {
    if (workshop->spare.size() < kMostSpare) workshop->spare.push_back(std::move(group.octets));
  }
}

EncodedGroup encode_group(const GroupRows& group, std::vector<flow::ColumnIndex> columns, Workshop& workshop) {
  const flow::Schema& schema = group.pages.front().slices.front().batch->schema();
  EncodedGroup encoded{
      .columns = std::move(columns), .layout = {.rows = group.rows, .columns = {}}, .octets = new_buffer(workshop)};
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
  workshop.group_octets = octets.size();
  return encoded;
}

}  // namespace weir::store::parquet
