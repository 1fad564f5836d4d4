// What a Parquet file says of itself: page headers, page indexes, the footer. Plain values, and how each is written.
// Names and field numbers are those of parquet.thrift (https://github.com/apache/parquet-format).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flow/columns.gen.h"
#include "store/parquet/compression.h"

namespace weir::store::parquet {

inline constexpr std::string_view kMagic = "PAR1";
// A name and a version: parquet-mr trusts the bounds of nobody else.
inline constexpr std::string_view kCreatedBy = "weir version 1";

enum class Encoding : uint8_t { plain = 0, rle = 3, delta_binary_packed = 5, rle_dictionary = 8 };
enum class PageType : uint8_t { data = 0, dictionary = 2 };
enum class BoundaryOrder : uint8_t { unordered = 0, ascending = 1 };

// The smallest and the greatest value of a page or a column chunk as PLAIN has them (texts without their length), in
// the order of the column's type: unsigned numbers as such, addresses and texts by their bytes.
struct Bounds {
  std::string least;
  std::string greatest;
};

struct PageHeader {
  PageType type = PageType::data;
  Encoding encoding = Encoding::plain;
  uint32_t values = 0;  // with nulls
  size_t uncompressed_bytes = 0;
  size_t compressed_bytes = 0;
  uint32_t crc = 0;  // of the compressed bytes
};

struct PageLocation {
  uint64_t offset = 0;  // of the page's header
  size_t bytes = 0;     // with its header
  uint64_t first_row = 0;
  uint32_t rows = 0;
  uint32_t nulls = 0;
  std::optional<Bounds> bounds;  // none if every value is null, or none can be told
};

struct ColumnChunk {
  Encoding encoding = Encoding::plain;
  Codec codec = Codec::uncompressed;
  uint64_t values = 0;  // with nulls
  uint64_t nulls = 0;
  size_t uncompressed_bytes = 0;  // with page headers
  size_t compressed_bytes = 0;
  std::optional<uint64_t> dictionary_offset;
  uint64_t data_offset = 0;
  std::optional<Bounds> bounds;
  std::vector<PageLocation> pages;
  std::optional<uint64_t> bloom_offset;
  size_t bloom_bytes = 0;  // with its header
  uint64_t column_index_offset = 0;
  size_t column_index_bytes = 0;  // 0: there is none, as the bounds of a page cannot be told
  uint64_t offset_index_offset = 0;
  size_t offset_index_bytes = 0;
};

struct RowGroup {
  uint64_t rows = 0;
  std::vector<ColumnChunk> columns;
};

void write_page_header(const PageHeader& header, Buffer& out);
void write_bloom_header(size_t bitset_bytes, Buffer& out);
void write_offset_index(const ColumnChunk& chunk, Buffer& out);
// Nothing if a page that has values has no bounds.
void write_column_index(const ColumnChunk& chunk, Buffer& out);

// The description of a column in the footer.
void write_schema_element(std::string_view name, flow::ColumnType type, Buffer& out);

// What is under keys of our own.
struct FooterNotes {
  std::string_view checksum;  // `weir.crc32` (checksum.h)
  std::string_view marks;     // `weir.journal` (flow/marks.h); empty: the entry is left out
};
inline constexpr std::string_view kMarksKey = "weir.journal";

// columns: of the file, in order; those of each row group are as many.
void write_footer(std::span<const flow::ColumnInfo* const> columns, std::span<const RowGroup> groups,
                  const FooterNotes& notes, Buffer& out);

}  // namespace weir::store::parquet
