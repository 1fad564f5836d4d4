#include "store/parquet/format.h"

#include <algorithm>
#include <array>

#include "store/parquet/thrift.h"

namespace weir::store::parquet {
namespace {

using flow::ColumnType;
using thrift::Struct;
using thrift::Type;

// parquet.thrift's Type, ConvertedType and FieldRepetitionType.
enum class Physical : uint8_t { int32 = 1, int64 = 2, f64 = 5, byte_array = 6, fixed_len_byte_array = 7 };
enum class Converted : uint8_t {
  utf8 = 0,
  timestamp_micros = 10,
  uint_8 = 11,
  uint_16 = 12,
  uint_32 = 13,
  uint_64 = 14
};
constexpr int kRequired = 0;
constexpr int kOptional = 1;
// Fields of the union LogicalType.
constexpr int16_t kString = 1;
constexpr int16_t kTimestamp = 8;
constexpr int16_t kInteger = 10;
constexpr int16_t kUuid = 14;

Physical physical(ColumnType type) {
  switch (type) {
    case ColumnType::u8:
    case ColumnType::u16:
    case ColumnType::u32:
      return Physical::int32;
    case ColumnType::u64:
    case ColumnType::mac:
    case ColumnType::timestamp:
      return Physical::int64;
    case ColumnType::f64:
      return Physical::f64;
    case ColumnType::text:
      return Physical::byte_array;
    case ColumnType::address:
      return Physical::fixed_len_byte_array;
  }
  return Physical::byte_array;
}

std::optional<Converted> converted(ColumnType type) {
  switch (type) {
    case ColumnType::u8:
      return Converted::uint_8;
    case ColumnType::u16:
      return Converted::uint_16;
    case ColumnType::u32:
      return Converted::uint_32;
    case ColumnType::u64:
    case ColumnType::mac:
      return Converted::uint_64;
    case ColumnType::timestamp:
      return Converted::timestamp_micros;
    case ColumnType::text:
      return Converted::utf8;
    case ColumnType::address:
    case ColumnType::f64:
      break;
  }
  return std::nullopt;
}

void write_integer(Struct& logical, int8_t bits) {
  Struct integer = logical.structure(kInteger);
  integer.i8(1, bits);
  integer.boolean(2, false);  // signed
  integer.end();
}

void write_logical(ColumnType type, Struct& element) {
  if (type == ColumnType::f64) return;
  Struct logical = element.structure(10);
  switch (type) {
    case ColumnType::u8:
      write_integer(logical, 8);
      break;
    case ColumnType::u16:
      write_integer(logical, 16);
      break;
    case ColumnType::u32:
      write_integer(logical, 32);
      break;
    case ColumnType::u64:
    case ColumnType::mac:
      write_integer(logical, 64);
      break;
    case ColumnType::timestamp: {
      // Not "adjusted to UTC", though it is UTC: otherwise readers show it in the zone of whoever reads.
      Struct timestamp = logical.structure(kTimestamp);
      timestamp.boolean(1, false);
      Struct unit = timestamp.structure(2);
      unit.empty_structure(2);  // microseconds
      unit.end();
      timestamp.end();
      break;
    }
    case ColumnType::text:
      logical.empty_structure(kString);
      break;
    case ColumnType::address:
      logical.empty_structure(kUuid);
      break;
    case ColumnType::f64:
      break;
  }
  logical.end();
}

void write_root(size_t columns, Struct element) {
  element.i32(3, kRequired);
  element.binary(4, "weir");
  element.i32(5, static_cast<int32_t>(columns));
  element.end();
}

void write_statistics(const ColumnChunk& chunk, Struct statistics) {
  statistics.i64(3, static_cast<int64_t>(chunk.nulls));
  if (chunk.bounds) {
    statistics.binary(5, chunk.bounds->greatest);
    statistics.binary(6, chunk.bounds->least);
  }
  statistics.end();
}

void write_column_meta(const flow::ColumnInfo& column, const ColumnChunk& chunk, Struct meta) {
  meta.i32(1, static_cast<int>(physical(column.type)));
  const bool dictionary = chunk.dictionary_offset.has_value();
  meta.list(2, Type::i32, dictionary ? 3 : 2);
  for (const Encoding encoding : {Encoding::rle, chunk.encoding}) meta.element(static_cast<int64_t>(encoding));
  if (dictionary) meta.element(static_cast<int64_t>(Encoding::plain));
  meta.list(3, Type::binary, 1);
  meta.element(column.name);
  meta.i32(4, static_cast<int>(chunk.codec));
  meta.i64(5, static_cast<int64_t>(chunk.values));
  meta.i64(6, static_cast<int64_t>(chunk.uncompressed_bytes));
  meta.i64(7, static_cast<int64_t>(chunk.compressed_bytes));
  meta.i64(9, static_cast<int64_t>(chunk.data_offset));
  if (dictionary) meta.i64(11, static_cast<int64_t>(*chunk.dictionary_offset));
  write_statistics(chunk, meta.structure(12));
  // encoding_stats: that every page is of the dictionary lets readers answer from the dictionary alone.
  meta.list(13, Type::structure, dictionary ? 2 : 1);
  const auto pages = [&](PageType type, Encoding encoding, size_t count) {
    Struct stats = meta.element();
    stats.i32(1, static_cast<int>(type));
    stats.i32(2, static_cast<int>(encoding));
    stats.i32(3, static_cast<int32_t>(count));
    stats.end();
  };
  if (dictionary) pages(PageType::dictionary, Encoding::plain, 1);
  pages(PageType::data, chunk.encoding, chunk.pages.size());
  if (chunk.bloom_offset) {
    meta.i64(14, static_cast<int64_t>(*chunk.bloom_offset));
    meta.i32(15, static_cast<int32_t>(chunk.bloom_bytes));
  }
  meta.end();
}

void write_column_chunk(const flow::ColumnInfo& column, const ColumnChunk& chunk, Struct out) {
  out.i64(2, 0);  // file_offset: deprecated
  write_column_meta(column, chunk, out.structure(3));
  out.i64(4, static_cast<int64_t>(chunk.offset_index_offset));
  out.i32(5, static_cast<int32_t>(chunk.offset_index_bytes));
  if (chunk.column_index_bytes > 0) {
    out.i64(6, static_cast<int64_t>(chunk.column_index_offset));
    out.i32(7, static_cast<int32_t>(chunk.column_index_bytes));
  }
  out.end();
}

void write_row_group(std::span<const flow::ColumnInfo* const> columns, const RowGroup& group, size_t ordinal,
                     Struct out) {
  CHECK(group.columns.size() == columns.size());
  size_t uncompressed = 0;
  size_t compressed = 0;
  out.list(1, Type::structure, columns.size());
  for (size_t c = 0; c < columns.size(); ++c) {
    write_column_chunk(*columns[c], group.columns[c], out.element());
    uncompressed += group.columns[c].uncompressed_bytes;
    compressed += group.columns[c].compressed_bytes;
  }
  out.i64(2, static_cast<int64_t>(uncompressed));
  out.i64(3, static_cast<int64_t>(group.rows));
  const ColumnChunk& first = group.columns.front();
  out.i64(5, static_cast<int64_t>(first.dictionary_offset.value_or(first.data_offset)));
  out.i64(6, static_cast<int64_t>(compressed));
  if (ordinal <= INT16_MAX) out.i16(7, static_cast<int16_t>(ordinal));
  out.end();
}

}  // namespace

void write_schema_element(std::string_view name, ColumnType type, Buffer& out) {
  Struct element(out);
  element.i32(1, static_cast<int>(physical(type)));
  if (type == ColumnType::address) element.i32(2, 16);
  element.i32(3, kOptional);
  element.binary(4, name);
  if (const auto annotation = converted(type)) element.i32(6, static_cast<int>(*annotation));
  write_logical(type, element);
  element.end();
}

void write_page_header(const PageHeader& header, Buffer& out) {
  Struct page(out);
  page.i32(1, static_cast<int>(header.type));
  page.i32(2, static_cast<int32_t>(header.uncompressed_bytes));
  page.i32(3, static_cast<int32_t>(header.compressed_bytes));
  page.i32(4, static_cast<int32_t>(header.crc));
  Struct kind = page.structure(header.type == PageType::data ? 5 : 7);
  kind.i32(1, static_cast<int32_t>(header.values));
  kind.i32(2, static_cast<int>(header.encoding));
  if (header.type == PageType::data) {
    kind.i32(3, static_cast<int>(Encoding::rle));  // definition levels
    kind.i32(4, static_cast<int>(Encoding::rle));  // repetition levels, of which there are none
  }
  kind.end();
  page.end();
}

void write_bloom_header(size_t bitset_bytes, Buffer& out) {
  Struct header(out);
  header.i32(1, static_cast<int32_t>(bitset_bytes));
  for (const int16_t only_choice : std::array<int16_t, 3>{2, 3, 4}) {  // split blocks, xxHash, uncompressed
    Struct choice = header.structure(only_choice);
    choice.empty_structure(1);
    choice.end();
  }
  header.end();
}

void write_offset_index(const ColumnChunk& chunk, Buffer& out) {
  Struct index(out);
  index.list(1, Type::structure, chunk.pages.size());
  for (const PageLocation& page : chunk.pages) {
    Struct location = index.element();
    location.i64(1, static_cast<int64_t>(page.offset));
    location.i32(2, static_cast<int32_t>(page.bytes));
    location.i64(3, static_cast<int64_t>(page.first_row));
    location.end();
  }
  index.end();
}

void write_column_index(const ColumnChunk& chunk, Buffer& out) {
  const auto all_null = [](const PageLocation& page) { return page.nulls == page.rows; };
  if (std::ranges::any_of(chunk.pages, [&](const PageLocation& page) { return !page.bounds && !all_null(page); }))
    return;
  const auto list_bounds = [&](Struct& index, int16_t id, std::string Bounds::* which) {
    index.list(id, Type::binary, chunk.pages.size());
    for (const PageLocation& page : chunk.pages)
      index.element(page.bounds ? std::string_view((*page.bounds).*which) : "");
  };
  Struct index(out);
  index.list(1, Type::boolean_true, chunk.pages.size());
  for (const PageLocation& page : chunk.pages) index.element(all_null(page));
  list_bounds(index, 2, &Bounds::least);
  list_bounds(index, 3, &Bounds::greatest);
  index.i32(4, static_cast<int>(BoundaryOrder::unordered));
  index.list(5, Type::i64, chunk.pages.size());
  for (const PageLocation& page : chunk.pages) index.element(static_cast<int64_t>(page.nulls));
  index.end();
}

void write_footer(std::span<const flow::ColumnInfo* const> columns, std::span<const RowGroup> groups,
                  const FooterNotes& notes, Buffer& out) {
  uint64_t rows = 0;
  for (const RowGroup& group : groups) rows += group.rows;
  Struct footer(out);
  footer.i32(1, 1);  // version
  footer.list(2, Type::structure, columns.size() + 1);
  write_root(columns.size(), footer.element());
  for (const flow::ColumnInfo* column : columns) write_schema_element(column->name, column->type, out);
  footer.i64(3, static_cast<int64_t>(rows));
  footer.list(4, Type::structure, groups.size());
  for (size_t g = 0; g < groups.size(); ++g) write_row_group(columns, groups[g], g, footer.element());
  footer.list(5, Type::structure, notes.marks.empty() ? 1 : 2);
  const auto add_note = [&](std::string_view key, std::string_view value) {
    Struct entry = footer.element();
    entry.binary(1, key);
    entry.binary(2, value);
    entry.end();
  };
  add_note("weir.crc32", notes.checksum);
  if (!notes.marks.empty()) add_note(kMarksKey, notes.marks);
  footer.binary(6, kCreatedBy);
  footer.list(7, Type::structure, columns.size());
  for (size_t c = 0; c < columns.size(); ++c) {
    Struct order = footer.element();
    order.empty_structure(1);  // the order of the type: without it nobody may use the bounds
    order.end();
  }
  footer.end();
}

}  // namespace weir::store::parquet
