// What follows a field: a comparison and a value, a list, a pattern, another column.
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "filter/fields.h"
#include "filter/filter.h"
#include "filter/lexer.h"

namespace weir::filter {

template <class T>
using Parsed = std::expected<T, FilterError>;

// Tokens, and errors about them.
class TokenStream {
 public:
  explicit TokenStream(Tokens tokens) : tokens_(std::move(tokens)) {}

  const Token& peek(size_t ahead = 0) const { return tokens_.all[std::min(next_ + ahead, tokens_.all.size() - 1)]; }
  const Token& take() { return tokens_.all[next_ < tokens_.all.size() - 1 ? next_++ : next_]; }
  void skip(size_t count) {
    for (size_t i = 0; i < count; ++i) take();
  }
  bool accept_word(std::string_view word) { return peek().is_word(word) && (take(), true); }
  bool accept_symbol(std::string_view symbol) { return peek().is_symbol(symbol) && (take(), true); }

  size_t place() const { return next_; }
  void go_back(size_t place) { next_ = place; }
  // Another word instead of the next one.
  void replace(std::string_view word) { tokens_.all[next_].text = word; }

  std::unexpected<FilterError> error_at(const Token& token, std::string message) const;
  std::unexpected<FilterError> expected(std::string_view what) const;
  // With the nearest of the words that may stand here, if one is near.
  std::unexpected<FilterError> expected_one_of(std::string_view what, std::span<const std::string_view> words) const;

 private:
  Tokens tokens_;
  size_t next_ = 0;
};

class ConditionParser {
 public:
  ConditionParser(TokenStream& stream, const World& world) : stream_(stream), world_(world) {}

  // net: of an address, that it was said as "net". negated: "not" stands right before it; "not flags SA" means that
  // neither is set, as in nfdump: "flags S and not flags AFRPU".
  Parsed<Filter> parse(const FieldRef& field, bool net, bool negated = false);

 private:
  Parsed<Filter> parse_number(const FieldRef& field);
  Parsed<Filter> parse_flags(const FieldRef& field, bool negated);
  Parsed<Filter> parse_text(const FieldRef& field);
  Parsed<Filter> parse_access_list(const FieldRef& field);
  Parsed<Filter> parse_ip(const FieldRef& field);
  Parsed<Filter> parse_net(const FieldRef& field);

  std::optional<Comparison> accept_comparison();
  // The column on the right of a comparison, if that is what stands there.
  std::optional<FieldRef> accept_column(const Field& left);
  std::optional<uint64_t> value_of(const Token& token, const Field& field) const;
  std::unexpected<FilterError> expected_value(const Field& field, std::string_view or_what) const;
  // Adds the addresses of a token: an address, a prefix, or a name that is looked up.
  Parsed<void> add_addresses(std::vector<IpPrefix>& ranges, std::string_view what);
  template <class Add>
  Parsed<void> parse_list(Add add);

  TokenStream& stream_;
  const World& world_;
  size_t host_names_ = 0;
};

}  // namespace weir::filter
