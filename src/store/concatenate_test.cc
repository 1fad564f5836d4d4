#include "store/concatenate.h"

#include <gtest/gtest.h>

#include "store/parquet/checksum.h"
#include "store/parquet/footer_reader.h"
#include "store/read_back.h"
#include "store/segment_writer.h"
#include "store/shaped_batch.h"
#include "store/test_duckdb_writer.h"
#include "store/test_folder.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;
using flow::Column;

struct Concatenate : testing::Test {
  TestFolder folder;
  Random random{5};
  std::unique_ptr<SegmentWriter> writer = make_parquet_writer();
  duck::Database database = duck::Database::open().value();
  duck::Connection connection = database.connect().value();
  std::vector<Segment> inputs;
  int written = 0;

  void put(std::vector<flow::SealedBatch> batches) {
    Segment segment;
    segment.path = folder / fmt::format("in{}.parquet", written++);
    ASSERT_TRUE(writer->write(segment.path, batches));
    inputs.push_back(segment);
  }
  flow::SealedBatch batch(size_t rows) { return random_batch(random, {.rows = rows}); }
  std::string scan_inputs() const {
    std::string list;
    for (const Segment& s : inputs) list += (list.empty() ? "" : ", ") + duck::quote(s.path.string());
    return "read_parquet([" + list + "], union_by_name = true)";
  }
  std::string scan(const fs::path& path) const { return "read_parquet(" + duck::quote(path.string()) + ")"; }
  // One value as text.
  std::string ask(const std::string& sql) {
    auto rows = connection.query(sql);
    if (!rows) return rows.error().message;
    const auto chunk = rows->next();
    return chunk && *chunk ? std::string((*chunk)->text(0, 0)) : "no answer";
  }
  // Every value of every row, by the sum of the rows' hashes; the columns by name, as files may differ in their order.
  void expect_same_rows(const fs::path& path) {
    std::string columns;
    const auto described = connection.describe("SELECT * FROM " + scan(path)).value();
    for (const duck::ColumnInfo& column : described.columns)
      columns += (columns.empty() ? "SELECT " : ", ") + duck::quote_name(column.name);
    const auto hash = [&](const std::string& from) {
      return ask("SELECT count(*) || ' rows ' || sum(hash(t)::HUGEINT) FROM (" + columns + " FROM " + from + ") t");
    };
    EXPECT_EQ(hash(scan(path)), hash(scan_inputs()));
    EXPECT_TRUE(hash(scan(path)).contains(" rows ")) << hash(scan(path));
    EXPECT_EQ(parquet::verify_file(path).value().wholeness, parquet::Wholeness::whole);
  }
};

TEST_F(Concatenate, KeepsEveryRowOfEveryGroup) {
  put({batch(32768), batch(32768), batch(32768), batch(32768), batch(20000)});
  put({batch(32768), batch(32000)});
  const fs::path out = folder / "out";
  const auto done = concatenate_files(*flow::Schema::flows(), inputs, out);
  ASSERT_TRUE(done) << done.error().message;
  ASSERT_TRUE(*done);
  const auto file = parquet::SourceFile::open(out);
  const auto layout = file->layout().value();
  ASSERT_TRUE(layout);
  ASSERT_EQ(layout->groups.size(), 3u);
  EXPECT_EQ(layout->groups[0].rows, 131072u);
  EXPECT_EQ(layout->groups[1].rows, 20000u);
  EXPECT_EQ(layout->groups[2].rows, 64768u);
  expect_same_rows(out);
}

TEST_F(Concatenate, EveryValueIsReadInItsPlace) {
  const flow::SchemaPtr schema = schema_of_every_type();
  std::vector<flow::SealedBatch> all;
  uint64_t first = 0;
  for (const size_t rows : {34000, 200, 66500}) {
    std::vector<ColumnShape> shapes(schema->size(), ColumnShape{.nulls = ColumnShape::Nulls::all});
    for (ColumnShape& shape : shapes) {
      if (random() % 4 == 0) shape = random_shape(random);
    }
    all.push_back(shaped_batch(random, schema, shapes, first, rows));
    put({all.back()});
    first += rows;
  }
  ASSERT_TRUE(concatenate_files(*schema, inputs, folder / "out").value());
  EXPECT_EQ(difference(connection, folder / "out", all, columns_to_write(all)), std::nullopt);
}

TEST_F(Concatenate, WhatAnInputHasNotIsNull) {
  const auto with = [&](Column column, std::string_view text) {
    auto made = std::make_shared<flow::FlowBatch>(flow::FlowBatch::kDefaultCapacity);
    made->append(32768, IpAddress::from_v4(1));
    for (size_t row = 0; row < 32768; ++row) made->values<Column::bytes>()[row] = row;
    made->set_valid(Column::bytes, 0, 32768);
    static_cast<flow::TextRef*>(made->raw(column))[7] = made->add_text(text);
    made->set_valid(column, 7, 1);
    return flow::seal(std::move(made));
  };
  put({with(Column::url, "u")});
  put({with(Column::as_path, "64496")});
  const fs::path out = folder / "out";
  ASSERT_TRUE(concatenate_files(*flow::Schema::flows(), inputs, out).value());
  expect_same_rows(out);
  EXPECT_EQ(
      ask("SELECT string_agg(concat(url, '|', as_path), ' ' ORDER BY url) FROM " + scan(out) + " WHERE bytes = 7"),
      "u| |64496");
  // And once more: chunks that are null are copied like all others.
  inputs = {inputs[0]};
  inputs[0].path = out;
  put({batch(32768)});
  ASSERT_TRUE(concatenate_files(*flow::Schema::flows(), inputs, folder / "again").value());
  expect_same_rows(folder / "again");
}

TEST_F(Concatenate, BoundsIndexesAndBloomFiltersMoveAlong) {
  put({batch(32768)});
  put({batch(32768)});
  const fs::path out = folder / "out";
  ASSERT_TRUE(concatenate_files(*flow::Schema::flows(), inputs, out).value());
  const auto merged = parquet::SourceFile::open(out)->layout().value().value();
  for (size_t g = 0; g < 2; ++g) {
    const auto original = parquet::SourceFile::open(inputs[g].path)->layout().value().value();
    for (size_t c = 0; c < merged.columns.size(); ++c) {
      const auto place =
          std::ranges::find(original.columns, merged.columns[c].name, &parquet::FileLayout::Column::name);
      if (place == original.columns.end()) continue;
      const auto& before = original.groups[0].columns[static_cast<size_t>(place - original.columns.begin())];
      const auto& after = merged.groups[g].columns[c];
      EXPECT_EQ(before.bounds.has_value(), after.bounds.has_value());
      EXPECT_EQ(before.nulls, after.nulls);
      EXPECT_EQ(before.bloom_bytes, after.bloom_bytes);
      EXPECT_EQ(before.column_index_bytes, after.column_index_bytes) << merged.columns[c].name;
      ASSERT_EQ(before.pages.size(), after.pages.size());
    }
  }
  // Every address is found through its Bloom filter.
  for (const Segment& s : inputs) {
    EXPECT_EQ(ask("SELECT count(*)::VARCHAR FROM (SELECT src_addr FROM " + scan(s.path) +
                  " WHERE src_addr IS NOT NULL LIMIT 20) a WHERE NOT EXISTS (SELECT 1 FROM " + scan(out) +
                  " b WHERE b.src_addr = a.src_addr)"),
              "0");
  }
}

TEST_F(Concatenate, LeavesSmallGroupsToTheOtherWay) {
  put({batch(32768)});
  put({batch(100)});
  EXPECT_FALSE(concatenate_files(*flow::Schema::flows(), inputs, folder / "out").value());
  EXPECT_FALSE(fs::exists(folder / "out"));
}

TEST_F(Concatenate, LeavesFilesOfOthersToTheOtherWay) {
  Segment other;
  other.path = folder / "other";
  ASSERT_TRUE(make_duckdb_writer()->write(other.path, {{batch(40000)}}));
  inputs.push_back(other);
  put({batch(40000)});
  EXPECT_FALSE(concatenate_files(*flow::Schema::flows(), inputs, folder / "out").value());
}

TEST_F(Concatenate, SaysWhoseFaultItIs) {
  put({batch(32768)});
  Segment missing;
  missing.path = folder / "missing";
  inputs.push_back(missing);
  const auto no_input = concatenate_files(*flow::Schema::flows(), inputs, folder / "out");
  ASSERT_FALSE(no_input);
  EXPECT_FALSE(no_input.error().writing);
  inputs.pop_back();
  const auto no_folder = concatenate_files(*flow::Schema::flows(), inputs, folder / "nowhere" / "out");
  ASSERT_FALSE(no_folder);
  EXPECT_TRUE(no_folder.error().writing);
}

}  // namespace
}  // namespace weir::store
