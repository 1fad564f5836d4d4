// Random filters, for tests: from small sets of values, so that they match some rows of a small table.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "query/filter.h"
#include "query/filter_terms.h"

namespace weir::query {

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
    switch (pick(9)) {
      case 0:
        return Filter{Any{}};
      case 1:
        return Filter{Family{pick(2) == 1}};
      case 2:
        return Filter{AddressIn{static_cast<AddressField>(pick(kAddressFields)), prefixes(1)}};
      case 3:
        return Filter{AddressIn{static_cast<AddressField>(pick(kAddressFields)), prefixes(1 + pick(3))}};
      case 4:
        return Filter{FlagsSet{static_cast<uint16_t>(1 + pick(255)), pick(2) == 1}};
      case 5:
        return Filter{number_in()};
      case 6:
        return Filter{term_is()};
      default:
        return Filter{number_is()};
    }
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

  // A value of a field that rows of the test table may have.
  uint64_t value(NumberField field) {
    constexpr uint64_t kByField[][4] = {{0, 53, 443, 65535},     {0, 64500, 65536, UINT32_MAX},
                                        {0, 1, 2, UINT32_MAX},   {0, 1, 6, 58},
                                        {0, 1, 1000, INT64_MAX}, {0, 64, 1500, UINT64_MAX},
                                        {0, 1, 1000, 2500},      {0, 8, 184, 255},
                                        {0, 3, 8, 128},          {0, 1, 3, 255},
                                        {0, 2, 18, 255},         {0, 1, 6, 58}};
    return kByField[static_cast<size_t>(field)][pick(4)];
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
  std::vector<Filter> children(int depth) {
    std::vector<Filter> all;
    const size_t count = 2 + pick(3);
    for (size_t i = 0; i < count; ++i) all.push_back(filter(depth - 1));
    return all;
  }

  TermIs term_is() {
    TermIs is{pick(filter_terms().size()), static_cast<Comparison>(pick(6)), 0, {}};
    const Term& term = filter_terms()[is.term];
    if (term.kind == TermKind::text || term.kind == TermKind::part) {
      is.comparison = static_cast<Comparison>(pick(2));
      is.text = std::array{"", "eve", "it's", "a \"b\"", "0x1F"}[pick(5)];
    } else {
      constexpr uint64_t kMostMac = (uint64_t{1} << 48) - 1;
      is.number = std::min(std::array<uint64_t, 4>{0, 1, 100, UINT64_MAX}[pick(4)],
                           term.kind == TermKind::mac ? kMostMac : term.limit);
    }
    return is;
  }

  static bool has_sides(NumberField field) { return field <= NumberField::interface; }

  NumberIs number_is() {
    const NumberField field = static_cast<NumberField>(pick(12));
    return {field, has_sides(field) ? static_cast<Side>(pick(3)) : Side::either, static_cast<Comparison>(pick(6)),
            std::min<uint64_t>(value(field), field == NumberField::duration_ms ? 1'000'000 : UINT64_MAX)};
  }

  NumberIn number_in() {
    const NumberField field = static_cast<NumberField>(pick(4));  // those that take a list
    NumberIn in{field, has_sides(field) ? static_cast<Side>(pick(3)) : Side::either, {}};
    const size_t count = 1 + pick(3);
    for (size_t i = 0; i < count; ++i) in.values.push_back(value(field));
    return in;
  }

  std::mt19937& random_;
};

}  // namespace weir::query
