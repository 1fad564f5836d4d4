// Any shape of rows is written as a file that DuckDB reads back as it was, and whose checksum is right.
//
// The input: one byte for the number of files (written one after another, so that the later ones are encoded by the
// trials of the first), for each one byte for the number of its batches, two for the rows of each; five bytes for the
// shape of each column; what remains are values.
#include <filesystem>

#include "base/check.h"
#include "store/fuzz_rows.h"
#include "store/parquet/checksum.h"
#include "store/parquet/file_writer.h"
#include "store/test_folder.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;

struct Target {
  TestFolder folder{folder_in_memory()};
  flow::SchemaPtr schema = schema_of_every_type();
  std::vector<flow::ColumnIndex> columns = one_of_each_type(*schema);
  duck::Database database = duck::Database::open().value();
  duck::Connection connection = database.connect().value();

  void run(std::string_view bytes) {
    FuzzInput input(bytes);
    std::vector<std::vector<size_t>> files(1 + input.byte() % 3);
    for (std::vector<size_t>& batches : files) {
      batches.resize(1 + input.byte() % 4);
      for (size_t& rows : batches) rows = input.two();
    }
    // One batch may be longer than a page; more would take too long.
    bool long_one = false;
    for (std::vector<size_t>& batches : files) {
      for (size_t& rows : batches) {
        const bool is_long = rows >= 0xff00 && !long_one;
        long_one = long_one || is_long;
        rows = 1 + (is_long ? parquet::kPageRows + rows % 256 : rows % 300);
      }
    }
    const std::vector<ColumnShape> shapes = read_shapes(input, *schema, columns);
    Random random(input.rest().size());
    parquet::EncodingContext context;
    uint64_t first = 0;
    for (const std::vector<size_t>& rows : files) {
      std::vector<flow::SealedBatch> batches;
      for (const size_t count : rows) {
        batches.push_back(shaped_batch(random, schema, shapes, first, count));
        first += count;
      }
      write_and_read(context, batches);
    }
  }

  void write_and_read(parquet::EncodingContext& context, std::span<const flow::SealedBatch> batches) {
    const fs::path path = folder / "x.parquet";
    fs::remove(path);
    parquet::FileWriter file(context);
    CHECK(file.create(path, *schema, columns));
    for (const parquet::GroupRows& group : parquet::plan_groups(batches)) CHECK(file.add(group));
    const auto written = file.finish();
    CHECK(written && written->bytes == fs::file_size(path));
    const auto verdict = parquet::verify_file(path);
    CHECK(verdict && verdict->wholeness == parquet::Wholeness::whole);
    expect_read_back(connection, path, batches, columns);
  }
};

}  // namespace
}  // namespace weir::store

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static weir::store::Target target;
  target.run(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
