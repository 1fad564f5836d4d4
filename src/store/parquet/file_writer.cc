#include "store/parquet/file_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include "store/parquet/checksum.h"

namespace weir::store::parquet {

Result<> FileWriter::create(const std::filesystem::path& path, const flow::Schema& schema,
                            std::vector<flow::ColumnIndex> columns) {
  CHECK(!columns.empty());
  path_ = path;
  schema_ = &schema;
  columns_ = std::move(columns);
  file_ = Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file_) return fail_errno("cannot write " + path.string());
  buffer_.clear();
  buffer_.append(kMagic);
  return {};
}

Result<> FileWriter::add(const GroupRows& group) {
  RowGroup written{.rows = group.rows, .columns = {}};
  bloom_.clear();
  for (const flow::ColumnIndex column : columns_) {
    Habit& habit = workshop_.habits[std::string((*schema_)[column].name)];
    const uint64_t position = written_ + buffer_.size();
    written.columns.push_back(workshop_.encoder.encode(group, column, habit, position, buffer_, bloom_));
  }
  uint64_t bloom_at = written_ + buffer_.size();
  for (ColumnChunk& chunk : written.columns) {
    if (chunk.bloom_bytes == 0) continue;
    chunk.bloom_offset = bloom_at;
    bloom_at += chunk.bloom_bytes;
  }
  buffer_.append(bloom_.view());
  groups_.push_back(std::move(written));
  rows_ += group.rows;
  return flush();
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
  if (const auto flushed = flush(); !flushed) return std::unexpected(flushed.error());
  std::vector<const flow::ColumnInfo*> columns;
  for (const flow::ColumnIndex column : columns_) columns.push_back(&(*schema_)[column]);
  const uint32_t body = crc_;
  Buffer footer;
  write_footer(columns, groups_, kNoChecksum, footer);
  const std::string checksum = checksum_text(body, crc32(footer.view()));
  write_footer(columns, groups_, checksum, buffer_);
  buffer_.append_value(static_cast<uint32_t>(footer.size()));
  buffer_.append(kMagic);
  if (const auto flushed = flush(); !flushed) return std::unexpected(flushed.error());
  if (::fsync(file_.get()) != 0) return fail_errno("cannot write " + path_.string());
  return SegmentStats{rows_, written_};
}

Result<> FileWriter::flush() {
  crc_ = crc32(buffer_.view(), crc_);
  for (ByteView rest = buffer_.view(); !rest.empty();) {
    const ssize_t taken = ::write(file_.get(), rest.data(), rest.size());
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0) return fail_errno("cannot write " + path_.string());
    rest = rest.subspan(static_cast<size_t>(taken));
    written_ += static_cast<uint64_t>(taken);
  }
  buffer_.clear();
  return {};
}

}  // namespace weir::store::parquet
