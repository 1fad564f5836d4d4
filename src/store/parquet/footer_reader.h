// Reads back what a file of our own writer says of itself, so that its row groups can be copied as they are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "store/parquet/format.h"

namespace weir::store::parquet {

// As the writer had it, with offsets into this file.
struct FileLayout {
  struct Column {
    std::string name;
    flow::ColumnType type;  // u64 stands for mac, too: files do not tell them apart
  };
  std::vector<Column> columns;
  std::vector<RowGroup> groups;
  uint64_t rows = 0;  // as the footer has them, beside those of each group
};

// What a footer alone says: without the pages of the chunks. Nothing if it is not of our writer, or damaged.
std::optional<FileLayout> read_footer(ByteView footer);

// What a footer, of whichever writer, says under a key; nothing if it does not.
std::optional<std::string> read_note(ByteView footer, std::string_view key);

class SourceFile {
 public:
  // Fails if the file cannot be read.
  static Result<SourceFile> open(const std::filesystem::path& path);

  // What there is in the file; nothing if it is not of our writer, or damaged.
  Result<std::optional<FileLayout>> layout() const;
  // The bytes of the footer; nothing if there is none.
  Result<std::optional<Buffer>> footer() const;
  // Appends the bytes [offset, offset + count) of the file.
  Result<> read(uint64_t offset, size_t count, Buffer& out) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  SourceFile(std::filesystem::path path, Fd file, uint64_t size)
      : path_(std::move(path)), file_(std::move(file)), size_(size) {}

  std::filesystem::path path_;
  Fd file_;
  uint64_t size_;
};

}  // namespace weir::store::parquet
