// Batches for tests of writers: each column with the kind of values and of nulls that it is told to have.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "store/random_batch.h"

namespace weir::store {

struct ColumnShape {
  enum class Values : uint8_t { constant, ascending, cyclic, any, extreme, given };
  enum class Nulls : uint8_t { none, few, most, runs, all };
  Values values = Values::any;
  Nulls nulls = Nulls::none;
  uint64_t distinct = 7;     // of cyclic values: as many, whatever the type has room for
  uint64_t seed = 0;         // of constant and cyclic values
  size_t text_bytes = 0;     // texts are filled up to this length
  std::string_view given{};  // eight bytes a value, again from the start at its end
};

// A pure function of n; any number of 64 bits.
inline uint64_t scrambled(uint64_t n) {
  n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9;
  n = (n ^ n >> 27) * 0x94d049bb133111eb;
  return n ^ n >> 31;
}

namespace detail {

// What `row` (counted from the first batch on) has, as a number; each type makes its own of it.
inline uint64_t number_of(const ColumnShape& shape, uint64_t row, Random& random) {
  using enum ColumnShape::Values;
  switch (shape.values) {
    case constant:
      return shape.seed;
    case ascending:
      return shape.seed + row * 3 + random() % 3;
    case cyclic:
      return shape.seed >> 32 == 0 ? shape.seed + row % std::max<uint64_t>(shape.distinct, 1)
                                   : scrambled(shape.seed + row % std::max<uint64_t>(shape.distinct, 1));
    case any:
      return random();
    case extreme: {
      constexpr std::array<uint64_t, 8> kExtremes = {0,
                                                     1,
                                                     uint64_t{1} << 63,
                                                     (uint64_t{1} << 63) + 1,
                                                     (uint64_t{1} << 63) - 1,
                                                     std::numeric_limits<uint64_t>::max(),
                                                     0x80000000,
                                                     0x7fffffff};
      return kExtremes[random() % kExtremes.size()];
    }
    case given: {
      uint64_t number = 0;
      for (size_t i = 0; i < 8 && !shape.given.empty(); ++i)
        number = number << 8 | static_cast<uint8_t>(shape.given[(row * 8 + i) % shape.given.size()]);
      return number;
    }
  }
  return 0;
}

inline double real_of(const ColumnShape& shape, uint64_t number, Random& random) {
  using Limits = std::numeric_limits<double>;
  if (shape.values == ColumnShape::Values::extreme) {
    constexpr std::array kExtremes = {0.0,
                                      -0.0,
                                      Limits::infinity(),
                                      -Limits::infinity(),
                                      Limits::quiet_NaN(),
                                      -Limits::quiet_NaN(),
                                      Limits::denorm_min(),
                                      Limits::lowest(),
                                      Limits::max()};
    return kExtremes[random() % kExtremes.size()];
  }
  if (shape.values == ColumnShape::Values::given) return std::bit_cast<double>(number);
  return static_cast<double>(static_cast<int64_t>(number)) / 8;
}

// Even numbers are IPv4.
inline IpAddress address_of(uint64_t number) {
  if (number % 2 == 0) return IpAddress::from_v4(static_cast<uint32_t>(number / 2));
  IpAddress address;
  const std::array<uint64_t, 2> halves = {number, scrambled(number)};
  for (size_t i = 0; i < 16; ++i) address.bytes[i] = static_cast<uint8_t>(halves[i / 8] >> (56 - i % 8 * 8));
  return address;
}

inline std::string text_of(const ColumnShape& shape, uint64_t number) {
  if (shape.values == ColumnShape::Values::extreme)
    return number == 0 ? "" : std::string(static_cast<size_t>(number % 300), number % 2 == 0 ? 'x' : '\0');
  constexpr std::string_view kOdd("\n\"'\\\0\xc3\xa4\xe2\x82\xac", 10);
  std::string text = std::to_string(number).append(kOdd);
  while (text.size() < shape.text_bytes) text += static_cast<char>('a' + (number + text.size()) % 26);
  return text;
}

inline bool is_null(ColumnShape::Nulls nulls, uint64_t row, Random& random) {
  using enum ColumnShape::Nulls;
  switch (nulls) {
    case none:
      return false;
    case few:
      return random() % 1000 == 0;
    case most:
      return random() % 1000 != 0;
    case runs:
      return row / 100 % 2 == 0;
    case all:
      return true;
  }
  return true;
}

}  // namespace detail

// Rows [first, first + rows) of an endless table: batches with one Random, of which each begins where the last one
// ended, are one column. shapes: of the columns of the schema, in order; those beyond are null.
inline flow::SealedBatch shaped_batch(Random& random, const flow::SchemaPtr& schema,
                                      std::span<const ColumnShape> shapes, uint64_t first, size_t rows) {
  auto batch = std::make_shared<flow::FlowBatch>((rows + 63) / 64 * 64, schema);
  batch->append(rows, IpAddress::from_v4(0xc0000201));
  for (size_t c = 0; c < std::min(shapes.size(), schema->size()); ++c) {
    const flow::ColumnIndex column(c);
    const ColumnShape& shape = shapes[c];
    if (shape.nulls == ColumnShape::Nulls::all) continue;
    void* data = batch->raw(column);
    for (size_t i = 0; i < rows; ++i) {
      if (detail::is_null(shape.nulls, first + i, random)) continue;
      const uint64_t number = detail::number_of(shape, first + i, random);
      switch ((*schema)[column].type) {
        case flow::ColumnType::u8:
          static_cast<uint8_t*>(data)[i] = static_cast<uint8_t>(number);
          break;
        case flow::ColumnType::u16:
          static_cast<uint16_t*>(data)[i] = static_cast<uint16_t>(number);
          break;
        case flow::ColumnType::u32:
          static_cast<uint32_t*>(data)[i] = static_cast<uint32_t>(number);
          break;
        case flow::ColumnType::u64:
          static_cast<uint64_t*>(data)[i] = number;
          break;
        case flow::ColumnType::mac:
          static_cast<uint64_t*>(data)[i] = number & 0xffff'ffff'ffff;
          break;
        case flow::ColumnType::timestamp:
          static_cast<int64_t*>(data)[i] = static_cast<int64_t>(number);
          break;
        case flow::ColumnType::f64:
          static_cast<double*>(data)[i] = detail::real_of(shape, number, random);
          break;
        case flow::ColumnType::address:
          static_cast<IpAddress*>(data)[i] = detail::address_of(number);
          break;
        case flow::ColumnType::text:
          static_cast<flow::TextRef*>(data)[i] = batch->add_text(detail::text_of(shape, number));
          break;
      }
      batch->set_valid(column, i, 1);
    }
  }
  return flow::seal(std::move(batch));
}

// `flows` with a column of each type that it has not.
inline flow::SchemaPtr schema_of_every_type() {
  return flow::Schema::flows_with(
             std::vector<flow::ConfiguredColumn>{
                 {.name = "load", .type = flow::ColumnType::f64, .enterprise = 9, .element = 1, .conversion = {}},
                 {.name = "mood", .type = flow::ColumnType::text, .enterprise = 9, .element = 2, .conversion = {}}})
      .value();
}

// Any shape, by chance.
inline ColumnShape random_shape(Random& random) {
  using enum ColumnShape::Values;
  using enum ColumnShape::Nulls;
  constexpr std::array kValues = {constant, ascending, cyclic, any, extreme};
  constexpr std::array kNulls = {none, none, none, few, most, runs, all};
  constexpr std::array<uint64_t, 7> kDistinct = {2, 7, 100, 300, 4000, 30000, 70000};
  return {.values = kValues[random() % kValues.size()],
          .nulls = kNulls[random() % kNulls.size()],
          .distinct = kDistinct[random() % kDistinct.size()],
          .seed = random() % 2 == 0 ? random() : random() % 1000,
          .text_bytes = random() % 4 == 0 ? random() % 200 : 0};
}

}  // namespace weir::store
