// ClickHouse's SQL of filters: every value is a parameter of the query, none is pasted into its text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "filter/dialect.h"

namespace weir::filter {

// {p0:UInt64} in the text, param_p0=443 with the request. The value is written as ClickHouse reads it from there: texts
// with the escapes of TSV.
struct Parameter {
  std::string name;
  std::string type;
  std::string value;
  bool operator==(const Parameter&) const = default;
};

// Of a table with the columns of flows: addresses as IPv6, times as DateTime64(6), MAC addresses and numbers as UInt,
// texts as String, all of them Nullable or not.
class ClickHouseDialect final : public Dialect {
 public:
  // parameters: what the conditions refer to is added to them.
  explicit ClickHouseDialect(std::vector<Parameter>& parameters) : parameters_(parameters) {}

  std::string address(const IpAddress& address) const override;
  std::string time(Timestamp time) const override;
  std::string number(uint64_t number) const override;
  std::string text(std::string_view text) const override;
  std::string quote_name(std::string_view name) const override;
  std::string not_true(const std::string& condition) const override;
  std::string has_bits(std::string_view column, uint64_t mask) const override;
  std::string has_a_bit(std::string_view column, uint64_t mask) const override;
  std::string in_numbers(std::string_view operand, std::span<const uint64_t> values) const override;
  std::string in_addresses(std::string_view column, std::span<const IpAddress> addresses) const override;
  std::string in_ranges(std::string_view column, std::span<const IpPrefix> ranges) const override;
  std::string contains(std::string_view column, std::string_view text) const override;
  std::string has_id(std::string_view column, uint32_t id) const override;
  std::string compare_ids(std::string_view column, std::string_view order, uint32_t id) const override;
  std::string like(std::string_view column, std::string_view pattern) const override;
  std::string matches(std::string_view column, std::string_view regex) const override;
  std::string computed(Operand::Of of, std::string_view column) const override;

 private:
  std::string bind(std::string_view type, std::string value) const;

  std::vector<Parameter>& parameters_;
};

}  // namespace weir::filter
