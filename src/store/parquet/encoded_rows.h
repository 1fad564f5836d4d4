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

// What is kept from one row group to the next: memory, and how each column is encoded best.
struct Workshop {
  ColumnEncoder encoder;
  std::map<std::pair<std::string, flow::ColumnType>, Habit> habits;  // by name of column
  Buffer out;                                                        // of the file under way
  Buffer bloom;
  size_t group_octets = 0;    // of the last row group; the next one will be about as long
  std::vector<Buffer> spare;  // of row groups that have been written
};

// Pages and Bloom filters of one row group. Offsets count from its first octet.
struct EncodedGroup {
  std::vector<flow::ColumnIndex> columns;  // that are in it, rising
  RowGroup layout;                         // has as many columns
  Buffer octets;
};

// Their buffers go back to the workshop: fresh memory costs more than to fill it.
struct EncodedRows {
  EncodedRows(flow::SchemaPtr of, std::shared_ptr<Workshop> from) : schema(std::move(of)), workshop(std::move(from)) {}
  EncodedRows(const EncodedRows&) = delete;
  EncodedRows& operator=(const EncodedRows&) = delete;
  ~EncodedRows();

  const flow::SchemaPtr schema;
  const std::shared_ptr<Workshop> workshop;
  std::vector<EncodedGroup> groups;
};

// columns: of the schema, rising. Takes one of the spare buffers.
EncodedGroup encode_group(const GroupRows& group, std::vector<flow::ColumnIndex> columns, Workshop& workshop);

}  // namespace weir::store::parquet
