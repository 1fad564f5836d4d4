// Copying row groups: small files of any shape become one which DuckDB reads as all of their rows, in order. With some
// of their bytes damaged they are refused, or what comes of them is a whole file with the rows that they say they
// have.
//
// The input: one byte for the number of files; for each two bytes for the columns that it has, one for its schema and
// its number of batches, two for the rows of each; one byte for the number of damages, for each one for the file, four
// for the place, one for the bits; then as parquet_file_fuzz.cc: the shapes of the columns, values.
#include <filesystem>
#include <fstream>

#include "base/check.h"
#include "store/concatenate.h"
#include "store/fuzz_rows.h"
#include "store/parquet/checksum.h"
#include "store/parquet/file_writer.h"
#include "store/test_folder.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;

// One column has another type than in schema_of_every_type().
flow::SchemaPtr schema_of_another_type() {
  return flow::Schema::flows_with(
             std::vector<flow::ConfiguredColumn>{
                 {.name = "load", .type = flow::ColumnType::u32, .enterprise = 9, .element = 1, .conversion = {}},
                 {.name = "mood", .type = flow::ColumnType::text, .enterprise = 9, .element = 2, .conversion = {}}})
      .value();
}

struct File {
  std::vector<bool> has;  // by place in `columns`
  bool of_another_type = false;
  std::vector<size_t> rows;  // of each batch, which is a row group of its own
};

struct Damage {
  size_t file;
  size_t place;
  size_t bits;  // that are flipped; 0: the file ends here
};

// Rows by what the footers say; nothing if one of them cannot be read.
std::optional<std::vector<uint64_t>> rows_of_groups(std::span<const fs::path> paths) {
  std::vector<uint64_t> rows;
  for (const fs::path& path : paths) {
    const auto source = parquet::SourceFile::open(path);
    CHECK(source.has_value());
    const auto layout = source->layout();
    if (!layout || !*layout) return std::nullopt;
    for (const parquet::RowGroup& group : (*layout)->groups) rows.push_back(group.rows);
  }
  return rows;
}

struct Target {
  TestFolder folder{folder_in_memory()};
  flow::SchemaPtr schema = schema_of_every_type();
  flow::SchemaPtr other = schema_of_another_type();
  std::vector<flow::ColumnIndex> columns = one_of_each_type(*schema);
  duck::Database database = duck::Database::open().value();
  duck::Connection connection = database.connect().value();
  parquet::EncodingContext context;

  void run(std::string_view bytes) {
    FuzzInput input(bytes);
    std::vector<File> files(1 + input.byte() % 4);
    for (File& file : files) read(input, file);
    std::vector<Damage> damages(input.byte() % 4);
    for (Damage& damage : damages) {
      damage.file = input.byte() % files.size();
      damage.place = input.two() << 16;
      damage.place |= input.two();
      damage.bits = input.byte();
    }
    const std::vector<ColumnShape> shapes = read_shapes(input, *schema, columns);

    std::vector<fs::path> paths;
    std::vector<flow::SealedBatch> batches;
    Random random(input.rest().size());
    uint64_t first = 0;
    for (const File& file : files) {
      paths.push_back(folder / fmt::format("{}.parquet", paths.size()));
      const auto written = write(file, shapes, random, first, paths.back());
      batches.insert(batches.end(), written.begin(), written.end());
    }
    for (const Damage& damage : damages) apply(damage, paths[damage.file]);

    const fs::path out = folder / "out.parquet";
    fs::remove(out);
    std::vector<Segment> inputs;
    for (const fs::path& path : paths) inputs.emplace_back().path = path;
    const auto done = concatenate_files(*schema, inputs, out, {}, LargeGroup::any());
    const bool one_type = std::ranges::none_of(files, &File::of_another_type);
    if (damages.empty()) CHECK(done.has_value() && *done == one_type);
    if (!done || !*done) {
      CHECK(!fs::exists(out));
      return;
    }
    expect_whole(paths, out);
    if (damages.empty()) expect_rows(files, batches, out);
  }

  void read(FuzzInput& input, File& file) const {
    const size_t has = input.two();
    for (size_t i = 0; i < columns.size(); ++i) file.has.push_back((has >> i & 1) != 0 || i == 0);
    const size_t kind = input.byte();
    file.of_another_type = kind % 16 == 15;
    file.rows.resize(1 + kind / 16 % 3);
    for (size_t& rows : file.rows) rows = 1 + input.two() % 300;
  }

  std::vector<flow::SealedBatch> write(const File& file, std::vector<ColumnShape> shapes, Random& random,
                                       uint64_t& first, const fs::path& path) {
    const flow::SchemaPtr& own = file.of_another_type ? other : schema;
    std::vector<flow::ColumnIndex> present;
    for (size_t i = 0; i < columns.size(); ++i) {
      const bool conflicting = (*own)[columns[i]].name == "load" && file.of_another_type;
      if (file.has[i] || conflicting)
        present.push_back(columns[i]);
      else
        shapes[columns[i].value()].nulls = ColumnShape::Nulls::all;
    }
    fs::remove(path);
    parquet::FileWriter out(context);
    CHECK(out.create(path, *own, present));
    std::vector<flow::SealedBatch> batches;
    for (const size_t rows : file.rows) {
      batches.push_back(shaped_batch(random, own, shapes, first, rows));
      first += rows;
      for (const parquet::GroupRows& group : parquet::plan_groups({&batches.back(), 1})) CHECK(out.add(group));
    }
    CHECK(out.finish());
    return batches;
  }

  static void apply(const Damage& damage, const fs::path& path) {
    const uint64_t size = fs::file_size(path);
    if (size == 0) return;
    const auto place = static_cast<std::streamoff>(damage.place % size);
    if (damage.bits == 0) return fs::resize_file(path, static_cast<uint64_t>(place));
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(place);
    const int byte = file.get();
    file.seekp(place);
    file.put(static_cast<char>(static_cast<size_t>(byte) ^ damage.bits));
    CHECK(file.flush());
  }

  static void expect_whole(std::span<const fs::path> inputs, const fs::path& out) {
    const auto verdict = parquet::verify_file(out);
    CHECK(verdict && verdict->wholeness == parquet::Wholeness::whole);
    const auto rows = rows_of_groups({&out, 1});
    CHECK(rows && rows == rows_of_groups(inputs));
  }

  // All columns of the schema that every file has, and those that one of these has.
  void expect_rows(std::span<const File> files, std::span<const flow::SealedBatch> batches, const fs::path& out) {
    std::vector<flow::ColumnIndex> expected;
    for (size_t c = 0; c < schema->size(); ++c) {
      const flow::ColumnIndex column(c);
      const auto place = static_cast<size_t>(std::ranges::find(columns, column) - columns.begin());
      const auto has = [&](const File& file) { return place < columns.size() && file.has[place]; };
      if (!(*schema)[column].sparse || std::ranges::any_of(files, has)) expected.push_back(column);
    }
    expect_read_back(connection, out, batches, expected);
  }
};

}  // namespace
}  // namespace weir::store

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static weir::store::Target target;
  target.run(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
