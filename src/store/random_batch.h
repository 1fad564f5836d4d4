// Batches for tests and benchmarks of the store: seeded, every type, nulls, and texts with odd bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "flow/batch.h"

namespace weir::store {

using Random = std::mt19937_64;

struct BatchShape {
  size_t rows = 1000;
  Timestamp first = timestamp_from_us(1'795'356'300'000'000);  // 2026-11-22T13:25:00Z
  int64_t span_us = 1'000'000;                                 // of time_received, from `first`
};

// Columns chosen by chance: without any value, with some, with one in every row. time_received is always there.
inline flow::SealedBatch random_batch(Random& random, const BatchShape& shape) {
  using flow::Column;
  const size_t capacity = (shape.rows + 63) / 64 * 64;
  auto batch = std::make_shared<flow::FlowBatch>(capacity);
  batch->append(shape.rows, IpAddress::from_v4(0xc0000201));
  const auto below = [&](uint64_t limit) { return random() % limit; };
  const std::string alphabet("ab\0\x01\n\"'\\\xc3\xa4\xe2\x82\xac%", 14);
  for (size_t c = 0; c < flow::kColumnCount; ++c) {
    const auto column = static_cast<Column>(c);
    const uint64_t fill = column == Column::time_received ? 2 : below(3);
    if (fill == 0) continue;
    const bool low = below(2) == 0;  // few distinct values
    void* data = batch->raw(column);
    for (size_t row = 0; row < shape.rows; ++row) {
      if (fill == 1 && below(3) == 0) continue;
      const uint64_t value = low ? below(5) : random();
      switch (flow::info(column).type) {
        case flow::ColumnType::u8:
          static_cast<uint8_t*>(data)[row] = static_cast<uint8_t>(value);
          break;
        case flow::ColumnType::u16:
          static_cast<uint16_t*>(data)[row] = static_cast<uint16_t>(value);
          break;
        case flow::ColumnType::u32:
          static_cast<uint32_t*>(data)[row] = static_cast<uint32_t>(value);
          break;
        case flow::ColumnType::u64:
          static_cast<uint64_t*>(data)[row] = value;
          break;
        case flow::ColumnType::mac:
          static_cast<uint64_t*>(data)[row] = value >> 16;
          break;
        case flow::ColumnType::timestamp:
          static_cast<int64_t*>(data)[row] =
              to_us(shape.first) + static_cast<int64_t>(below(static_cast<uint64_t>(shape.span_us)));
          break;
        case flow::ColumnType::address: {
          IpAddress address = IpAddress::from_v4(static_cast<uint32_t>(value));
          if (below(2) == 0) {
            for (uint8_t& byte : address.bytes) byte = static_cast<uint8_t>(random());
          }
          static_cast<IpAddress*>(data)[row] = address;
          break;
        }
        case flow::ColumnType::f64:
          static_cast<double*>(data)[row] = static_cast<double>(value) / 8;
          break;
        case flow::ColumnType::text: {
          std::string text;
          for (uint64_t n = below(low ? 13 : 40); n > 0; --n) text += static_cast<char>('a' + below(26));
          if (below(4) == 0) text += alphabet;
          static_cast<flow::TextRef*>(data)[row] = batch->add_text(text);
          break;
        }
      }
      batch->set_valid(column, row, 1);
    }
  }
  return flow::seal(std::move(batch));
}

}  // namespace weir::store
