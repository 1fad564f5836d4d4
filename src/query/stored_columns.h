// The columns that the files of a store have: which sparse ones hold anything, and which the operator added.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "duck/duck.h"
#include "query/query.h"
#include "store/survey.h"

namespace weir::query {

class StoredColumns {
 public:
  // Reads nothing until it is asked.
  // surveyor: of a store.
  StoredColumns(std::shared_ptr<store::Surveyor> surveyor, Window window)
      : surveyor_(std::move(surveyor)), window_(window) {}

  // Of this version: all that every file has, and of the sparse ones those that a file has; then the operator's. The
  // names in the order of the schema. Without a store: as if it were empty.
  std::vector<std::string> names();
  // As MoreColumns; refers to this object.
  MoreColumns more();

 private:
  const std::vector<duck::ColumnInfo>& columns();

  std::shared_ptr<store::Surveyor> surveyor_;
  Window window_;
  std::optional<std::vector<duck::ColumnInfo>> columns_;  // in the files
};

}  // namespace weir::query
