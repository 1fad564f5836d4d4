// Writes Parquet files of every shape, and beside each what is in it, for readers that are not ours:
//
//   parquet_samples FOLDER SEED FILES
//
// FOLDER/N.parquet by one writer after the other, FOLDER/concatenated.parquet of the row groups of others, and beside
// each FOLDER/NAME.values: of each column the length of its name (4 bytes), its name, its type (1: flow::ColumnType),
// its rows (8), and of each row 0 if it is null, otherwise 1 and the value: as many bytes as the type has, of texts
// their length (4) and their bytes. Little-endian.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>

#include "store/concatenate.h"
#include "store/parquet/buffer.h"
#include "store/segment_writer.h"
#include "store/shaped_batch.h"

namespace weir::store {
namespace {

using parquet::Buffer;

void append_value(const flow::FlowBatch& batch, flow::ColumnIndex column, size_t row, Buffer& out) {
  const flow::ColumnType type = batch.schema()[column].type;
  const bool valid = batch.is_valid(column, row);
  out.append_byte(valid ? 1 : 0);
  if (!valid) return;
  if (type == flow::ColumnType::text) {
    const std::string_view text = batch.text(static_cast<const flow::TextRef*>(batch.raw(column))[row]);
    out.append_value(static_cast<uint32_t>(text.size()));
    out.append(text);
    return;
  }
  const size_t width = flow::width(type);
  out.append(
      std::string_view(static_cast<const char*>(batch.raw(column)), batch.rows() * width).substr(row * width, width));
}

Result<> write_values(const std::filesystem::path& path, std::span<const flow::SealedBatch> batches) {
  const flow::Schema& schema = batches.front()->schema();
  uint64_t rows = 0;
  for (const flow::SealedBatch& batch : batches) rows += batch->rows();
  Buffer out;
  for (const flow::ColumnIndex column : columns_to_write(batches)) {
    out.append_value(static_cast<uint32_t>(schema[column].name.size()));
    out.append(schema[column].name);
    out.append_byte(static_cast<uint8_t>(schema[column].type));
    out.append_value(rows);
    for (const flow::SealedBatch& batch : batches) {
      for (size_t row = 0; row < batch->rows(); ++row) append_value(*batch, column, row, out);
    }
  }
  std::ofstream file(path, std::ios::binary);
  const std::string bytes(out.view().begin(), out.view().end());
  if (!file.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush())
    return fail("cannot write {}", path.string());
  return {};
}

// A few columns have values.
std::vector<ColumnShape> a_few_columns(Random& random, const flow::Schema& schema) {
  std::vector<ColumnShape> shapes(schema.size(), ColumnShape{.nulls = ColumnShape::Nulls::all});
  for (size_t c = 0; c < schema.size(); ++c) {
    const bool always = schema[flow::ColumnIndex(c)].name == "load" || schema[flow::ColumnIndex(c)].name == "mood";
    if (always || random() % 6 == 0) shapes[c] = random_shape(random);
  }
  return shapes;
}

// The first file has more rows than a row group holds.
std::vector<flow::SealedBatch> sample(Random& random, const flow::SchemaPtr& schema, bool large) {
  const std::vector<ColumnShape> shapes = a_few_columns(random, *schema);
  const std::vector<ColumnShape> nulls(schema->size(), ColumnShape{.nulls = ColumnShape::Nulls::all});
  std::vector<flow::SealedBatch> batches;
  uint64_t first = 0;
  const auto add = [&](const std::vector<ColumnShape>& which, size_t rows) {
    batches.push_back(shaped_batch(random, schema, which, first, rows));
    first += rows;
  };
  if (large) {
    for (const size_t rows : {32768, 40000, 30000, 20000, 32768}) add(shapes, rows);
  } else {
    for (uint64_t parts = 1 + random() % 3; parts > 0; --parts) add(shapes, 1 + random() % 3000);
    // A page without any value, and one more.
    if (random() % 2 == 0) add(nulls, 32768), add(shapes, 50);
  }
  return batches;
}

// As merging does: large row groups and a small one, of files with columns of their own.
Result<> write_concatenated(const std::filesystem::path& folder, Random& random, const flow::SchemaPtr& schema,
                            SegmentWriter& writer) {
  std::vector<flow::SealedBatch> batches;
  std::vector<Segment> inputs;
  uint64_t first = 0;
  for (const size_t rows : {34000, 200, 66500}) {
    batches.push_back(shaped_batch(random, schema, a_few_columns(random, *schema), first, rows));
    first += rows;
    inputs.emplace_back().path = folder / fmt::format("input{}.parquet", inputs.size());
    const auto written = writer.write(inputs.back().path, {&batches.back(), 1});
    if (!written) return std::unexpected(written.error());
  }
  const auto done = concatenate_files(*schema, inputs, folder / "concatenated.parquet");
  if (!done) return fail("{}", done.error().message);
  if (!*done) return fail("the row groups of {} cannot be copied", folder.string());
  return write_values(folder / "concatenated.values", batches);
}

Result<> write_samples(const std::filesystem::path& folder, uint64_t seed, size_t files) {
  const flow::SchemaPtr schema = schema_of_every_type();
  const auto writer = make_parquet_writer();
  Random random(seed);
  for (size_t n = 0; n < files; ++n) {
    const auto batches = sample(random, schema, n == 0);
    const auto written = writer->write(folder / fmt::format("{}.parquet", n), batches);
    if (!written) return std::unexpected(written.error());
    if (auto values = write_values(folder / fmt::format("{}.values", n), batches); !values) return values;
  }
  return write_concatenated(folder, random, schema, *writer);
}

bool parse(std::string_view text, auto& number) {
  return std::from_chars(text.begin(), text.end(), number).ptr == text.end() && !text.empty();
}

}  // namespace
}  // namespace weir::store

int main(int argc, char** argv) {
  uint64_t seed = 0;
  size_t files = 0;
  const std::vector<std::string_view> arguments(argv, argv + argc);
  if (arguments.size() != 4 || !weir::store::parse(arguments[2], seed) || !weir::store::parse(arguments[3], files)) {
    fmt::print(stderr, "usage: parquet_samples FOLDER SEED FILES\n");
    return 2;
  }
  if (const auto written = weir::store::write_samples(arguments[1], seed, files); !written) {
    fmt::print(stderr, "{}\n", written.error().message);
    return 1;
  }
  return 0;
}
