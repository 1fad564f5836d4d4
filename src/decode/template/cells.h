// Cells of rows that are being made, by column, type and row.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "flow/batch.h"

namespace weir::decode {

inline uint64_t number_at(const flow::FlowBatch& batch, flow::ColumnIndex column, flow::ColumnType type, size_t row) {
  const void* memory = batch.raw(column);
  switch (type) {
    case flow::ColumnType::u8:
      return static_cast<const uint8_t*>(memory)[row];
    case flow::ColumnType::u16:
      return static_cast<const uint16_t*>(memory)[row];
    case flow::ColumnType::u32:
      return static_cast<const uint32_t*>(memory)[row];
    default:
      return static_cast<const uint64_t*>(memory)[row];
  }
}

inline void put_number(flow::FlowBatch& batch, flow::ColumnIndex column, flow::ColumnType type, size_t row,
                       uint64_t value) {
  void* memory = batch.raw(column);
  switch (type) {
    case flow::ColumnType::u8:
      static_cast<uint8_t*>(memory)[row] = static_cast<uint8_t>(value);
      break;
    case flow::ColumnType::u16:
      static_cast<uint16_t*>(memory)[row] = static_cast<uint16_t>(value);
      break;
    case flow::ColumnType::u32:
      static_cast<uint32_t*>(memory)[row] = static_cast<uint32_t>(value);
      break;
    default:
      static_cast<uint64_t*>(memory)[row] = value;
      break;
  }
  batch.set_valid(column, row, 1);
}

inline void put_text(flow::FlowBatch& batch, flow::Column column, size_t row, flow::TextRef text) {
  static_cast<flow::TextRef*>(batch.raw(column))[row] = text;
  batch.set_valid(column, row, 1);
}

// The rows of the last append().
template <flow::Column column>
void fill(flow::FlowBatch& batch, size_t first, size_t rows, flow::ValueOf<column> value) {
  const flow::FlowBatch::Appended cells = batch.appended(column);
  const auto out = std::span(static_cast<flow::ValueOf<column>*>(cells.raw()), first + rows).subspan(first);
  if (rows == 1)
    out.front() = value;
  else
    std::ranges::fill(out, value);
  cells.set_valid();
}

}  // namespace weir::decode
