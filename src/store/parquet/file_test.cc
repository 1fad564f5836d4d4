// Files as DuckDB finds them: which encodings were chosen, what it skips by bounds and Bloom filters, and that it never
// skips too much.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "store/parquet/row_group.h"
#include "store/read_back.h"
#include "store/segment_writer.h"
#include "store/shaped_batch.h"
#include "store/test_folder.h"

namespace weir::store::parquet {
namespace {

namespace fs = std::filesystem;
using Values = ColumnShape::Values;
using Nulls = ColumnShape::Nulls;

// One of each type, and a few more.
constexpr std::array<std::string_view, 10> kNames = {"time_received", "bytes",  "src_addr", "dst_addr", "src_port",
                                                     "proto",         "src_as", "src_mac",  "load",     "mood"};

struct ParquetFile : testing::Test {
  TestFolder folder;
  fs::path path = folder / "x.parquet";
  std::unique_ptr<SegmentWriter> writer = make_parquet_writer();
  duck::Database database = duck::Database::open().value();
  duck::Connection connection = database.connect().value();
  flow::SchemaPtr schema = schema_of_every_type();
  Random random{1};

  flow::ColumnIndex column(std::string_view name) const { return schema->find(name).value(); }
  std::vector<ColumnShape> all_null() const { return std::vector(schema->size(), ColumnShape{.nulls = Nulls::all}); }
  // Of kNames; the other columns are null. None of them is without any value.
  std::vector<ColumnShape> random_shapes() {
    std::vector<ColumnShape> shapes = all_null();
    for (const std::string_view name : kNames) {
      ColumnShape& shape = shapes[column(name).value()];
      shape = random_shape(random);
      if (shape.nulls == Nulls::all) shape.nulls = Nulls::few;
    }
    return shapes;
  }
  void write(std::span<const flow::SealedBatch> batches) {
    fs::remove(path);
    ASSERT_TRUE(writer->write(path, batches));
    EXPECT_EQ(difference(connection, path, batches, columns_to_write(batches)), std::nullopt);
  }
  std::string file() const { return "read_parquet(" + duck::quote(path.string()) + ", hive_partitioning = false)"; }

  using Rows = std::vector<std::vector<std::string>>;
  // All values of a result as text; an error is a row of its own.
  Rows query(const std::string& sql) {
    auto rows = connection.query("SELECT COLUMNS(*)::VARCHAR FROM (" + sql + ")");
    if (!rows) return {{rows.error().message}};
    Rows result;
    while (true) {
      const auto chunk = rows->next();
      if (!chunk) return {{chunk.error().message}};
      if (!*chunk) return result;
      for (size_t row = 0; row < (*chunk)->rows(); ++row) {
        result.emplace_back();
        for (size_t c = 0; c < (*chunk)->columns(); ++c)
          result.back().emplace_back((*chunk)->is_null(c, row) ? "null" : (*chunk)->text(c, row));
      }
    }
  }
  std::string value(const std::string& sql) {
    const Rows rows = query(sql);
    return rows.size() == 1 && rows[0].size() == 1 ? rows[0][0] : fmt::format("{} rows", rows.size());
  }
  // The rows of a row group, by their place.
  std::string group(size_t which) const {
    return fmt::format("(FROM {} LIMIT {} OFFSET {})", file(), kGroupRows, which * kGroupRows);
  }
  // The one value of a query, as SQL has it: texts by their bytes, as some hold a NUL.
  std::string literal(std::string_view name, const std::string& query_of_one) {
    const flow::ColumnType type = (*schema)[column(name)].type;
    if (type == flow::ColumnType::text)
      return fmt::format("decode(unhex('{}'))", value("SELECT hex(" + query_of_one + ")"));
    return fmt::format("{}::{}", duck::quote(value("SELECT " + query_of_one)), sql_type(type));
  }
  // Of a row group's column: `RLE, DELTA_BINARY_PACKED` and so on.
  std::string metadata(std::string_view what, std::string_view name, size_t group = 0) {
    return value(fmt::format("SELECT {} FROM parquet_metadata({}) WHERE path_in_schema = '{}' AND row_group_id = {}",
                             what, duck::quote(path.string()), name, group));
  }
  // Fills a column chunk with bytes that no reader takes.
  void destroy(std::string_view name, size_t group) {
    const auto number = [&](std::string_view what) { return std::stoll(metadata(what, name, group)); };
    const auto begin = number("coalesce(dictionary_page_offset, data_page_offset)");
    std::fstream(path, std::ios::binary | std::ios::in | std::ios::out)
        .seekp(begin)
        .write(std::string(number("total_compressed_size"), '\xff').data(), number("total_compressed_size"));
  }
};

TEST_F(ParquetFile, EveryEncodingIsWrittenWithEveryCodec) {
  std::set<std::pair<std::string, std::string>> seen;
  for (int n = 0; n < 60 && seen.size() < 9 && !HasFailure(); ++n) {
    std::vector<ColumnShape> shapes(schema->size());
    for (ColumnShape& shape : shapes) shape = random_shape(random);
    write({{shaped_batch(random, schema, shapes, 0, 5000)}});
    for (const auto& row :
         query("SELECT DISTINCT encodings, compression FROM parquet_metadata(" + duck::quote(path.string()) + ")")) {
      ASSERT_EQ(row.size(), 2u) << row[0];
      for (const char* encoding : {"RLE_DICTIONARY", "DELTA_BINARY_PACKED", "PLAIN"}) {
        if (row[0].find(encoding) == std::string::npos) continue;
        seen.emplace(encoding, row[1]);
        break;  // the entries of dictionaries are plain
      }
    }
  }
  for (const char* encoding : {"PLAIN", "RLE_DICTIONARY", "DELTA_BINARY_PACKED"}) {
    for (const char* codec : {"UNCOMPRESSED", "LZ4_RAW", "ZSTD"})
      EXPECT_TRUE(seen.contains({encoding, codec})) << encoding << " " << codec;
  }
}

TEST_F(ParquetFile, DictionariesOfAsManyEntriesAsAnIndexCanTell) {
  const std::vector<std::string_view> names = {"bytes", "src_addr", "mood"};
  for (const uint64_t distinct : {65535, 65536, 65537}) {
    SCOPED_TRACE(distinct);
    std::vector<ColumnShape> shapes = all_null();
    for (const std::string_view name : names)
      shapes[column(name).value()] = {.values = Values::cyclic, .distinct = distinct, .seed = uint64_t{1} << 40};
    std::vector<flow::SealedBatch> batches;
    for (size_t first = 0; first < kGroupRows; first += kPageRows)
      batches.push_back(shaped_batch(random, schema, shapes, first, kPageRows));
    writer = make_parquet_writer();
    write(batches);
    for (const std::string_view name : names) {
      EXPECT_EQ(metadata("encodings LIKE '%RLE_DICTIONARY%'", name), distinct <= 65536 ? "true" : "false") << name;
    }
  }
}

TEST_F(ParquetFile, NullCountsAndBoundsAreRight) {
  std::vector<flow::SealedBatch> batches;
  const std::vector<ColumnShape> shapes = random_shapes();
  for (size_t first = 0; first < 3 * kGroupRows / 2; first += kPageRows)
    batches.push_back(shaped_batch(random, schema, shapes, first, kPageRows));
  write(batches);
  size_t with_bounds = 0;
  for (const std::string_view name : kNames) {
    for (size_t g = 0; g < 2; ++g) {
      const std::string range = fmt::format("(SELECT {} AS c FROM {})", name, group(g));
      EXPECT_EQ(metadata("stats_null_count", name, g), value("SELECT count(*) - count(c) FROM " + range)) << name;
      if (metadata("stats_min_value", name, g) == "null") continue;
      ++with_bounds;
      // Texts with a NUL or quotes are shown in another way.
      const flow::ColumnType type = (*schema)[column(name)].type;
      if (type == flow::ColumnType::text) continue;
      for (const char* which : {"min", "max"}) {
        EXPECT_EQ(metadata(fmt::format("stats_{}_value::{}", which, sql_type(type)), name, g),
                  value(fmt::format("SELECT {}(c) FROM {}", which, range)))
            << which << " of " << name;
      }
    }
  }
  EXPECT_GT(with_bounds, kNames.size());
}

// The same questions to the file and to a table, which has neither bounds nor Bloom filters.
TEST_F(ParquetFile, FiltersFindTheSameAsWithoutBounds) {
  for (int n = 0; n < 3; ++n) {
    const std::vector<ColumnShape> shapes = random_shapes();
    std::vector<flow::SealedBatch> batches;
    for (size_t first = 0; first < kGroupRows + kPageRows; first += kPageRows)
      batches.push_back(shaped_batch(random, schema, shapes, first, kPageRows));
    write(batches);
    ASSERT_TRUE(connection.run("CREATE OR REPLACE TABLE t AS FROM " + file()));
    for (const std::string_view name : kNames) {
      for (int sample = 0; sample < 5; ++sample) {
        const std::string one = literal(
            name, fmt::format("(SELECT {0} FROM t WHERE {0} IS NOT NULL LIMIT 1 OFFSET {1})", name, random() % 100));
        for (const char* comparison : {"=", "<", ">=", "<>"}) {
          const auto count = [&](std::string_view from) {
            return value(fmt::format("SELECT count(*) FROM {} WHERE {} {} {}", from, name, comparison, one));
          };
          EXPECT_EQ(count(file()), count("t")) << name << comparison << one;
        }
      }
      const auto nulls = [&](std::string_view from) {
        return value(fmt::format("SELECT count(*) FROM {} WHERE {} IS NULL", from, name));
      };
      EXPECT_EQ(nulls(file()), nulls("t")) << name;
    }
  }
}

TEST_F(ParquetFile, ReadersSkipRowGroupsByTheirBounds) {
  std::vector<ColumnShape> shapes = all_null();
  for (const char* name : {"time_received", "src_as", "bytes", "mood"})
    shapes[column(name).value()] = {.values = Values::ascending, .seed = 1'000'000};
  std::vector<flow::SealedBatch> batches;
  for (size_t first = 0; first < 3 * kGroupRows; first += kPageRows)
    batches.push_back(shaped_batch(random, schema, shapes, first, kPageRows));
  write(batches);
  for (const char* name : {"time_received", "src_as", "bytes", "mood"}) {
    // The second row group.
    const std::string least = literal(name, fmt::format("(SELECT min({}) FROM {})", name, group(1)));
    const std::string in_the_first =
        literal(name, fmt::format("(SELECT {} FROM {} LIMIT 1 OFFSET 70000)", name, file()));
    const std::string greatest = literal(name, fmt::format("(SELECT max({}) FROM {})", name, group(1)));
    const auto between = [&](const std::string& from) {
      return value(fmt::format("SELECT count(*) FROM {} WHERE {} BETWEEN {} AND {}", file(), name, from, greatest));
    };
    EXPECT_EQ(between(least), "131072") << name;
    destroy(name, 0);
    destroy(name, 2);
    EXPECT_EQ(between(least), "131072") << name << ": a group was read that has nothing of it";
    EXPECT_NE(between(in_the_first).find("Error"), std::string::npos)
        << name << ": the first group was not destroyed, which proves nothing";
  }
}

// DuckDB 1.5 makes nothing of bounds and Bloom filters of addresses (of those that it wrote itself neither); what is in
// them, tests/e2e/test_parquet_readers.py checks with other readers. It must find every address nonetheless.
TEST_F(ParquetFile, EveryAddressIsFound) {
  std::vector<ColumnShape> shapes = all_null();
  shapes[column("src_addr").value()] = {.values = Values::any, .nulls = Nulls::few};
  shapes[column("dst_addr").value()] = {.values = Values::cyclic, .distinct = 2000};
  std::vector<flow::SealedBatch> batches;
  for (size_t first = 0; first < kGroupRows + kPageRows; first += kPageRows)
    batches.push_back(shaped_batch(random, schema, shapes, first, kPageRows));
  write(batches);
  for (const char* name : {"src_addr", "dst_addr"}) {
    for (size_t row = 1; row < kGroupRows + kPageRows; row += 3001) {
      const flow::FlowBatch& batch = *batches[row / kPageRows];
      if (!batch.is_valid(column(name), row % kPageRows)) continue;
      const auto address = static_cast<const IpAddress*>(batch.raw(column(name)))[row % kPageRows];
      std::string digits;
      for (const uint8_t byte : address.bytes) digits += fmt::format("{:02x}", byte);
      const std::string filter = fmt::format("{} = '{}'::UUID", name, digits);
      EXPECT_EQ(value(fmt::format("SELECT count(*) > 0 FROM {} WHERE {}", file(), filter)), "true") << filter;
      EXPECT_EQ(
          value(fmt::format("SELECT count_if(bloom_filter_excludes) FROM parquet_bloom_probe({}, '{}', '{}'::UUID)"
                            " WHERE row_group_id = {}",
                            duck::quote(path.string()), name, digits, row / kGroupRows)),
          "0");
    }
  }
}

}  // namespace
}  // namespace weir::store::parquet
