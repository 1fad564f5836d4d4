// What differs between the SQL of one engine and another: values, and a few conditions. A value is a literal that is
// safe in the text, or a parameter that is bound to it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "filter/fields.h"

namespace weir::filter {

class Dialect {
 public:
  virtual ~Dialect() = default;

  // Values.
  virtual std::string address(const IpAddress& address) const = 0;
  virtual std::string time(Timestamp time) const = 0;
  virtual std::string number(uint64_t number) const = 0;
  virtual std::string text(std::string_view text) const = 0;

  // "name" of a column, here or in a result.
  virtual std::string quote_name(std::string_view name) const = 0;

  // A condition that is true where `condition` is false or null.
  virtual std::string not_true(const std::string& condition) const = 0;
  // All bits of `mask` are set in a column.
  virtual std::string has_bits(std::string_view column, uint64_t mask) const = 0;
  // Any of them is.
  virtual std::string has_a_bit(std::string_view column, uint64_t mask) const = 0;
  // An expression is one of many values.
  virtual std::string in_numbers(std::string_view operand, std::span<const uint64_t> values) const = 0;
  virtual std::string in_addresses(std::string_view column, std::span<const IpAddress> addresses) const = 0;
  // A column of addresses lies in one of many ranges, given in order and apart from each other.
  virtual std::string in_ranges(std::string_view column, std::span<const IpPrefix> ranges) const = 0;
  // A column of texts has `text` somewhere, in upper or lower case.
  virtual std::string contains(std::string_view column, std::string_view text) const = 0;
  // A column of access lists, as 00000001-0000000a-00000000, has this id.
  virtual std::string has_id(std::string_view column, uint32_t id) const = 0;
  // Any of its three ids is greater, or less, and so on: `order` is the operator. Names have no ids.
  virtual std::string compare_ids(std::string_view column, std::string_view order, uint32_t id) const = 0;
  // % is any text, _ one character, nothing else is special.
  virtual std::string like(std::string_view column, std::string_view pattern) const = 0;
  // RE2 finds a match somewhere.
  virtual std::string matches(std::string_view column, std::string_view regex) const = 0;
  // A value that is computed of columns (fields.h).
  virtual std::string computed(Operand::Of of, std::string_view column) const = 0;
};

}  // namespace weir::filter
