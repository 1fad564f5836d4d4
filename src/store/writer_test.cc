#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "store/parquet_types.h"
#include "store/random_batch.h"
#include "store/store.h"
#include "store/test_folder.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;
using flow::ColumnType;

std::string value_in_batch(const flow::FlowBatch& batch, flow::ColumnIndex column, size_t row) {
  if (!batch.is_valid(column, row)) return "null";
  const void* data = batch.raw(column);
  switch (batch.schema()[column].type) {
    case ColumnType::u8:
      return std::to_string(static_cast<const uint8_t*>(data)[row]);
    case ColumnType::u16:
      return std::to_string(static_cast<const uint16_t*>(data)[row]);
    case ColumnType::u32:
      return std::to_string(static_cast<const uint32_t*>(data)[row]);
    case ColumnType::u64:
    case ColumnType::mac:
      return std::to_string(static_cast<const uint64_t*>(data)[row]);
    case ColumnType::timestamp:
      return to_rfc3339(timestamp_from_us(static_cast<const int64_t*>(data)[row]));
    case ColumnType::address:
      return static_cast<const IpAddress*>(data)[row].to_string();
    case ColumnType::f64:
      return std::to_string(static_cast<const double*>(data)[row]);
    case ColumnType::text:
      return std::string(batch.text(static_cast<const flow::TextRef*>(data)[row]));
  }
  return "?";
}

std::string value_in_chunk(const duck::Chunk& chunk, size_t column, ColumnType type, size_t row) {
  if (chunk.is_null(column, row)) return "null";
  switch (type) {
    case ColumnType::u8:
      return std::to_string(chunk.value<uint8_t>(column, row));
    case ColumnType::u16:
      return std::to_string(chunk.value<uint16_t>(column, row));
    case ColumnType::u32:
      return std::to_string(chunk.value<uint32_t>(column, row));
    case ColumnType::u64:
    case ColumnType::mac:
      return std::to_string(chunk.value<uint64_t>(column, row));
    case ColumnType::timestamp:
      return to_rfc3339(chunk.timestamp(column, row));
    case ColumnType::address:
      return chunk.uuid(column, row).to_string();
    case ColumnType::f64:
      return std::to_string(chunk.value<double>(column, row));
    case ColumnType::text:
      return std::string(chunk.text(column, row));
  }
  return "?";
}

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
    auto rows =
        connection.query("SELECT * FROM read_parquet(" + duck::quote(path.string()) + ", hive_partitioning = false)");
    ASSERT_TRUE(rows) << rows.error().message;
    const flow::Schema& schema = batches.front()->schema();
    const std::vector<flow::ColumnIndex> columns = expected_columns(batches);
    ASSERT_EQ(rows->columns().size(), columns.size());
    for (size_t i = 0; i < columns.size(); ++i) {
      EXPECT_EQ(rows->columns()[i].name, schema[columns[i]].name);
      EXPECT_EQ(rows->columns()[i].type, duck_type(schema[columns[i]].type)) << schema[columns[i]].name;
    }
    size_t batch = 0, batch_row = 0, different = 0, compared = 0;
    while (auto chunk = rows->next().value()) {
      for (size_t row = 0; row < chunk->rows(); ++row, ++batch_row, ++compared) {
        while (batch < batches.size() && batch_row == batches[batch]->rows()) ++batch, batch_row = 0;
        ASSERT_LT(batch, batches.size()) << "more rows than were written";
        for (size_t i = 0; i < columns.size() && different < 5; ++i) {
          const flow::ColumnInfo& column = schema[columns[i]];
          const std::string want = value_in_batch(*batches[batch], columns[i], batch_row);
          const std::string got = value_in_chunk(*chunk, i, column.type, row);
          EXPECT_EQ(got, want) << column.name << " of row " << batch_row << " of batch " << batch;
          different += got != want;
        }
      }
    }
    size_t rows_written = 0;
    for (const auto& b : batches) rows_written += b->rows();
    EXPECT_EQ(compared, rows_written);
  }
};

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

TEST_P(Writer, ABatchThatIsUsedAgainLeavesNothingOfItsFirstUse) {
  flow::FlowBatch batch(2048);
  batch.append(10, IpAddress::from_v4(1));
  batch.values<flow::Column::other>()[3] = batch.add_text("a text that is longer than twelve octets");
  batch.set_valid(flow::Column::other, 0, 10);
  batch.reset();
  batch.append(4, IpAddress::from_v4(1));
  batch.values<flow::Column::other>()[0] = batch.add_text("b");
  batch.set_valid(flow::Column::other, 0, 1);
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
    batches.push_back(batch);
  }
  ASSERT_TRUE(writer->write(folder / "x", batches));
  expect_equal(folder / "x", batches);
  const auto columns =
      connection.describe("SELECT * FROM read_parquet(" + duck::quote((folder / "x").string()) + ")").value();
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
  ASSERT_TRUE(writer->write(folder / "x", {{batch}}));
  expect_equal(folder / "x", {{batch}});
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
                                         WriterKind{"duckdb", [] { return make_duckdb_writer().value(); }}),
                         [](const auto& each) { return each.param.name; });

TEST(DuckdbWriter, SeveralThreadsWriteEveryRowOnce) {
  const TestFolder folder;
  duck::Database database = duck::Database::open().value();
  duck::Connection connection = database.connect().value();
  const auto parallel = make_duckdb_writer(2).value();
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
