// Row groups that wait for their file, in a sixth of the memory that their batches take.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flow/batch.h"
#include "store/parquet/buffer.h"
#include "store/parquet/column_encoder.h"
#include "store/parquet/format.h"

namespace weir::store::parquet {

// What is kept from one row group to the next: memory, and what the trials of each column found. One thread, one file
// at a time.
class EncodingContext {
 public:
  ColumnEncoder encoder;
  std::map<std::pair<std::string, flow::ColumnType>, TrialResult> trials;  // by column
  Buffer out;                                                              // of the file under way
  Buffer bloom;
  // An empty buffer for a row group. Fresh memory costs more than filling it, so buffers that were given back are taken
  // again: as many as a segment has row groups, and none that long texts have made large.
  Buffer take_buffer();
  void give_back(Buffer buffer);

 private:
  std::vector<Buffer> spare_;
};

// Pages and Bloom filters of one row group. Offsets count from its first byte.
struct EncodedGroup {
  std::vector<flow::ColumnIndex> columns;  // that are in it, rising
  RowGroup layout;                         // has as many columns
  Buffer bytes;
};

// Their buffers go back to the context.
struct EncodedRows {
  EncodedRows(flow::SchemaPtr of, std::shared_ptr<EncodingContext> from)
      : schema(std::move(of)), context(std::move(from)) {}
  EncodedRows(const EncodedRows&) = delete;
  EncodedRows& operator=(const EncodedRows&) = delete;
  ~EncodedRows();

  const flow::SchemaPtr schema;
  const std::shared_ptr<EncodingContext> context;
  std::vector<EncodedGroup> groups;
};

// columns: of the schema, rising. Who is done with the bytes gives them back to the context.
EncodedGroup encode_group(const GroupRows& group, std::vector<flow::ColumnIndex> columns, EncodingContext& context);

}  // namespace weir::store::parquet
