// COPY pulls from a table function that hands DuckDB slices of 2048 rows of the batches' own columns. Widths and the
// validity bits of a FlowBatch are DuckDB's, so most columns are one memcpy a slice.
#include "store/test_duckdb_writer.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <optional>

#include "duck/duck.h"
#include "store/files.h"
#include "store/parquet_types.h"

namespace weir::store {
namespace {

using flow::ColumnIndex;
using flow::ColumnType;
using flow::FlowBatch;

constexpr size_t kVectorRows = 2048;  // duckdb_vector_size(), checked when the writer is made
static_assert(FlowBatch::kDefaultCapacity % kVectorRows == 0, "a slice starts at a word of the validity bits");

struct Slice {
  const FlowBatch* batch;
  size_t first;
  size_t rows;
};

// What the table function reads: the slices of the write under way, and which of their columns.
struct Source {
  const flow::Schema* schema = nullptr;
  std::vector<ColumnIndex> columns;
  std::vector<Slice> slices;
  std::atomic<size_t> next = 0;
  uint64_t rows = 0;
  unsigned threads = 1;
  duckdb_value null = duckdb_create_null_value();

  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  ~Source() { duckdb_destroy_value(&null); }

  // All batches are of one schema.
  void set(std::span<const flow::SealedBatch> batches) {
    clear();
    schema = &batches.front()->schema();
    columns = columns_to_write(batches);
    for (const flow::SealedBatch& batch : batches) {
      for (size_t first = 0; first < batch->rows(); first += kVectorRows) {
        slices.push_back({batch.get(), first, std::min(kVectorRows, batch->rows() - first)});
      }
      rows += batch->rows();
    }
  }
  void clear() {
    schema = nullptr;
    columns.clear();
    slices.clear();
    next = 0;
    rows = 0;
  }
};

template <class T>
void copy_values(const Slice& slice, ColumnIndex column, void* out) {
  const auto* values = static_cast<const T*>(slice.batch->raw(column));
  std::memcpy(out, &values[slice.first], slice.rows * sizeof(T));
}

void copy_addresses(const Slice& slice, ColumnIndex column, void* out) {
  const std::span values(static_cast<const IpAddress*>(slice.batch->raw(column)), slice.batch->rows());
  auto* uuids = static_cast<duckdb_hugeint*>(out);
  for (const IpAddress& address : values.subspan(slice.first, slice.rows)) *uuids++ = duck::to_uuid(address);
}

// Texts of up to 12 bytes live in the vector, longer ones stay in the batch's arena, which outlives the COPY.
void copy_texts(const Slice& slice, ColumnIndex column, void* out) {
  const auto* refs = static_cast<const flow::TextRef*>(slice.batch->raw(column));
  auto* texts = static_cast<duckdb_string_t*>(out);
  for (size_t row = 0; row < slice.rows; ++row) {
    duckdb_string_t text{};
    // A row that is null may hold the reference of an earlier use of the batch.
    if (slice.batch->is_valid(column, slice.first + row)) {
      const std::string_view bytes = slice.batch->text(refs[slice.first + row]);
      text.value.inlined.length = static_cast<uint32_t>(bytes.size());
      if (bytes.size() <= sizeof(text.value.inlined.inlined)) {
        std::memcpy(text.value.inlined.inlined, bytes.data(), bytes.size());
      } else {
        std::memcpy(text.value.pointer.prefix, bytes.data(), sizeof(text.value.pointer.prefix));
        text.value.pointer.ptr = const_cast<char*>(bytes.data());
      }
    }
    texts[row] = text;
  }
}

// False if no row of the slice has a value; otherwise the vector has its null bits (none are made when every row has
// one).
bool copy_validity(const Slice& slice, ColumnIndex column, duckdb_vector vector) {
  const std::span<const uint64_t> all = slice.batch->validity(column);
  if (all.empty()) return false;
  const std::span words = all.subspan(slice.first / 64, (slice.rows + 63) / 64);
  const size_t tail = slice.rows % 64;
  const uint64_t tail_mask = tail == 0 ? ~uint64_t{0} : (uint64_t{1} << tail) - 1;
  uint64_t any = words.back() & tail_mask;
  uint64_t every = words.back() | ~tail_mask;
  for (const uint64_t word : words.first(words.size() - 1)) {
    any |= word;
    every &= word;
  }
  if (any == 0) return false;
  if (every != ~uint64_t{0}) {
    duckdb_vector_ensure_validity_writable(vector);
    std::memcpy(duckdb_vector_get_validity(vector), words.data(), words.size_bytes());
  }
  return true;
}

void copy_column(const Slice& slice, ColumnIndex column, duckdb_vector vector, duckdb_value null) {
  if (!copy_validity(slice, column, vector)) {
    duckdb_vector_reference_value(vector, null);  // one constant for all rows
    return;
  }
  void* out = duckdb_vector_get_data(vector);
  switch (slice.batch->schema()[column].type) {
    case ColumnType::u8:
      return copy_values<uint8_t>(slice, column, out);
    case ColumnType::u16:
      return copy_values<uint16_t>(slice, column, out);
    case ColumnType::u32:
      return copy_values<uint32_t>(slice, column, out);
    case ColumnType::u64:
    case ColumnType::mac:
    case ColumnType::timestamp:
    case ColumnType::f64:
      return copy_values<uint64_t>(slice, column, out);
    case ColumnType::address:
      return copy_addresses(slice, column, out);
    case ColumnType::text:
      return copy_texts(slice, column, out);
  }
}

void bind(duckdb_bind_info info) {
  const Source& source = *static_cast<Source*>(duckdb_bind_get_extra_info(info));
  for (const ColumnIndex index : source.columns) {
    const flow::ColumnInfo& column = (*source.schema)[index];
    duckdb_logical_type type = duckdb_create_logical_type(duck_type(column.type));
    duckdb_bind_add_result_column(info, std::string(column.name).c_str(), type);
    duckdb_destroy_logical_type(&type);
  }
  duckdb_bind_set_cardinality(info, source.rows, true);
}

void init(duckdb_init_info info) {
  duckdb_init_set_max_threads(info, static_cast<Source*>(duckdb_init_get_extra_info(info))->threads);
}

void produce(duckdb_function_info info, duckdb_data_chunk output) {
  Source& source = *static_cast<Source*>(duckdb_function_get_extra_info(info));
  const size_t index = source.next.fetch_add(1);
  if (index >= source.slices.size()) {
    duckdb_data_chunk_set_size(output, 0);
    return;
  }
  const Slice& slice = source.slices[index];
  for (size_t i = 0; i < source.columns.size(); ++i) {
    copy_column(slice, source.columns[i], duckdb_data_chunk_get_vector(output, i), source.null);
  }
  duckdb_data_chunk_set_size(output, slice.rows);
}

Result<> add_table_function(duck::Connection& connection, Source& source) {
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, "weir_batch");
  duckdb_table_function_set_extra_info(function, &source, nullptr);
  duckdb_table_function_set_bind(function, bind);
  duckdb_table_function_set_init(function, init);
  duckdb_table_function_set_function(function, produce);
  const duckdb_state state = duckdb_register_table_function(connection.raw(), function);
  duckdb_destroy_table_function(&function);
  if (state != DuckDBSuccess) return fail("DuckDB refused the table function weir_batch");
  return {};
}

class DuckdbWriter final : public SegmentWriter {
 public:
  explicit DuckdbWriter(unsigned threads) { source_.threads = threads; }

  Result<SegmentStats> write_prepared(const std::filesystem::path& path, std::span<const PreparedRows> rows) override {
    std::error_code error;
    if (std::filesystem::symlink_status(path, error).type() != std::filesystem::file_type::not_found) {
      return fail("cannot write {}: there is a file of this name", path.string());
    }
    if (!session_) TRY(connect());
    source_.set(batches_of(rows));
    auto written = copy_to(path, source_.rows);
    source_.clear();
    if (!written) {
      // After an internal error DuckDB refuses all further work, and it does not say which errors are of that kind.
      session_.reset();
      std::filesystem::remove(path, error);
      return fail("cannot write {}: {}", path.string(), written.error().message);
    }
    return written;
  }

 private:
  Result<> connect() {
    // More than one thread pulls from the table function only if the order of rows may change.
    session_.emplace(TRY(duck::Session::open({.threads = source_.threads, .keep_order = source_.threads == 1})));
    return add_table_function(session_->connection, source_);
  }

  Result<SegmentStats> copy_to(const std::filesystem::path& path, uint64_t rows) {
    duck::Rows copied = TRY(session_->connection.query(
        fmt::format("COPY (SELECT * FROM weir_batch()) TO {} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)",
                    duck::quote(path.string()))));
    const std::optional<duck::Chunk> count = TRY(copied.next());
    if (!count || count->value<int64_t>(0, 0) != static_cast<int64_t>(rows)) return fail("DuckDB wrote other rows");
    return SegmentStats{rows, TRY(sync_file(path))};
  }

  Source source_;  // outlives the session, which points to it
  std::optional<duck::Session> session_;
};

}  // namespace

std::unique_ptr<SegmentWriter> make_duckdb_writer(unsigned threads) {
  CHECK(duckdb_vector_size() == kVectorRows);
  return std::make_unique<DuckdbWriter>(threads);
}

}  // namespace weir::store
