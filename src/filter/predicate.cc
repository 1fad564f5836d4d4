#include "filter/predicate.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/letters.h"
#include "base/utf8.h"
#include "filter/fields.h"
#include "filter/lexer.h"
#include "filter/operands.h"
#include "filter/ranges.h"
#include "filter/regex.h"

namespace weir::filter {
namespace {

template <class T>
bool holds(Comparison comparison, const T& left, const T& right) {
  switch (comparison) {
    case Comparison::eq:
      return left == right;
    case Comparison::ne:
      return left != right;
    case Comparison::gt:
      return left > right;
    case Comparison::ge:
      return left >= right;
    case Comparison::lt:
      return left < right;
    case Comparison::le:
      return left <= right;
  }
  return false;
}

// LIKE, in time of the product of both lengths: after a % that did not fit, the last one takes one character more.
bool like(std::string_view text, std::string_view pattern) {
  size_t at = 0;
  size_t in_pattern = 0;
  size_t after_percent = std::string_view::npos;
  size_t taken = 0;  // where the text of the last % ends
  while (at < text.size()) {
    const size_t length = std::max<size_t>(utf8_length(text.substr(at)), 1);
    if (in_pattern < pattern.size() && pattern[in_pattern] == '%') {
      after_percent = ++in_pattern;
      taken = at;
    } else if (in_pattern < pattern.size() && pattern[in_pattern] == '_') {
      ++in_pattern;
      at += length;
    } else if (in_pattern < pattern.size() && pattern[in_pattern] == text[at]) {
      ++in_pattern;
      ++at;
    } else if (after_percent != std::string_view::npos) {
      in_pattern = after_percent;
      taken += std::max<size_t>(utf8_length(text.substr(taken)), 1);
      at = taken;
    } else {
      return false;
    }
  }
  while (in_pattern < pattern.size() && pattern[in_pattern] == '%') ++in_pattern;
  return in_pattern == pattern.size();
}

bool in_sorted(const std::vector<IpPrefix>& ranges, const IpAddress& address) {
  const auto after = std::ranges::upper_bound(ranges, address, {}, &IpPrefix::first);
  return after != ranges.begin() && std::prev(after)->contains(address);
}

// Of an access list, as 00000001-0000000a-00000000.
bool has_id(std::string_view list, uint64_t id) {
  return fmt::format("-{}-", list).find(fmt::format("-{:08x}-", id)) != std::string::npos;
}

// The same, any of whose ids compares so.
bool compare_ids(std::string_view list, Comparison comparison, uint64_t id) {
  constexpr size_t kDigits = 8;
  if (list.size() != 3 * kDigits + 2) return false;
  bool any = false;
  for (size_t at = 0; at < list.size(); at += kDigits + 1) {
    const std::string_view digits = list.substr(at, kDigits);
    if (at > 0 && list[at - 1] != '-') return false;
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + kDigits, value, 16);
    if (error != std::errc{} || end != digits.data() + kDigits || lower_case(digits) != digits) return false;
    any = any || holds(comparison, value, id);
  }
  return any;
}

}  // namespace

// What nodes of the tree are made into, by their place in memory: the tree does not move.
struct Predicate::Prepared {
  std::unique_ptr<const Filter> filter;
  std::unordered_map<const void*, Regex> regexes;
  std::unordered_map<const void*, std::vector<uint64_t>> numbers;  // sorted
  std::unordered_map<const void*, std::vector<IpPrefix>> ranges;   // in order

  void prepare(const Filter& tree) {
    if (const auto* is = std::get_if<TextIs>(&tree.node); is != nullptr && is->test == TextTest::regex) {
      regexes.emplace(is, Regex(is->text));
    } else if (const auto* in = std::get_if<NumberIn>(&tree.node)) {
      std::vector<uint64_t> sorted = in->values;
      std::ranges::sort(sorted);
      numbers.emplace(in, std::move(sorted));
    } else if (const auto* addresses = std::get_if<AddressIn>(&tree.node)) {
      ranges.emplace(addresses, in_order(addresses->ranges));
    } else if (const auto* negation = std::get_if<Not>(&tree.node)) {
      prepare(*negation->child);
    } else if (const auto* all = std::get_if<And>(&tree.node)) {
      for (const Filter& child : all->children) prepare(child);
    } else if (const auto* any = std::get_if<Or>(&tree.node)) {
      for (const Filter& child : any->children) prepare(child);
    }
  }

  struct Matcher;
};

struct Predicate::Prepared::Matcher {
  using Rows = std::vector<uint8_t>;

  const Prepared& prepared;
  const flow::FlowBatch& batch;

  Rows of(const Filter& tree) const { return std::visit(*this, tree.node); }

  // Rows where `test` holds for any operand of the field, or for all of them.
  template <class Test>
  Rows each(const Field& field, bool all, Test test) const {
    Rows rows(batch.rows(), all ? 1 : 0);
    for (const Operand& operand : field.operands) {
      const OperandReader reader(batch, operand);
      for (size_t row = 0; row < rows.size(); ++row) {
        if ((rows[row] != 0) == all) rows[row] = test(reader, row) ? 1 : 0;
      }
    }
    guard(field.guard, rows);
    return rows;
  }

  void guard(Guard guard, Rows& rows) const {
    if (guard == Guard::none) return;
    const OperandReader proto(batch, Operand{Operand::Of::column, "proto"});
    for (size_t row = 0; row < rows.size(); ++row) {
      const std::optional<Wide> number = rows[row] != 0 ? proto.number(row) : std::nullopt;
      const bool right = guard == Guard::tcp ? number == Wide{6} : number == Wide{1} || number == Wide{58};
      if (!right) rows[row] = 0;
    }
  }

  template <class Test>
  Rows each_number(const Field& field, bool all, Test test) const {
    return each(field, all, [&](const OperandReader& reader, size_t row) {
      const std::optional<Wide> value = reader.number(row);
      return value && test(*value);
    });
  }
  template <class Test>
  Rows each_address(const Field& field, bool all, Test test) const {
    return each(field, all, [&](const OperandReader& reader, size_t row) {
      const std::optional<IpAddress> value = reader.address(row);
      return value && test(*value);
    });
  }
  template <class Test>
  Rows each_text(const Field& field, bool all, Test test) const {
    return each(field, all, [&](const OperandReader& reader, size_t row) {
      const std::optional<std::string_view> value = reader.text(row);
      return value && test(*value);
    });
  }

  Rows operator()(const Any&) const { return Rows(batch.rows(), 1); }
  Rows operator()(const Family& family) const {
    return each_address(*known_field("ip"), false, [&](const IpAddress& a) { return a.is_v4() != family.v6; });
  }
  Rows operator()(const AddressIn& in) const {
    const std::vector<IpPrefix>& sorted = prepared.ranges.at(&in);
    return each_address(*in.field, false, [&](const IpAddress& a) { return in_sorted(sorted, a); });
  }
  Rows operator()(const AddressIs& is) const {
    return each_address(*is.field, is.comparison == Comparison::ne,
                        [&](const IpAddress& a) { return holds(is.comparison, a, is.address); });
  }
  Rows operator()(const NumberIs& is) const {
    const bool all = is.comparison == Comparison::ne;
    if (is.field->kind == FieldKind::access_list) {
      return each_text(*is.field, all, [&](std::string_view list) {
        if (is.comparison > Comparison::ne) return compare_ids(list, is.comparison, is.value);
        return has_id(list, is.value) != all;
      });
    }
    if (is.field->kind == FieldKind::time) {
      return each_number(*is.field, all, [&](Wide value) {
        return holds(is.comparison, static_cast<int64_t>(value), static_cast<int64_t>(is.value));
      });
    }
    return each_number(*is.field, all, [&](Wide value) { return holds(is.comparison, value, Wide{is.value}); });
  }
  Rows operator()(const NumberIn& in) const {
    const std::vector<uint64_t>& values = prepared.numbers.at(&in);
    if (in.field->kind == FieldKind::access_list) {
      return each_text(*in.field, false, [&](std::string_view list) {
        return std::ranges::any_of(values, [&](uint64_t id) { return has_id(list, id); });
      });
    }
    return each_number(*in.field, false, [&](Wide value) {
      return value <= UINT64_MAX && std::ranges::binary_search(values, static_cast<uint64_t>(value));
    });
  }
  Rows operator()(const TextIs& is) const {
    const bool different = is.test == TextTest::ne;
    if (is.field->kind == FieldKind::access_list) {
      const std::string part = lower_case(is.text);
      return each_text(*is.field, different, [&](std::string_view list) {
        return (lower_case(list).find(part) != std::string::npos) != different;
      });
    }
    if (is.test == TextTest::like) {
      return each_text(*is.field, false, [&](std::string_view text) { return like(text, is.text); });
    }
    if (is.test == TextTest::regex) {
      const Regex& regex = prepared.regexes.at(&is);
      return each_text(*is.field, false, [&](std::string_view text) { return regex.found_in(text); });
    }
    return each_text(*is.field, different, [&](std::string_view text) {
      return holds(static_cast<Comparison>(is.test), text, std::string_view(is.text));
    });
  }
  Rows operator()(const TextIn& in) const {
    return each_text(*in.field, false,
                     [&](std::string_view text) { return std::ranges::find(in.texts, text) != in.texts.end(); });
  }

  Rows operator()(const FieldsCompare& compare) const {
    const OperandReader right(batch, compare.right->operands.front());
    return each(*compare.left, compare.comparison == Comparison::ne, [&](const OperandReader& left, size_t row) {
      switch (compare.left->kind) {
        case FieldKind::address:
          return both(compare.comparison, left.address(row), right.address(row));
        case FieldKind::text:
        case FieldKind::access_list:
          return both(compare.comparison, left.text(row), right.text(row));
        case FieldKind::time: {
          const auto a = left.number(row);
          const auto b = right.number(row);
          return a && b && holds(compare.comparison, static_cast<int64_t>(*a), static_cast<int64_t>(*b));
        }
        case FieldKind::number:
        case FieldKind::mac:
          break;
      }
      return both(compare.comparison, left.number(row), right.number(row));
    });
  }
  template <class T>
  static bool both(Comparison comparison, const std::optional<T>& left, const std::optional<T>& right) {
    return left && right && holds(comparison, *left, *right);
  }

  Rows operator()(const FlagsSet& flags) const {
    return each_number(*known_field("flags"), false, [&](Wide value) {
      const unsigned common = static_cast<uint16_t>(value) & flags.mask;
      if (flags.match == FlagsSet::Match::any) return common != 0;
      return flags.match == FlagsSet::Match::exact ? value == flags.mask : common == flags.mask;
    });
  }

  Rows operator()(const Not& negation) const {
    Rows rows = of(*negation.child);
    for (uint8_t& row : rows) row ^= 1;
    return rows;
  }
  Rows operator()(const And& all) const {
    Rows rows = of(all.children.front());
    for (size_t i = 1; i < all.children.size(); ++i) {
      const Rows more = of(all.children[i]);
      for (size_t row = 0; row < rows.size(); ++row) rows[row] &= more[row];
    }
    return rows;
  }
  Rows operator()(const Or& any) const {
    Rows rows = of(any.children.front());
    for (size_t i = 1; i < any.children.size(); ++i) {
      const Rows more = of(any.children[i]);
      for (size_t row = 0; row < rows.size(); ++row) rows[row] |= more[row];
    }
    return rows;
  }
};

Predicate::Predicate(Filter filter) {
  auto prepared = std::make_unique<Prepared>();
  prepared->filter = std::make_unique<const Filter>(std::move(filter));
  prepared->prepare(*prepared->filter);
  prepared_ = std::move(prepared);
}
Predicate::Predicate(Predicate&&) noexcept = default;
Predicate& Predicate::operator=(Predicate&&) noexcept = default;
Predicate::~Predicate() = default;

const Filter& Predicate::filter() const { return *prepared_->filter; }

void Predicate::match(const flow::FlowBatch& batch, std::vector<uint8_t>& rows) const {
  rows = Prepared::Matcher{*prepared_, batch}.of(*prepared_->filter);
}

}  // namespace weir::filter
