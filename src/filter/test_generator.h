// Random filters, and random batches of flows that they tell apart, for tests: from small sets of values.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "filter/fields.h"
#include "filter/filter.h"
#include "flow/batch.h"

namespace weir::filter {

class FilterGenerator {
 public:
  explicit FilterGenerator(std::mt19937& random) : random_(random) {}

  Filter filter(int depth) {
    switch (depth > 0 ? pick(6) : 3 + pick(3)) {
      case 0:
        return Filter{Not{std::make_unique<const Filter>(filter(depth - 1))}};
      case 1:
        return Filter{And{children(depth)}};
      case 2:
        return Filter{Or{children(depth)}};
      default:
        return primitive();
    }
  }

  Filter primitive() {
    switch (pick(30)) {
      case 0:
        return Filter{Any{}};
      case 1:
        return Filter{Family{pick(2) == 1}};
      case 2:
      case 3:
        return Filter{FlagsSet{static_cast<uint16_t>(1 + pick(255)), static_cast<FlagsSet::Match>(pick(3))}};
      default:
        return condition(all_fields()[pick(all_fields().size())]);
    }
  }

  Filter condition(const FieldRef& field) {
    if (pick(5) == 0) {
      if (const auto right = column_like(*field)) return Filter{FieldsCompare{field, comparison(), *right}};
    }
    switch (field->kind) {
      case FieldKind::address:
        if (pick(4) == 0) return Filter{AddressIs{field, static_cast<Comparison>(1 + pick(5)), address()}};
        return Filter{AddressIn{field, prefixes(1 + (pick(2) == 0 ? pick(3) : 0))}};
      case FieldKind::text:
        if (pick(4) == 0) return Filter{TextIn{field, {text(), text()}}};
        return Filter{text_is(field)};
      case FieldKind::access_list:
        if (pick(2) == 0) return Filter{TextIs{field, static_cast<TextTest>(pick(2)), text()}};
        if (pick(2) == 0) return Filter{NumberIn{field, {number(*field), number(*field)}}};
        return Filter{NumberIs{field, comparison(), number(*field)}};
      default:
        break;
    }
    if (pick(3) == 0) {
      NumberIn in{field, {}};
      const size_t count = 1 + pick(3);
      for (size_t i = 0; i < count; ++i) in.values.push_back(number(*field));
      return Filter{std::move(in)};
    }
    return Filter{NumberIs{field, comparison(), number(*field)}};
  }

  // Rows with values in every column that a filter may ask for; a fifth of them is null.
  void fill(flow::FlowBatch& batch, size_t rows) {
    batch.append(rows, IpAddress::from_v4(0x7f000001));
    for (size_t i = 0; i < batch.schema().size(); ++i) {
      const flow::ColumnIndex column(i);
      for (size_t row = 0; row < rows; ++row) {
        if (pick(5) == 0) continue;
        set(batch, column, row);
        batch.set_valid(column, row, 1);
      }
    }
    batch.settle();
  }

  size_t pick(size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random_); }

  // From a few of both families, so that equal ones meet.
  IpAddress address() {
    IpAddress a = pick(2) == 0 ? IpAddress::from_v4(0xc0000200u + static_cast<uint32_t>(pick(8)))
                               : *IpAddress::parse("2001:db8::");
    if (!a.is_v4()) a.bytes[15] = static_cast<uint8_t>(pick(8));
    if (pick(20) == 0) a = *IpAddress::parse("::1");
    if (pick(20) == 0) a = *IpAddress::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    return a;
  }

  std::vector<IpPrefix> prefixes(size_t count) {
    std::vector<IpPrefix> all;
    for (size_t i = 0; i < count; ++i) {
      const IpAddress base = address();
      const size_t width = base.is_v4() ? 32 : 128;
      const size_t bits = pick(3) == 0 ? width : width - pick(5);
      all.push_back(*IpPrefix::parse(base.to_string() + "/" + std::to_string(pick(10) == 0 ? 0 : bits)));
    }
    return all;
  }

 private:
  static constexpr int64_t kNow = 1'795'357'500'000'000;

  std::vector<Filter> children(int depth) {
    std::vector<Filter> all;
    const size_t count = 2 + pick(3);
    for (size_t i = 0; i < count; ++i) all.push_back(filter(depth - 1));
    return all;
  }

  Comparison comparison() { return static_cast<Comparison>(pick(6)); }

  // A column of the same kind.
  std::optional<FieldRef> column_like(const Field& field) {
    if (field.kind == FieldKind::access_list || (field.kind == FieldKind::text && !field.column)) return std::nullopt;
    std::vector<FieldRef> columns;
    for (const flow::ColumnInfo& info : flow::kColumns) {
      FieldRef column = column_field(info.name, info.type);
      if (column->kind == field.kind) columns.push_back(std::move(column));
    }
    return columns[pick(columns.size())];
  }

  TextIs text_is(const FieldRef& field) {
    TextIs is{field, static_cast<TextTest>(pick(8)), text()};
    if (is.test == TextTest::like)
      is.text = std::array{"%", "_", "e%", "%v_", "%a%b%", "%\"%", "E__", "", "%ü", "_b"}[pick(10)];
    if (is.test == TextTest::regex)
      is.text = std::array{"e", "^E.e$", "[a-c]+", "^.$", "^$", "x|1", "(?i)EVE", "\\\\"}[pick(8)];
    return is;
  }

  std::string text() {
    return std::array{
        "",  "eve",  "Eve", "it's", "xx a \"b\"", "00000001-0000000a-00000064", "000000ff-0000000A-00000064",
        "ü", "a\\b", "eve%"}[pick(10)];
  }

  uint64_t number(const Field& field) {
    if (field.kind == FieldKind::time) return static_cast<uint64_t>(time());
    return std::min(common_number(), field.limit);
  }
  // What fields and rows have in common.
  uint64_t common_number() {
    constexpr std::array<uint64_t, 14> kNumbers = {0,   1,    2,    6,      10,      58,         100,
                                                   255, 1000, 8000, 65'535, 256'001, UINT32_MAX, UINT64_MAX};
    return kNumbers[pick(kNumbers.size())];
  }
  int64_t time() { return kNow + std::array<int64_t, 6>{0, 999, 1000, 1'000'000, 8'000'000, -5}[pick(6)]; }

  void set(flow::FlowBatch& batch, flow::ColumnIndex column, size_t row) {
    using flow::ColumnType;
    void* data = batch.raw(column);
    switch (batch.schema()[column].type) {
      case ColumnType::u8:
        static_cast<uint8_t*>(data)[row] = static_cast<uint8_t>(common_number());
        break;
      case ColumnType::u16:
        static_cast<uint16_t*>(data)[row] = static_cast<uint16_t>(common_number());
        break;
      case ColumnType::u32:
        static_cast<uint32_t*>(data)[row] = static_cast<uint32_t>(common_number());
        break;
      case ColumnType::u64:
        static_cast<uint64_t*>(data)[row] = common_number();
        break;
      case ColumnType::mac:
        static_cast<uint64_t*>(data)[row] = common_number() & 0xffff'ffff'ffff;
        break;
      case ColumnType::address:
        static_cast<IpAddress*>(data)[row] = address();
        break;
      case ColumnType::timestamp:
        static_cast<int64_t*>(data)[row] = time();
        break;
      case ColumnType::f64:
        static_cast<double*>(data)[row] = 1.5;
        break;
      case ColumnType::text:
        static_cast<flow::TextRef*>(data)[row] = batch.add_text(text());
        break;
    }
  }

  std::mt19937& random_;
};

}  // namespace weir::filter
