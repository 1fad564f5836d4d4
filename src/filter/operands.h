// The values of a flow that a condition looks at, out of a batch.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "filter/fields.h"
#include "flow/batch.h"

namespace weir::filter {

// Wide enough for bits a second of any counter.
__extension__ using Wide = unsigned __int128;

// A column of a batch, which may have none of the name, or one of another type: then every row is null.
class BatchColumn {
 public:
  BatchColumn(const flow::FlowBatch& batch, std::string_view name);

  bool present() const { return data_ != nullptr; }
  flow::ColumnType type() const { return type_; }
  bool is_valid(size_t row) const { return batch_->is_valid(column_, row); }
  bool is_numeric() const {
    return type_ != flow::ColumnType::text && type_ != flow::ColumnType::address && type_ != flow::ColumnType::f64;
  }
  // Values of rows that are valid. Numbers, MAC addresses, and times in two's complement:
  uint64_t number(size_t row) const;
  IpAddress address(size_t row) const { return static_cast<const IpAddress*>(data_)[row]; }
  std::string_view text(size_t row) const { return batch_->text(static_cast<const flow::TextRef*>(data_)[row]); }
  template <class T>
  const T* values() const {
    return static_cast<const T*>(data_);
  }

 private:
  const flow::FlowBatch* batch_;
  flow::ColumnIndex column_;
  flow::ColumnType type_ = flow::ColumnType::u8;
  const void* data_ = nullptr;
};

// The value of an operand for each row; nothing is null.
class OperandReader {
 public:
  OperandReader(const flow::FlowBatch& batch, const Operand& operand);

  std::optional<Wide> number(size_t row) const;
  std::optional<IpAddress> address(size_t row) const;
  std::optional<std::string_view> text(size_t row) const;

 private:
  // The column that has the value of a row, if one has.
  const BatchColumn* holder(size_t row) const;
  std::optional<Wide> duration(size_t row) const;
  std::optional<Wide> rate(const BatchColumn& counter, unsigned factor, std::optional<Wide> by, size_t row) const;

  Operand::Of of_;
  BatchColumn column_;
  BatchColumn other_;
  BatchColumn start_;
  BatchColumn end_;
  BatchColumn packets_;
  BatchColumn bytes_;
};

}  // namespace weir::filter
