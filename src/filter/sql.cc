#include "query/filter_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "query/filter_terms.h"

namespace weir::query {
namespace {

std::vector<std::string_view> columns_of(AddressField field) {
  switch (field) {
    case AddressField::either:
      return {"src_addr", "dst_addr"};
    case AddressField::src:
      return {"src_addr"};
    case AddressField::dst:
      return {"dst_addr"};
    case AddressField::exporter:
      return {"sampler_address"};
    case AddressField::next_hop:
      return {"next_hop"};
    case AddressField::bgp_next_hop:
      return {"bgp_next_hop"};
    case AddressField::nat:
      return {"post_nat_src_addr", "post_nat_dst_addr"};
    case AddressField::nat_src:
      return {"post_nat_src_addr"};
    case AddressField::nat_dst:
      return {"post_nat_dst_addr"};
    case AddressField::inner:
      return {"inner_src_addr", "inner_dst_addr"};
    case AddressField::inner_src:
      return {"inner_src_addr"};
    case AddressField::inner_dst:
      return {"inner_dst_addr"};
  }
  return {};
}

std::vector<std::string> sides(Side side, std::string_view src, std::string_view dst) {
  if (side == Side::src) return {std::string(src)};
  if (side == Side::dst) return {std::string(dst)};
  return {std::string(src), std::string(dst)};
}

// The expressions that a condition is about.
std::vector<std::string> operands_of(NumberField field, Side side, const Dialect& dialect) {
  switch (field) {
    case NumberField::port:
      return sides(side, "src_port", "dst_port");
    case NumberField::as:
      return sides(side, "src_as", "dst_as");
    case NumberField::interface:
      return sides(side, "in_if", "out_if");
    case NumberField::proto:
      return {"proto"};
    case NumberField::packets:
      return {"packets"};
    case NumberField::bytes:
      return {"bytes"};
    case NumberField::duration_ms:
      return {dialect.duration_ms()};
    case NumberField::tos:
      return {"ip_tos"};
    case NumberField::icmp_type:
      return {"icmp_type"};
    case NumberField::icmp_code:
      return {"icmp_code"};
    case NumberField::tcp_flags:
      return {"tcp_flags"};
    case NumberField::inner_proto:
      return {"inner_proto"};
  }
  return {};
}

// Conditions that only make sense for some protocols hold for no other.
std::string with_protocol(NumberField field, const std::string& condition) {
  switch (field) {
    case NumberField::icmp_type:
    case NumberField::icmp_code:
      return fmt::format("(proto IN (1, 58) AND {})", condition);
    case NumberField::tcp_flags:
      return fmt::format("(proto = 6 AND {})", condition);
    default:
      return condition;
  }
}

std::string_view operator_of(Comparison comparison) {
  constexpr std::string_view kText[] = {"=", "<>", ">", ">=", "<", "<="};
  return kText[static_cast<size_t>(comparison)];
}

std::string join(std::span<const std::string> conditions, std::string_view separator) {
  if (conditions.size() == 1) return conditions.front();
  return fmt::format("({})", fmt::join(conditions, separator));
}

// Ordered, and without those inside others: prefixes lie inside each other or apart.
std::vector<IpPrefix> in_order(std::vector<IpPrefix> ranges) {
  const auto before = [](const IpPrefix& a, const IpPrefix& b) {
    return a.first != b.first ? a.first < b.first : a.last > b.last;
  };
  std::ranges::sort(ranges, before);
  std::vector<IpPrefix> apart;
  for (const IpPrefix& range : ranges) {
    if (apart.empty() || range.first > apart.back().last) apart.push_back(range);
  }
  return apart;
}

constexpr size_t kManyRanges = 16;  // from here on a search is faster than comparisons one by one

struct Writer {
  const Dialect& dialect;

  std::string operator()(const Any&) const { return "true"; }

  std::string operator()(const Family& family) const {
    const std::string first = dialect.address(IpAddress::from_v4(0));
    const std::string last = dialect.address(IpAddress::from_v4(UINT32_MAX));
    std::vector<std::string> either;
    for (const std::string_view column : columns_of(AddressField::either)) {
      either.push_back(family.v6 ? fmt::format("{0} < {1} OR {0} > {2}", column, first, last)
                                 : fmt::format("{} BETWEEN {} AND {}", column, first, last));
    }
    return join(either, " OR ");
  }

  std::string operator()(const AddressIn& in) const {
    std::vector<std::string> singles;
    std::vector<IpPrefix> ranges;
    for (const IpPrefix& range : in.ranges) {
      if (range.first == range.last)
        singles.push_back(dialect.address(range.first));
      else
        ranges.push_back(range);
    }
    ranges = in_order(std::move(ranges));
    std::vector<std::string> either;
    for (const std::string_view column : columns_of(in.field)) {
      if (ranges.size() > kManyRanges) {
        either.push_back(dialect.in_ranges(column, ranges));
      } else {
        for (const IpPrefix& range : ranges) either.push_back(between(column, range));
      }
      if (singles.size() == 1)
        either.push_back(fmt::format("{} = {}", column, singles.front()));
      else if (!singles.empty())
        either.push_back(fmt::format("{} IN ({})", column, fmt::join(singles, ", ")));
    }
    return join(either, " OR ");
  }

  std::string between(std::string_view column, const IpPrefix& range) const {
    return fmt::format("{} BETWEEN {} AND {}", column, dialect.address(range.first), dialect.address(range.last));
  }

  std::string operator()(const NumberIs& is) const {
    std::vector<std::string> conditions;
    for (const std::string& operand : operands_of(is.field, is.side, dialect)) {
      conditions.push_back(fmt::format("{} {} {}", operand, operator_of(is.comparison), dialect.number(is.value)));
    }
    return with_protocol(is.field, join(conditions, is.comparison == Comparison::ne ? " AND " : " OR "));
  }

  std::string operator()(const NumberIn& in) const {
    std::vector<std::string> values;
    for (const uint64_t value : in.values) values.push_back(dialect.number(value));
    std::vector<std::string> conditions;
    for (const std::string& operand : operands_of(in.field, in.side, dialect)) {
      conditions.push_back(fmt::format("{} IN ({})", operand, fmt::join(values, ", ")));
    }
    return with_protocol(in.field, join(conditions, " OR "));
  }

  std::string operator()(const TermIs& is) const {
    const Term& term = filter_terms()[is.term];
    const bool different = is.comparison == Comparison::ne;
    std::vector<std::string> conditions;
    for (std::string_view rest = term.columns; !rest.empty();) {
      const std::string_view column = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(column.size() + 1, rest.size()));
      if (term.kind == TermKind::part) {
        conditions.push_back((different ? "NOT " : "") + dialect.contains(column, is.text));
        continue;
      }
      const std::string value = term.kind == TermKind::text ? dialect.text(is.text) : dialect.number(is.number);
      conditions.push_back(fmt::format("{} {} {}", column, operator_of(is.comparison), value));
    }
    return join(conditions, different ? " AND " : " OR ");
  }

  std::string operator()(const FlagsSet& flags) const {
    const std::string condition = flags.exact ? fmt::format("tcp_flags = {}", dialect.number(flags.mask))
                                              : dialect.has_bits("tcp_flags", flags.mask);
    return with_protocol(NumberField::tcp_flags, condition);
  }

  std::string operator()(const Not& negation) const {
    return dialect.not_true(std::visit(*this, negation.child->node));
  }
  std::string operator()(const And& all) const { return join(children(all.children), " AND "); }
  std::string operator()(const Or& any) const { return join(children(any.children), " OR "); }

  std::vector<std::string> children(const std::vector<Filter>& filters) const {
    std::vector<std::string> conditions;
    for (const Filter& filter : filters) conditions.push_back(std::visit(*this, filter.node));
    return conditions;
  }
};

}  // namespace

// Null behaves as false at the top of a condition built of AND and OR alone, so only a negation has to say so.
std::string filter_sql(const Filter& filter, const Dialect& dialect) {
  return std::visit(Writer{dialect}, filter.node);
}

}  // namespace weir::query
