// Tokens -> Filter tree, by recursive descent. The grammar is in docs/filter.md.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/letters.h"
#include "base/result.h"
#include "filter/condition.h"
#include "filter/fields.h"
#include "filter/filter.h"
#include "filter/lexer.h"
#include "filter/values.h"

namespace weir::filter {
namespace {

// Of these a filter knows both sides of a flow at once: "src and dst port 53".
bool is_side(const Token& token) { return token.is_word("src") || token.is_word("dst"); }
bool is_way(const Token& token) { return token.is_word("in") || token.is_word("out"); }

// What may follow the first words of a condition, in the order of the table.
std::vector<std::string_view> words_after(std::string_view first) {
  std::vector<std::string_view> words;
  const auto add = [&](std::string_view word) {
    if (std::ranges::find(words, word) == words.end()) words.push_back(word);
  };
  for (const FieldRef& field : all_fields()) {
    const std::string_view text = field->words;
    const size_t space = text.find(' ');
    if (space == std::string_view::npos || !equals_ignoring_case(text.substr(0, space), first)) continue;
    const std::string_view second = text.substr(space + 1, text.find(' ', space + 1) - space - 1);
    add(second);
    if (field->kind == FieldKind::address && second == "ip") add("net");
  }
  return words;
}

// "'ip', 'net' or 'port'"
std::string alternatives(std::span<const std::string_view> words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    text += fmt::format("{}'{}'", i == 0 ? "" : i + 1 == words.size() ? " or " : ", ", words[i]);
  }
  return text;
}

class Parser {
 public:
  Parser(Tokens tokens, const World& world) : world_(world), stream_(std::move(tokens)), condition_(stream_, world) {}

  Parsed<Filter> parse() {
    if (stream_.peek().kind == Token::Kind::end) return Filter{Any{}};
    Parsed<Filter> filter = parse_or();
    if (filter && stream_.peek().kind != Token::Kind::end) return stream_.expected("'and', 'or' or the end");
    return filter;
  }

 private:
  Parsed<Filter> parse_or() {
    std::vector<Filter> children;
    do {
      Parsed<Filter> child = parse_and();
      if (!child) return child;
      children.push_back(*std::move(child));
    } while (stream_.accept_word("or") || stream_.accept_symbol("||"));
    if (children.size() == 1) return std::move(children.front());
    return Filter{Or{std::move(children)}};
  }

  Parsed<Filter> parse_and() {
    std::vector<Filter> children;
    do {
      Parsed<Filter> child = parse_factor();
      if (!child) return child;
      children.push_back(*std::move(child));
    } while (stream_.accept_word("and") || stream_.accept_symbol("&&"));
    if (children.size() == 1) return std::move(children.front());
    return Filter{And{std::move(children)}};
  }

  Parsed<Filter> parse_factor() {
    const bool negated = stream_.peek().is_word("not") || stream_.peek().is_symbol("!");
    if (!negated && !stream_.peek().is_symbol("(")) return parse_primitive(false);
    TRY(enter());
    stream_.take();
    const bool condition =
        !stream_.peek().is_word("not") && !stream_.peek().is_symbol("!") && !stream_.peek().is_symbol("(");
    Parsed<Filter> child = !negated ? parse_or() : condition ? parse_primitive(true) : parse_factor();
    --depth_;
    if (!child) return child;
    if (negated) return Filter{Not{std::make_unique<const Filter>(*std::move(child))}};
    if (!stream_.accept_symbol(")")) return stream_.expected("')', 'and' or 'or'");
    return child;
  }

  Parsed<void> enter() {
    if (depth_ == kMaxFilterDepth) {
      return stream_.error_at(stream_.peek(),
                              fmt::format("more than {} parentheses and negations inside each other", kMaxFilterDepth));
    }
    ++depth_;
    return {};
  }

  // Conditions that are several, and so would be in parentheses.
  template <class Parse>
  Parsed<Filter> nested(Parse parse) {
    TRY(enter());
    Parsed<Filter> filter = parse();
    --depth_;
    return filter;
  }

  // negated: "not" stands right before it.
  Parsed<Filter> parse_primitive(bool negated) {
    const Token& first = stream_.peek();
    if (stream_.accept_word("any")) return Filter{Any{}};
    if (stream_.accept_word("ipv4") || stream_.accept_word("inet")) return Filter{Family{false}};
    if (stream_.accept_word("ipv6") || stream_.accept_word("inet6")) return Filter{Family{true}};
    const bool between = stream_.peek(1).is_word("or") || stream_.peek(1).is_word("and");
    const Token& third = stream_.peek(2);
    if (between && ((is_side(first) && is_side(third)) || (is_way(first) && is_way(third)))) {
      return nested([&] { return parse_both(); });
    }
    if (first.is_word("ttl") && stream_.peek(1).is_word("equal")) {
      stream_.skip(2);
      return Filter{FieldsCompare{known_field("ip_ttl"), Comparison::eq, known_field("ip_ttl_max")}};
    }
    if (const auto reason = denied_reason()) return nested([&] { return parse_denied(*reason); });
    if (const std::optional<Found> found = find_field(words_here())) {
      if (!found->field) {
        return stream_.error_at(first,
                                fmt::format("there is no '{}' here: {}", words_of(found->words), found->no_data));
      }
      stream_.skip(found->words);
      if (const bool block = is_in_block(**found->field); block) {
        return nested([&] { return parse_in_block(*found->field); });
      }
      return condition_.parse(*found->field, found->net, negated);
    }
    if (first.kind == Token::Kind::word && world_.more_columns) {
      if (const auto type = world_.more_columns(first.text)) {
        if (*type == flow::ColumnType::f64) {
          return stream_.error_at(first, "columns of fractions cannot be in a filter");
        }
        stream_.take();
        return condition_.parse(column_field(first.text, *type), false);
      }
    }
    return unknown(first);
  }

  // "src or dst port 80": the same condition twice.
  Parsed<Filter> parse_both() {
    const Token first = stream_.take();
    const bool all = stream_.take().is_word("and");
    const size_t place = stream_.place();
    const Token second = stream_.peek();
    std::vector<Filter> children;
    for (const Token& side : {first, second}) {
      stream_.go_back(place);
      stream_.replace(side.text);
      Parsed<Filter> child = parse_side(side);
      if (!child) return child;
      children.push_back(*std::move(child));
    }
    if (all) return Filter{And{std::move(children)}};
    return Filter{Or{std::move(children)}};
  }

  Parsed<Filter> parse_side(const Token& side) {
    const std::optional<Found> found = find_field(words_here());
    if (!found || found->words < 2) return unknown(side);
    if (!found->field) return stream_.error_at(side, std::string(found->no_data));
    stream_.skip(found->words);
    return condition_.parse(*found->field, found->net);
  }

  // "asa denied ingress", "asa event denied ingress": 1001 to 1004 of the extended event.
  struct Reason {
    size_t words;
    uint64_t event;
  };
  std::optional<Reason> denied_reason() const {
    if (!stream_.peek().is_word("asa")) return std::nullopt;
    const size_t at = stream_.peek(1).is_word("event") ? 3 : 2;
    if (!stream_.peek(at - 1).is_word("denied") && !stream_.peek(at - 1).is_word("deny")) return std::nullopt;
    constexpr std::array<std::pair<std::string_view, uint64_t>, 5> kReasons = {
        {{"ingress", 1001}, {"egress", 1002}, {"interface", 1003}, {"access", 1003}, {"nosyn", 1004}}};
    for (const auto& [name, event] : kReasons) {
      if (stream_.peek(at).is_word(name)) return Reason{at + 1, event};
    }
    return std::nullopt;
  }
  Parsed<Filter> parse_denied(const Reason& reason) {
    stream_.skip(reason.words);
    std::vector<Filter> both;
    both.push_back(Filter{NumberIs{known_field("asa event"), Comparison::eq, 3}});
    both.push_back(Filter{NumberIs{known_field("asa xevent"), Comparison::eq, reason.event}});
    return Filter{And{std::move(both)}};
  }

  // "port in pblock", "port in nat pblock": within the block of ports that the record tells.
  bool is_in_block(const Field& field) const {
    if (field.names != Names::services || !stream_.peek().is_word("in")) return false;
    return stream_.peek(1).is_word("pblock") || (stream_.peek(1).is_word("nat") && stream_.peek(2).is_word("pblock"));
  }
  Parsed<Filter> parse_in_block(const FieldRef& field) {
    stream_.skip(stream_.peek(1).is_word("nat") ? 3 : 2);
    std::vector<Filter> sides;
    for (const Operand& operand : field->operands) {
      const FieldRef column = column_field(operand.column, flow::ColumnType::u16);
      std::vector<Filter> ends;
      ends.push_back(Filter{FieldsCompare{column, Comparison::ge, known_field("port_block_start")}});
      ends.push_back(Filter{FieldsCompare{column, Comparison::le, known_field("port_block_end")}});
      sides.push_back(Filter{And{std::move(ends)}});
    }
    if (sides.size() == 1) return std::move(sides.front());
    return Filter{Or{std::move(sides)}};
  }

  // The words that stand here, as many as a field may have.
  std::vector<std::string_view> words_here() const {
    constexpr size_t kMost = 4;
    std::vector<std::string_view> words;
    for (size_t i = 0; i < kMost && stream_.peek(i).kind == Token::Kind::word; ++i)
      words.push_back(stream_.peek(i).text);
    return words;
  }
  std::string words_of(size_t count) const {
    std::string text;
    for (size_t i = 0; i < count; ++i) text.append(i > 0 ? " " : "").append(printable(stream_.peek(i).text));
    return text;
  }

  // What is no condition: what may stand here, or what was meant.
  std::unexpected<FilterError> unknown(const Token& first) {
    if (first.kind == Token::Kind::word) {
      const std::vector<std::string_view> next = words_after(first.text);
      if (!next.empty()) {
        stream_.take();
        return stream_.expected_one_of(fmt::format("{} after '{}'", alternatives(next), printable(first.text)), next);
      }
    }
    return stream_.expected_one_of(
        "a condition (any, ip, net, port, proto, as, if, packets, bytes, duration, flags, tos, the name of a column, "
        "and others: docs/filter.md)",
        first_words());
  }

  const World& world_;
  TokenStream stream_;
  ConditionParser condition_;
  size_t depth_ = 0;
};

}  // namespace

std::expected<Filter, FilterError> parse_filter(std::string_view text, const World& world) {
  return Parser(TRY(tokenize(text, world)), world).parse();
}

}  // namespace weir::filter
