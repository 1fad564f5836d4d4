// The SegmentWriter that the store uses.
#include <algorithm>
#include <memory>

#include "store/parquet/file_writer.h"
#include "store/store.h"

namespace weir::store {
namespace {

// Those of all groups, rising.
std::vector<flow::ColumnIndex> columns_of(std::span<const PreparedRows> rows) {
  std::vector<flow::ColumnIndex> columns;
  for (const PreparedRows& part : rows) {
    for (const parquet::EncodedGroup& group : part.encoded->groups)
      columns.insert(columns.end(), group.columns.begin(), group.columns.end());
  }
  std::ranges::sort(columns);
  columns.erase(std::ranges::unique(columns).begin(), columns.end());
  return columns;
}

flow::Marks marks_of(std::span<const flow::SealedBatch> batches) {
  flow::Marks marks;
  for (const flow::SealedBatch& batch : batches) {
    if (batch->marks()) marks.add(*batch->marks());
  }
  return marks;
}

flow::Marks marks_of(std::span<const PreparedRows> rows) {
  flow::Marks marks;
  for (const PreparedRows& part : rows) marks.add(part.marks);
  return marks;
}

class ParquetWriter final : public SegmentWriter {
 public:
  PreparedRows prepare(std::vector<flow::SealedBatch> batches) override {
    const std::vector<flow::ColumnIndex> columns = columns_to_write(batches);
    const auto encoded = std::make_shared<parquet::EncodedRows>(batches.front()->shared_schema(), context_);
    for (const parquet::GroupRows& group : parquet::plan_groups(batches))
      encoded->groups.push_back(parquet::encode_group(group, columns, *context_));
    return {{}, encoded, marks_of(batches)};
  }

  Result<SegmentStats> write_prepared(const std::filesystem::path& path, std::span<const PreparedRows> rows) override {
    CHECK(!rows.empty());
    parquet::FileWriter file(*context_);
    TRY(file.create(path, *rows.front().encoded->schema, columns_of(rows)));
    file.set_marks(marks_of(rows));
    auto written = add_all(file, rows);
    if (!written) {
      std::error_code ignored;
      std::filesystem::remove(path, ignored);
    }
    return written;
  }

 private:
  static Result<SegmentStats> add_all(parquet::FileWriter& file, std::span<const PreparedRows> rows) {
    for (const PreparedRows& part : rows) {
      for (const parquet::EncodedGroup& group : part.encoded->groups) {
        TRY(file.add(group));
      }
    }
    return file.finish();
  }

  const std::shared_ptr<parquet::EncodingContext> context_ = std::make_shared<parquet::EncodingContext>();
};

}  // namespace

std::unique_ptr<SegmentWriter> make_parquet_writer() { return std::make_unique<ParquetWriter>(); }

}  // namespace weir::store
