// The SegmentWriter that the store uses.
#include <algorithm>

#include "store/parquet/file_writer.h"
#include "store/store.h"

namespace weir::store {
namespace {

class ParquetWriter final : public SegmentWriter {
 public:
  Result<SegmentStats> write(const std::filesystem::path& path, std::span<const flow::SealedBatch> batches) override {
    parquet::FileWriter file(workshop_);
    if (const auto created = file.create(path, batches.front()->schema(), columns_to_write(batches)); !created)
      return std::unexpected(created.error());
    auto written = add_all(file, batches);
    if (!written) {
      std::error_code ignored;
      std::filesystem::remove(path, ignored);
    }
    return written;
  }

 private:
  static Result<SegmentStats> add_all(parquet::FileWriter& file, std::span<const flow::SealedBatch> batches) {
    for (const parquet::GroupRows& group : parquet::plan_groups(batches)) {
      if (const auto added = file.add(group); !added) return std::unexpected(added.error());
    }
    return file.finish();
  }

  parquet::Workshop workshop_;
};

}  // namespace

std::unique_ptr<SegmentWriter> make_parquet_writer() { return std::make_unique<ParquetWriter>(); }

}  // namespace weir::store
