#include "store/parquet/file_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/file_access.h"
#include "store/parquet/checksum.h"

namespace weir::store::parquet {
namespace {

constexpr size_t kCopyBytes = size_t{4} << 20;

// Where the bytes of a row group lie: its pages, and its Bloom filters behind them.
struct Extent {
  uint64_t begin = UINT64_MAX;
  uint64_t end = 0;

  void add(uint64_t offset, uint64_t bytes) {
    begin = std::min(begin, offset);
    end = std::max(end, offset + bytes);
  }
};

Extent extent_of(const RowGroup& group) {
  Extent extent;
  for (const ColumnChunk& chunk : group.columns) {
    extent.add(chunk.dictionary_offset.value_or(chunk.data_offset), chunk.compressed_bytes);
    if (chunk.bloom_offset) extent.add(*chunk.bloom_offset, chunk.bloom_bytes);
  }
  return extent;
}

void move_by(uint64_t distance, ColumnChunk& chunk) {
  chunk.data_offset += distance;
  if (chunk.dictionary_offset) *chunk.dictionary_offset += distance;
  if (chunk.bloom_offset) *chunk.bloom_offset += distance;
  for (PageLocation& page : chunk.pages) page.offset += distance;
}

}  // namespace

Result<> FileWriter::create(const std::filesystem::path& path, const flow::Schema& schema,
                            std::vector<flow::ColumnIndex> columns) {
  CHECK(!columns.empty());
  path_ = path;
  schema_ = &schema;
  columns_ = std::move(columns);
  marks_.clear();
  file_ = Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kGroupFile));
  if (!file_) return fail_errno("cannot write " + path.string());
  buffer_.clear();
  buffer_.append(kMagic);
  return {};
}

Result<> FileWriter::add(const GroupRows& group) {
  EncodedGroup encoded = encode_group(group, columns_, context_);
  auto added = add(encoded);
  context_.give_back(std::move(encoded.bytes));
  return added;
}

Result<> FileWriter::add(const EncodedGroup& group) {
  TRY(flush());
  const uint64_t base = written_;
  TRY(write_out(group.bytes.view()));
  std::vector<std::optional<size_t>> places;
  size_t next = 0;
  for (const flow::ColumnIndex column : columns_) {
    const bool has_it = next < group.columns.size() && group.columns[next] == column;
    places.push_back(has_it ? std::optional(next++) : std::nullopt);
  }
  CHECK(next == group.columns.size());
  add_layout(group.layout, base, places);
  return flush();
}

Result<> FileWriter::copy(const SourceFile& source, const FileLayout& layout, size_t group,
                          std::span<const std::optional<size_t>> places) {
  CHECK(places.size() == columns_.size());
  const RowGroup& original = layout.groups[group];
  const Extent extent = extent_of(original);
  if (extent.end < extent.begin) return fail("{} is damaged: a row group has no place", source.path().string());
  const uint64_t distance = written_ + buffer_.size() - extent.begin;
  // Piece by piece: texts can make a row group very large.
  for (uint64_t at = extent.begin; at < extent.end;) {
    const size_t piece = std::min<uint64_t>(kCopyBytes, extent.end - at);
    TRY(source.read(at, piece, buffer_));
    TRY(flush());
    at += piece;
  }
  add_layout(original, distance, places);
  return flush();
}

void FileWriter::add_layout(const RowGroup& original, uint64_t distance,
                            std::span<const std::optional<size_t>> places) {
  RowGroup moved{.rows = original.rows, .columns = {}};
  for (const std::optional<size_t>& place : places) {
    if (place) {
      moved.columns.push_back(original.columns[*place]);
      move_by(distance, moved.columns.back());
    } else {
      moved.columns.push_back(null_chunk(original.rows, written_ + buffer_.size(), buffer_));
    }
  }
  groups_.push_back(std::move(moved));
  rows_ += original.rows;
}

void FileWriter::write_indexes() {
  for (RowGroup& group : groups_) {
    for (ColumnChunk& chunk : group.columns) {
      chunk.column_index_offset = written_ + buffer_.size();
      const size_t before = buffer_.size();
      write_column_index(chunk, buffer_);
      chunk.column_index_bytes = buffer_.size() - before;
    }
  }
  for (RowGroup& group : groups_) {
    for (ColumnChunk& chunk : group.columns) {
      chunk.offset_index_offset = written_ + buffer_.size();
      const size_t before = buffer_.size();
      write_offset_index(chunk, buffer_);
      chunk.offset_index_bytes = buffer_.size() - before;
    }
  }
}

Result<SegmentStats> FileWriter::finish() {
  write_indexes();
  TRY(flush());
  std::vector<const flow::ColumnInfo*> columns;
  for (const flow::ColumnIndex column : columns_) columns.push_back(&(*schema_)[column]);
  const uint32_t body = crc_;
  Buffer footer;
  write_footer(columns, groups_, {kNoChecksum, marks_}, footer);
  const std::string checksum = checksum_text(body, crc32(footer.view()));
  write_footer(columns, groups_, {checksum, marks_}, buffer_);
  buffer_.append_value(static_cast<uint32_t>(footer.size()));
  buffer_.append(kMagic);
  TRY(flush());
  if (::fsync(file_.get()) != 0) return fail_errno("cannot write " + path_.string());
  return SegmentStats{rows_, written_};
}

Result<> FileWriter::flush() {
  auto written = write_out(buffer_.view());
  buffer_.clear();
  return written;
}

Result<> FileWriter::write_out(ByteView bytes) {
  crc_ = crc32(bytes, crc_);
  while (!bytes.empty()) {
    const ssize_t taken = ::write(file_.get(), bytes.data(), bytes.size());
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0) return fail_errno("cannot write " + path_.string());
    bytes = bytes.subspan(static_cast<size_t>(taken));
    written_ += static_cast<uint64_t>(taken);
  }
  return {};
}

}  // namespace weir::store::parquet
