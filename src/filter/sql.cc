#include "filter/sql.h"

#include <fmt/format.h>

#include <span>
#include <string_view>
#include <vector>

#include "filter/fields.h"
#include "filter/ranges.h"

namespace weir::filter {
namespace {

std::string_view operator_of(Comparison comparison) {
  constexpr std::string_view kText[] = {"=", "<>", ">", ">=", "<", "<="};
  return kText[static_cast<size_t>(comparison)];
}

std::string join(std::span<const std::string> conditions, std::string_view separator) {
  if (conditions.size() == 1) return conditions.front();
  return fmt::format("({})", fmt::join(conditions, separator));
}

// ICMP's and TCP's fields hold for no other protocol.
std::string guarded(Guard guard, std::string condition) {
  switch (guard) {
    case Guard::icmp:
      return fmt::format("(proto IN (1, 58) AND {})", condition);
    case Guard::tcp:
      return fmt::format("(proto = 6 AND {})", condition);
    case Guard::none:
      break;
  }
  return condition;
}

constexpr size_t kManyRanges = 16;  // from here on a search is faster than comparisons one by one

struct Writer {
  const Dialect& dialect;

  // Of this version's columns none needs quotes.
  std::string column(std::string_view name) const {
    return flow::Schema::flows()->find(name) ? std::string(name) : dialect.quote_name(name);
  }

  std::string operand(const Operand& operand) const {
    const std::string name = column(operand.column);
    switch (operand.of) {
      case Operand::Of::column:
        return name;
      case Operand::Of::first:
        return fmt::format("coalesce({}, {})", name, column(operand.other));
      case Operand::Of::where:
        return fmt::format("(CASE WHEN {} IS NOT NULL THEN {} END)", column(operand.other), name);
      default:
        return dialect.computed(operand.of, name);
    }
  }

  // The condition on each operand: any of them, or all.
  template <class Condition>
  std::string each(const Field& field, bool all, Condition condition) const {
    std::vector<std::string> conditions;
    for (const Operand& one : field.operands) conditions.push_back(condition(operand(one)));
    return guarded(field.guard, join(conditions, all ? " AND " : " OR "));
  }

  std::string operator()(const Any&) const { return "true"; }

  std::string operator()(const Family& family) const {
    const std::string first = dialect.address(IpAddress::from_v4(0));
    const std::string last = dialect.address(IpAddress::from_v4(UINT32_MAX));
    return each(*known_field("ip"), false, [&](const std::string& address) {
      return family.v6 ? fmt::format("{0} < {1} OR {0} > {2}", address, first, last)
                       : fmt::format("{} BETWEEN {} AND {}", address, first, last);
    });
  }

  std::string operator()(const AddressIn& in) const {
    std::vector<IpAddress> singles;
    std::vector<IpPrefix> ranges;
    for (const IpPrefix& range : in.ranges) {
      if (range.first == range.last)
        singles.push_back(range.first);
      else
        ranges.push_back(range);
    }
    ranges = in_order(std::move(ranges));
    return each(*in.field, false, [&](const std::string& address) {
      std::vector<std::string> either;
      if (ranges.size() > kManyRanges) {
        either.push_back(dialect.in_ranges(address, ranges));
      } else {
        for (const IpPrefix& range : ranges) {
          const std::string first = dialect.address(range.first);  // in this order, as parameters have it
          either.push_back(fmt::format("{} BETWEEN {} AND {}", address, first, dialect.address(range.last)));
        }
      }
      if (singles.size() == 1)
        either.push_back(fmt::format("{} = {}", address, dialect.address(singles.front())));
      else if (!singles.empty())
        either.push_back(dialect.in_addresses(address, singles));
      return join(either, " OR ");
    });
  }

  std::string operator()(const AddressIs& is) const {
    const std::string value = dialect.address(is.address);
    return compare(*is.field, is.comparison, value);
  }

  std::string compare(const Field& field, Comparison comparison, const std::string& value) const {
    return each(field, comparison == Comparison::ne,
                [&](const std::string& left) { return fmt::format("{} {} {}", left, operator_of(comparison), value); });
  }

  std::string value(const Field& field, uint64_t number) const {
    if (field.kind == FieldKind::time) return dialect.time(timestamp_from_us(static_cast<int64_t>(number)));
    return dialect.number(number);
  }

  std::string operator()(const NumberIs& is) const {
    if (is.field->kind != FieldKind::access_list) {
      return compare(*is.field, is.comparison, value(*is.field, is.value));
    }
    const bool different = is.comparison == Comparison::ne;
    return each(*is.field, different, [&](const std::string& list) {
      if (is.comparison > Comparison::ne) {
        return dialect.compare_ids(list, operator_of(is.comparison), static_cast<uint32_t>(is.value));
      }
      return (different ? "NOT " : "") + dialect.has_id(list, static_cast<uint32_t>(is.value));
    });
  }

  std::string operator()(const NumberIn& in) const {
    return each(*in.field, false, [&](const std::string& left) {
      if (in.field->kind != FieldKind::access_list && in.field->kind != FieldKind::time) {
        return dialect.in_numbers(left, in.values);
      }
      std::vector<std::string> either;
      for (const uint64_t one : in.values) {
        either.push_back(in.field->kind == FieldKind::time ? fmt::format("{} = {}", left, value(*in.field, one))
                                                           : dialect.has_id(left, static_cast<uint32_t>(one)));
      }
      return join(either, " OR ");
    });
  }

  std::string operator()(const TextIs& is) const {
    const bool different = is.test == TextTest::ne;
    return each(*is.field, different, [&](const std::string& text) {
      if (is.field->kind == FieldKind::access_list) return (different ? "NOT " : "") + dialect.contains(text, is.text);
      if (is.test == TextTest::like) return dialect.like(text, is.text);
      if (is.test == TextTest::regex) return dialect.matches(text, is.text);
      return fmt::format("{} {} {}", text, operator_of(static_cast<Comparison>(is.test)), dialect.text(is.text));
    });
  }

  std::string operator()(const TextIn& in) const {
    std::vector<std::string> texts;
    for (const std::string& text : in.texts) texts.push_back(dialect.text(text));
    return each(*in.field, false,
                [&](const std::string& left) { return fmt::format("{} IN ({})", left, fmt::join(texts, ", ")); });
  }

  std::string operator()(const FieldsCompare& compared) const {
    return compare(*compared.left, compared.comparison, operand(compared.right->operands.front()));
  }

  std::string operator()(const FlagsSet& flags) const {
    switch (flags.match) {
      case FlagsSet::Match::all:
        return guarded(Guard::tcp, dialect.has_bits("tcp_flags", flags.mask));
      case FlagsSet::Match::exact:
        return guarded(Guard::tcp, fmt::format("tcp_flags = {}", dialect.number(flags.mask)));
      case FlagsSet::Match::any:
        break;
    }
    return guarded(Guard::tcp, dialect.has_a_bit("tcp_flags", flags.mask));
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

}  // namespace weir::filter
