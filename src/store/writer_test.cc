#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "store/read_back.h"
#include "store/shaped_batch.h"
#include "store/store.h"
#include "store/test_duckdb_writer.h"
#include "store/test_folder.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;
using flow::ColumnType;

// Of a file with these batches: sparse columns only if a row has a value.
std::vector<flow::ColumnIndex> expected_columns(std::span<const flow::SealedBatch> batches) {
  const flow::Schema& schema = batches.front()->schema();
  std::vector<flow::ColumnIndex> columns;
  for (size_t c = 0; c < schema.size(); ++c) {
    const flow::ColumnIndex column(c);
    bool wanted = !schema[column].sparse;
    for (const flow::SealedBatch& batch : batches) {
      for (size_t row = 0; row < batch->rows() && !wanted; ++row) wanted = batch->is_valid(column, row);
    }
    if (wanted) columns.push_back(column);
  }
  return columns;
}

// Every writer is held to the same: what DuckDB reads back is what was in the batches.
struct WriterKind {
  const char* name;
  std::unique_ptr<SegmentWriter> (*make)();
};

struct Writer : testing::TestWithParam<WriterKind> {
  TestFolder folder;
  std::unique_ptr<SegmentWriter> writer = GetParam().make();
  duck::Database database = duck::Database::open().value();
  duck::Connection connection = database.connect().value();

  // Compares a file with what was written, value by value.
  void expect_equal(const fs::path& path, std::span<const flow::SealedBatch> batches) {
    EXPECT_EQ(difference(connection, path, batches, expected_columns(batches)), std::nullopt);
  }
  void write_and_compare(std::span<const flow::SealedBatch> batches) {
    const fs::path path = folder / "next";
    fs::remove(path);
    const auto stats = writer->write(path, batches);
    ASSERT_TRUE(stats) << stats.error().message;
    EXPECT_EQ(stats->bytes, fs::file_size(path));
    expect_equal(path, batches);
  }
};

std::vector<ColumnShape> random_shapes(Random& random, const flow::Schema& schema) {
  std::vector<ColumnShape> shapes(schema.size());
  for (ColumnShape& shape : shapes) shape = random_shape(random);
  return shapes;
}

TEST_P(Writer, ReadsBackWhatWasWritten) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    Random random(seed);
    std::vector<flow::SealedBatch> batches;
    for (uint64_t n = 1 + random() % 4; n > 0; --n)
      batches.push_back(random_batch(random, {.rows = 1 + random() % 5000}));
    const fs::path path = folder / fmt::format("{}.parquet.tmp", seed);
    const auto stats = writer->write(path, batches);
    ASSERT_TRUE(stats) << stats.error().message;
    EXPECT_EQ(stats->bytes, fs::file_size(path));
    SCOPED_TRACE(fmt::format("seed {}", seed));
    expect_equal(path, batches);
  }
}

TEST_P(Writer, SeveralRowGroupsFromBatchesOfAnySize) {
  const flow::SchemaPtr schema = schema_of_every_type();
  Random random(1);
  // Of a row group of 131072 rows and more than one of the next; batches that share pages, and one that is divided.
  const std::vector<ColumnShape> shapes = random_shapes(random, *schema);
  std::vector<flow::SealedBatch> batches;
  uint64_t first = 0;
  for (const size_t rows : {32768, 32767, 1, 40'001, 7, 31'000, 64, 63}) {
    batches.push_back(shaped_batch(random, schema, shapes, first, rows));
    first += rows;
  }
  ASSERT_GT(first, 131'072u);
  write_and_compare(batches);
}

// Parts have other columns without a value; and a disk that failed is written to again.
TEST_P(Writer, PartsPreparedAheadMakeOneFile) {
  for (uint64_t seed = 1; seed <= 6 && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random(seed);
    std::vector<flow::SealedBatch> batches;
    std::vector<PreparedRows> parts;
    for (const size_t of_part : {1, 3, 2}) {
      std::vector<flow::SealedBatch> part;
      while (part.size() < of_part) part.push_back(random_batch(random, {.rows = 1 + random() % 2000}));
      batches.insert(batches.end(), part.begin(), part.end());
      parts.push_back(writer->prepare(std::move(part)));
    }
    EXPECT_FALSE(writer->write_prepared(folder / "nowhere" / "segment", parts));
    for (const char* name : {"once", "again"}) {
      const fs::path path = folder / fmt::format("{}-{}", seed, name);
      const auto stats = writer->write_prepared(path, parts);
      ASSERT_TRUE(stats) << stats.error().message;
      EXPECT_EQ(stats->bytes, fs::file_size(path));
      expect_equal(path, batches);
    }
  }
}

// Whatever the files before were like: how columns are encoded is kept from one to the next.
TEST_P(Writer, OneFileAfterAnother) {
  const flow::SchemaPtr schema = schema_of_every_type();
  Random random(2);
  for (int n = 0; n < 60 && !HasFailure(); ++n) {
    SCOPED_TRACE(fmt::format("file {}", n));
    std::vector<flow::SealedBatch> batches;
    std::vector<ColumnShape> shapes = random_shapes(random, *schema);
    // DuckDB's dictionaries take -0.0 for 0.0.
    if (std::string_view(GetParam().name) == "duckdb")
      shapes[schema->find("load")->value()].values = ColumnShape::Values::any;
    uint64_t first = random() % 1000;
    for (uint64_t parts = 1 + random() % 3; parts > 0; --parts) {
      const size_t rows = 1 + random() % (random() % 2 == 0 ? 20 : 400);
      batches.push_back(shaped_batch(random, schema, shapes, first, rows));
      first += rows;
    }
    write_and_compare(batches);
  }
}

// The operator's columns change when the configuration is loaded again, and the tables have names in common.
TEST_P(Writer, ANameMayHaveAnotherTypeInTheNextFile) {
  for (const ColumnType type :
       {ColumnType::u32, ColumnType::f64, ColumnType::u64, ColumnType::text, ColumnType::u8, ColumnType::address}) {
    SCOPED_TRACE(static_cast<int>(type));
    const flow::ConfiguredColumn load{.name = "load", .type = type, .enterprise = 9, .element = 1, .conversion = {}};
    const flow::SchemaPtr schema = flow::Schema::flows_with({&load, 1}).value();
    Random random(4);
    const std::vector<ColumnShape> shapes(schema->size(), ColumnShape{.values = ColumnShape::Values::ascending});
    const std::vector<flow::SealedBatch> batches = {shaped_batch(random, schema, shapes, 0, 500)};
    write_and_compare(batches);
  }
}

// Some encodings begin with bytes that readers expect in pages without any value, too.
TEST_P(Writer, PagesOfNullsBetweenOthers) {
  using Values = ColumnShape::Values;
  const flow::SchemaPtr schema = schema_of_every_type();
  for (const Values values : {Values::ascending, Values::cyclic, Values::any, Values::constant}) {
    SCOPED_TRACE(static_cast<int>(values));
    Random random(3);
    const std::vector<ColumnShape> shapes(schema->size(), ColumnShape{.values = values});
    const std::vector<ColumnShape> nulls(schema->size(), ColumnShape{.nulls = ColumnShape::Nulls::all});
    std::vector<flow::SealedBatch> batches;
    // Three pages: the last batch does not fit into that of the one before.
    batches.push_back(shaped_batch(random, schema, shapes, 0, 5000));
    batches.push_back(shaped_batch(random, schema, nulls, 0, 32768));
    batches.push_back(shaped_batch(random, schema, shapes, 0, 3000));
    write_and_compare(batches);
  }
}

TEST_P(Writer, ABatchThatIsUsedAgainLeavesNothingOfItsFirstUse) {
  flow::FlowBatch batch(2048);
  batch.append(10, IpAddress::from_v4(1));
  batch.values<flow::Column::other>()[3] = batch.add_text("a text that is longer than twelve bytes");
  batch.set_valid(flow::Column::other, 0, 10);
  batch.reset();
  batch.append(4, IpAddress::from_v4(1));
  batch.values<flow::Column::other>()[0] = batch.add_text("b");
  batch.set_valid(flow::Column::other, 0, 1);
  batch.settle();
  const flow::SealedBatch sealed(&batch, [](const flow::FlowBatch*) {});
  ASSERT_TRUE(writer->write(folder / "x", {{sealed}}));
  expect_equal(folder / "x", {{sealed}});
}

TEST_P(Writer, ASparseColumnIsInAFileOnlyIfARowHasAValue) {
  using flow::Column;
  static_assert(flow::info(Column::inner_src_addr).sparse && flow::info(Column::url).sparse);
  static_assert(!flow::info(Column::src_mac).sparse);
  std::vector<flow::SealedBatch> batches;
  for (int n = 0; n < 3; ++n) {
    auto batch = std::make_shared<flow::FlowBatch>(4096);
    batch->append(3000, IpAddress::from_v4(1));
    // One value in 9000 rows; and one that was taken back.
    if (n == 1) {
      batch->values<Column::url>()[2999] = batch->add_text("http://example.com/");
      batch->set_valid(Column::url, 2999, 1);
      batch->values<Column::inner_src_addr>()[0] = IpAddress::from_v4(7);
      batch->set_valid(Column::inner_src_addr, 0, 1);
      batch->set_null(Column::inner_src_addr, 0);
    }
    batches.push_back(flow::seal(std::move(batch)));
  }
  ASSERT_TRUE(writer->write(folder / "x", batches));
  expect_equal(folder / "x", batches);
  const auto columns =
      connection.describe("SELECT * FROM read_parquet(" + duck::quote((folder / "x").string()) + ")").value().columns;
  const auto has = [&](std::string_view name) {
    return std::ranges::find(columns, name, &duck::ColumnInfo::name) != columns.end();
  };
  EXPECT_TRUE(has("url"));
  EXPECT_FALSE(has("inner_src_addr"));
  EXPECT_TRUE(has("src_mac")) << "null in every row, but in every file";
  // The next file has columns of its own.
  ASSERT_TRUE(writer->write(folder / "y", {{batches[0]}}));
  expect_equal(folder / "y", {{batches[0]}});
}

TEST_P(Writer, WritesTheColumnsThatTheOperatorAdds) {
  const auto schema =
      flow::Schema::flows_with(
          std::vector<flow::ConfiguredColumn>{
              {.name = "fan_speed", .type = ColumnType::u32, .enterprise = 9, .element = 1, .conversion = {}},
              {.name = "load", .type = ColumnType::f64, .enterprise = 9, .element = 2, .conversion = {}},
              {.name = "mood", .type = ColumnType::text, .enterprise = 9, .element = 3, .conversion = {}},
              {.name = "never", .type = ColumnType::mac, .enterprise = 9, .element = 4, .conversion = {}}})
          .value();
  auto batch = std::make_shared<flow::FlowBatch>(64, schema);
  batch->append(2, IpAddress::from_v4(1));
  static_cast<uint32_t*>(batch->raw(*schema->find("fan_speed")))[1] = 4000;
  batch->set_valid(*schema->find("fan_speed"), 1, 1);
  static_cast<double*>(batch->raw(*schema->find("load")))[0] = 0.25;
  batch->set_valid(*schema->find("load"), 0, 1);
  static_cast<flow::TextRef*>(batch->raw(*schema->find("mood")))[0] = batch->add_text("better than ever before");
  batch->set_valid(*schema->find("mood"), 0, 1);
  const flow::SealedBatch sealed = flow::seal(std::move(batch));
  ASSERT_TRUE(writer->write(folder / "x", {{sealed}}));
  expect_equal(folder / "x", {{sealed}});
  auto rows =
      connection.query("SELECT fan_speed, load, mood FROM read_parquet(" + duck::quote((folder / "x").string()) + ")");
  ASSERT_TRUE(rows) << rows.error().message;
  const auto chunk = rows->next().value();
  ASSERT_TRUE(chunk && chunk->rows() == 2);
  EXPECT_EQ(chunk->value<uint32_t>(0, 1), 4000u);
  EXPECT_EQ(chunk->value<double>(1, 0), 0.25);
  EXPECT_EQ(chunk->text(2, 0), "better than ever before");
}

TEST_P(Writer, RefusesANameThatExistsAndLeavesItAlone) {
  Random random(1);
  const std::vector batches{random_batch(random, {})};
  ASSERT_TRUE(writer->write(folder / "x", batches));
  const auto size = fs::file_size(folder / "x");
  EXPECT_FALSE(writer->write(folder / "x", batches));
  EXPECT_EQ(fs::file_size(folder / "x"), size);
}

TEST_P(Writer, LeavesNothingBehindWhenItFailsAndWorksAgain) {
  Random random(1);
  const std::vector batches{random_batch(random, {})};
  const auto failed = writer->write(folder / "missing" / "x", batches);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("missing/x"), std::string::npos) << failed.error().message;
  EXPECT_TRUE(fs::is_empty(folder.path));
  EXPECT_TRUE(writer->write(folder / "it's", batches));
}

INSTANTIATE_TEST_SUITE_P(, Writer,
                         testing::Values(WriterKind{"weir", make_parquet_writer},
                                         WriterKind{"duckdb", [] { return make_duckdb_writer(); }}),
                         [](const auto& each) { return each.param.name; });

TEST(DuckdbWriter, SeveralThreadsWriteEveryRowOnce) {
  const TestFolder folder;
  duck::Database database = duck::Database::open().value();
  duck::Connection connection = database.connect().value();
  const auto parallel = make_duckdb_writer(2);
  Random random(7);
  std::vector<flow::SealedBatch> batches;
  uint64_t sum = 0;
  for (int n = 0; n < 6; ++n) {
    batches.push_back(random_batch(random, {.rows = 30000}));
    for (size_t row = 0; row < 30000; ++row) {
      if (batches.back()->is_valid(flow::Column::bytes, row))
        sum += batches.back()->values<flow::Column::bytes>()[row] % 1000;
    }
  }
  ASSERT_TRUE(parallel->write(folder / "x", batches));
  auto rows = connection.query("SELECT count(*), sum(bytes % 1000)::UBIGINT FROM read_parquet(" +
                               duck::quote((folder / "x").string()) + ")");
  const auto chunk = rows.value().next().value();
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->value<int64_t>(0, 0), 180000);
  EXPECT_EQ(chunk->value<uint64_t>(1, 0), sum);
}

}  // namespace
}  // namespace weir::store
