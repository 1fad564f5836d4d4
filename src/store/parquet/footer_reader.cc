#include "store/parquet/footer_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "store/files.h"
#include "store/parquet/thrift_reader.h"

namespace weir::store::parquet {
namespace {

using flow::ColumnType;
using thrift::Cursor;
using thrift::StructReader;
using thrift::Type;

std::optional<uint64_t> natural(int64_t value) {
  return value < 0 ? std::nullopt : std::optional(static_cast<uint64_t>(value));
}

// The type whose description these bytes are.
std::optional<ColumnType> type_of(std::string_view name, ByteView element) {
  for (const ColumnType type : {ColumnType::u8, ColumnType::u16, ColumnType::u32, ColumnType::u64, ColumnType::address,
                                ColumnType::timestamp, ColumnType::f64, ColumnType::text}) {
    Buffer written;
    write_schema_element(name, type, written);
    if (std::ranges::equal(written.view(), element)) return type;
  }
  return std::nullopt;
}

// A reader of the parts of the footer. What is missing or wrong makes the cursor fail.
class FooterReader {
 public:
  explicit FooterReader(ByteView footer) : footer_(footer), in_(footer) {}

  std::optional<FileLayout> read() {
    FileLayout layout;
    bool ours = false;
    for (StructReader fields(in_); fields.next();) {
      switch (fields.id()) {
        case 2:
          read_schema(fields.list(Type::structure), layout);
          break;
        case 3:
          layout.rows = number(fields);
          break;
        case 4:
          for (size_t left = fields.list(Type::structure); left > 0 && in_.good(); --left)
            layout.groups.push_back(read_group());
          break;
        case 6:
          ours = fields.binary() == kCreatedBy;
          break;
        default:
          fields.skip();
      }
    }
    const auto complete = [&](const RowGroup& group) { return group.columns.size() == layout.columns.size(); };
    if (!in_.good() || !ours || layout.columns.empty() || !std::ranges::all_of(layout.groups, complete))
      return std::nullopt;
    return layout;
  }

 private:
  void read_schema(size_t count, FileLayout& layout) {
    for (size_t i = 0; i < count && in_.good(); ++i) {
      const size_t begin = footer_.size() - in_.remaining();
      std::string name;
      for (StructReader element(in_); element.next();) {
        if (element.id() == 4)
          name = element.binary();
        else
          element.skip();
      }
      if (i == 0) continue;  // the root
      const auto type = type_of(name, footer_.subspan(begin, footer_.size() - in_.remaining() - begin));
      if (!type) return in_.fail();
      layout.columns.push_back({std::move(name), *type});
    }
  }

  RowGroup read_group() {
    RowGroup group;
    for (StructReader fields(in_); fields.next();) {
      if (fields.id() == 1) {
        for (size_t left = fields.list(Type::structure); left > 0 && in_.good(); --left)
          group.columns.push_back(read_chunk());
      } else if (fields.id() == 3) {
        group.rows = number(fields);
      } else {
        fields.skip();
      }
    }
    return group;
  }

  ColumnChunk read_chunk() {
    ColumnChunk chunk;
    for (StructReader fields(in_); fields.next();) {
      switch (fields.id()) {
        case 3:
          read_meta(fields.structure(), chunk);
          break;
        case 4:
          chunk.offset_index_offset = number(fields);
          break;
        case 5:
          chunk.offset_index_bytes = number(fields);
          break;
        case 6:
          chunk.column_index_offset = number(fields);
          break;
        case 7:
          chunk.column_index_bytes = number(fields);
          break;
        default:
          fields.skip();
      }
    }
    return chunk;
  }

  void read_meta(StructReader meta, ColumnChunk& chunk) {
    while (meta.next()) {
      switch (meta.id()) {
        case 2: {
          // RLE, for the levels, and the one of the data pages.
          const size_t count = meta.list(Type::i32);
          for (size_t i = 0; i < count; ++i) {
            const int64_t encoding = in_.zigzag();
            if (i == 1) chunk.encoding = static_cast<Encoding>(encoding);
          }
          break;
        }
        case 4:
          chunk.codec = static_cast<Codec>(number(meta));
          break;
        case 5:
          chunk.values = number(meta);
          break;
        case 6:
          chunk.uncompressed_bytes = number(meta);
          break;
        case 7:
          chunk.compressed_bytes = number(meta);
          break;
        case 9:
          chunk.data_offset = number(meta);
          break;
        case 11:
          chunk.dictionary_offset = number(meta);
          break;
        case 12:
          read_statistics(meta.structure(), chunk);
          break;
        case 14:
          chunk.bloom_offset = number(meta);
          break;
        case 15:
          chunk.bloom_bytes = number(meta);
          break;
        default:
          meta.skip();
      }
    }
  }

  void read_statistics(StructReader statistics, ColumnChunk& chunk) {
    while (statistics.next()) {
      switch (statistics.id()) {
        case 3:
          chunk.nulls = number(statistics);
          break;
        case 5:
          if (!chunk.bounds) chunk.bounds.emplace();
          chunk.bounds->greatest = statistics.binary();
          break;
        case 6:
          if (!chunk.bounds) chunk.bounds.emplace();
          chunk.bounds->least = statistics.binary();
          break;
        default:
          statistics.skip();
      }
    }
  }

  uint64_t number(StructReader& field) {
    const auto value = natural(field.integer());
    if (!value) in_.fail();
    return value.value_or(0);
  }

  ByteView footer_;
  Cursor in_;
};

bool read_offset_index(ByteView bytes, ColumnChunk& chunk) {
  Cursor in(bytes);
  for (StructReader fields(in); fields.next();) {
    if (fields.id() != 1) {
      fields.skip();
      continue;
    }
    for (size_t left = fields.list(Type::structure); left > 0 && in.good(); --left) {
      PageLocation page;
      for (StructReader location(in); location.next();) {
        const auto value = natural(location.integer());
        if (!value) return false;
        if (location.id() == 1) page.offset = *value;
        if (location.id() == 2) page.bytes = *value;
        if (location.id() == 3) page.first_row = *value;
      }
      chunk.pages.push_back(std::move(page));
    }
  }
  // A page ends where the next one begins.
  for (size_t i = 0; i < chunk.pages.size(); ++i) {
    const uint64_t end = i + 1 < chunk.pages.size() ? chunk.pages[i + 1].first_row : chunk.values;
    if (end < chunk.pages[i].first_row || end - chunk.pages[i].first_row > UINT32_MAX) return false;
    chunk.pages[i].rows = static_cast<uint32_t>(end - chunk.pages[i].first_row);
  }
  return in.good() && !chunk.pages.empty();
}

bool read_column_index(ByteView bytes, ColumnChunk& chunk) {
  const size_t pages = chunk.pages.size();
  std::vector<bool> null_pages;
  std::vector<Bounds> bounds(pages);
  Cursor in(bytes);
  bool complete = true;
  const auto counted = [&](size_t count) { return complete = complete && count == pages; };
  for (StructReader fields(in); fields.next();) {
    switch (fields.id()) {
      case 1:
        if (!counted(fields.list(Type::boolean_true))) return false;
        for (size_t i = 0; i < pages; ++i) null_pages.push_back(in.byte() == 1);
        break;
      case 2:
        if (!counted(fields.list(Type::binary))) return false;
        for (Bounds& page : bounds) page.least = in.binary();
        break;
      case 3:
        if (!counted(fields.list(Type::binary))) return false;
        for (Bounds& page : bounds) page.greatest = in.binary();
        break;
      case 5:
        if (!counted(fields.list(Type::i64))) return false;
        for (PageLocation& page : chunk.pages) page.nulls = static_cast<uint32_t>(in.zigzag());
        break;
      default:
        fields.skip();
    }
  }
  if (!in.good() || null_pages.size() != pages) return false;
  for (size_t i = 0; i < pages; ++i) {
    if (!null_pages[i]) chunk.pages[i].bounds = std::move(bounds[i]);
  }
  return true;
}

}  // namespace

std::optional<FileLayout> read_footer(ByteView footer) { return FooterReader(footer).read(); }

std::optional<std::string> read_note(ByteView footer, std::string_view key) {
  Cursor in(footer);
  std::optional<std::string> found;
  for (StructReader fields(in); fields.next();) {
    if (fields.id() != 5) {
      fields.skip();
      continue;
    }
    for (size_t left = fields.list(Type::structure); left > 0 && in.good(); --left) {
      std::string_view name;
      std::string_view value;
      for (StructReader entry(in); entry.next();) {
        if (entry.id() == 1)
          name = entry.binary();
        else if (entry.id() == 2)
          value = entry.binary();
        else
          entry.skip();
      }
      if (name == key) found = std::string(value);
    }
  }
  return in.good() ? found : std::nullopt;
}

Result<SourceFile> SourceFile::open(const std::filesystem::path& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return fail_errno("cannot read " + path.string());
  return SourceFile(path, std::move(file), static_cast<uint64_t>(status.st_size));
}

Result<> SourceFile::read(uint64_t offset, size_t count, Buffer& out) const {
  if (offset > size_ || size_ - offset < count)
    return fail("{} is damaged: an offset is beyond its end", path_.string());
  return read_at(file_, path_, offset, out.grow(count));
}

Result<std::optional<Buffer>> SourceFile::footer() const {
  constexpr size_t kTail = 8;
  Buffer bytes;
  if (size_ < kMagic.size() + kTail) return std::nullopt;
  TRY(read(size_ - kTail, kTail, bytes));
  uint32_t length;
  std::memcpy(&length, bytes.view().data(), sizeof length);
  if (length > size_ - kTail - kMagic.size()) return std::nullopt;
  bytes.clear();
  TRY(read(size_ - kTail - length, length, bytes));
  return bytes;
}

Result<std::optional<FileLayout>> SourceFile::layout() const {
  std::optional<Buffer> footer = TRY(this->footer());
  if (!footer) return std::nullopt;
  Buffer bytes = *std::move(footer);
  auto layout = read_footer(bytes.view());
  if (!layout) return std::nullopt;
  for (RowGroup& group : layout->groups) {
    for (ColumnChunk& chunk : group.columns) {
      bytes.clear();
      TRY(read(chunk.offset_index_offset, chunk.offset_index_bytes, bytes));
      if (!read_offset_index(bytes.view(), chunk)) return std::nullopt;
      if (chunk.column_index_bytes == 0) continue;
      bytes.clear();
      TRY(read(chunk.column_index_offset, chunk.column_index_bytes, bytes));
      if (!read_column_index(bytes.view(), chunk)) return std::nullopt;
    }
  }
  return layout;
}

}  // namespace weir::store::parquet
