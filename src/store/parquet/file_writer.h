// Writes one Parquet file, row group by row group. The format is drawn in docs/format.md.
//
//   FileWriter file(context);
//   file.create(path, schema, columns);
//   file.add(group); ...
//   file.finish();          // synced to the disk
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "store/parquet/encoded_rows.h"
#include "store/parquet/footer_reader.h"
#include "store/segment_writer.h"

namespace weir::store::parquet {

class FileWriter {
 public:
  // One file at a time.
  explicit FileWriter(EncodingContext& context) : context_(context), buffer_(context.out) {}

  // Fails if there is a file of this name. columns: of the schema, those that the file is to have. The schema outlives
  // the writer.
  Result<> create(const std::filesystem::path& path, const flow::Schema& schema,
                  std::vector<flow::ColumnIndex> columns);
  // Which datagrams of a journal its rows come from; none by default.
  void set_marks(const flow::Marks& marks) { marks_ = marks.empty() ? std::string() : marks.to_text(); }
  Result<> add(const GroupRows& group);
  // A column that the group has not is null; it has none that the file has not.
  Result<> add(const EncodedGroup& group);
  // Copies row group number `group` of another file, whose layout this is. places: where each column of this file is
  // among the other's; a column that is not there is null.
  Result<> copy(const SourceFile& source, const FileLayout& layout, size_t group,
                std::span<const std::optional<size_t>> places);
  Result<SegmentStats> finish();

 private:
  // Takes over the chunks of a row group whose bytes are in the file now, `distance` behind where it says (modulo
  // 2^64). places: where each column of the file is among them.
  void add_layout(const RowGroup& original, uint64_t distance, std::span<const std::optional<size_t>> places);
  Result<> flush();
  Result<> write_out(ByteView bytes);
  void write_indexes();

  EncodingContext& context_;
  Buffer& buffer_;  // not written yet
  std::filesystem::path path_;
  const flow::Schema* schema_ = nullptr;
  std::vector<flow::ColumnIndex> columns_;
  Fd file_;
  uint64_t written_ = 0;  // bytes in the file
  uint32_t crc_ = 0;      // of them
  std::vector<RowGroup> groups_;
  std::string marks_;
  uint64_t rows_ = 0;
};

}  // namespace weir::store::parquet
