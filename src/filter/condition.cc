#include "filter/condition.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/letters.h"
#include "base/nearest.h"
#include "base/result.h"
#include "filter/protocols.h"
#include "filter/regex.h"
#include "filter/services.h"
#include "filter/values.h"

namespace weir::filter {
namespace {

constexpr std::string_view kNetwork = "a network such as 192.0.2.0/24, 10/8 or 2001:db8::/32";

std::string_view kind_name(FieldKind kind) {
  constexpr std::string_view kNames[] = {"numbers", "MAC addresses", "times", "texts", "access lists", "addresses"};
  return kNames[static_cast<size_t>(kind)];
}

std::string what_of(const Field& field) {
  if (field.kind == FieldKind::mac) return "a MAC address such as 00:00:5e:00:53:01";
  if (field.kind == FieldKind::time) return "a time such as 2026-11-22T14:05 (UTC)";
  if (!field.what.empty()) return std::string(field.what);
  if (field.listed.empty()) return fmt::format("a number up to {}", field.limit);
  return fmt::format("a number up to {} or one of {}", field.limit, listed_names(field));
}

// The names that the values of a field may have, for suggestions.
std::vector<std::string> value_names(const Field& field) {
  std::vector<std::string> names;
  if (field.names == Names::protocols) {
    for (const ProtocolName& entry : protocol_names()) names.emplace_back(entry.name);
  } else if (field.names == Names::services) {
    for (const ServiceName& entry : service_names()) names.emplace_back(entry.name);
  } else {
    const std::string listed = listed_names(field);
    for (std::string_view rest = listed; !rest.empty();) {
      names.emplace_back(rest.substr(0, rest.find(' ')));
      rest.remove_prefix(std::min(names.back().size() + 1, rest.size()));
    }
  }
  return names;
}

}  // namespace

std::unexpected<FilterError> TokenStream::error_at(const Token& token, std::string message) const {
  FilterError error{token.position, std::move(message)};
  if (token.source > 0) {
    error.file = tokens_.files[token.source - 1].path;
    error.file_text = tokens_.files[token.source - 1].text;
  }
  return std::unexpected(std::move(error));
}

std::unexpected<FilterError> TokenStream::expected(std::string_view what) const {
  const Token& token = peek();
  if (token.kind == Token::Kind::end) return error_at(token, fmt::format("expected {}, found the end", what));
  return error_at(token, fmt::format("expected {}, found '{}'", what, printable(token.text)));
}

std::unexpected<FilterError> TokenStream::expected_one_of(std::string_view what,
                                                          std::span<const std::string_view> words) const {
  const Token& token = peek();
  const std::string_view meant = token.kind == Token::Kind::word ? nearest(token.text, words) : std::string_view{};
  if (meant.empty()) return expected(what);
  return error_at(token,
                  fmt::format("expected {}, found '{}': did you mean '{}'?", what, printable(token.text), meant));
}

Parsed<Filter> ConditionParser::parse(const FieldRef& field, bool net, bool negated) {
  switch (field->kind) {
    case FieldKind::address:
      return net ? parse_net(field) : parse_ip(field);
    case FieldKind::text:
      return parse_text(field);
    case FieldKind::access_list:
      return parse_access_list(field);
    case FieldKind::number:
    case FieldKind::mac:
    case FieldKind::time:
      break;
  }
  if (field->words == "flags") return parse_flags(field, negated);
  // An interface by its name: in if "Gi0/1", in if like 'Gi%'.
  const Token& next = stream_.peek();
  const size_t value_at = next.kind == Token::Kind::symbol ? 1 : 0;
  const bool pattern = next.is_word("like") || next.is_symbol("~");
  if (!field->column && field->words.ends_with("if") &&
      (pattern || stream_.peek(value_at).kind == Token::Kind::quoted)) {
    return parse_text(known_field(field->words + " name"));
  }
  return parse_number(field);
}

std::optional<Comparison> ConditionParser::accept_comparison() {
  struct Name {
    std::string_view symbol, word;
    Comparison comparison;
  };
  constexpr Name kNames[] = {{"=", "eq", Comparison::eq}, {"==", "eq", Comparison::eq}, {"!=", "ne", Comparison::ne},
                             {">", "gt", Comparison::gt}, {">=", "ge", Comparison::ge}, {"<", "lt", Comparison::lt},
                             {"<=", "le", Comparison::le}};
  for (const Name& name : kNames) {
    if (stream_.accept_symbol(name.symbol) || stream_.accept_word(name.word)) return name.comparison;
  }
  return std::nullopt;
}

std::optional<FieldRef> ConditionParser::accept_column(const Field& left) {
  const Token& token = stream_.peek();
  if (token.kind != Token::Kind::word) return std::nullopt;
  const flow::Schema& schema = *flow::Schema::flows();
  std::optional<flow::ColumnType> type;
  if (const auto column = schema.find(lower_case(token.text)))
    type = schema[*column].type;
  else if (world_.more_columns && left.column)
    type = world_.more_columns(token.text);
  if (!type || *type == flow::ColumnType::f64) return std::nullopt;
  FieldRef right = column_field(schema.find(lower_case(token.text)) ? lower_case(token.text) : token.text, *type);
  if (right->kind != left.kind) return std::nullopt;
  stream_.take();
  return right;
}

// The value of a field, without taking it.
std::optional<uint64_t> ConditionParser::value_of(const Token& token, const Field& field) const {
  if (!token.is_value()) return std::nullopt;
  if (field.kind == FieldKind::mac) return parse_mac(token.text);
  if (field.kind == FieldKind::time) {
    const std::optional<int64_t> time = parse_time_value(token.text);
    return time ? std::optional(static_cast<uint64_t>(*time)) : std::nullopt;
  }
  if (const std::optional<uint64_t> named = named_value(field, token.text)) return named;
  const std::optional<uint64_t> value = filter::parse_number(token.text);
  return value && *value <= field.limit ? value : std::nullopt;
}

std::unexpected<FilterError> ConditionParser::expected_value(const Field& field, std::string_view or_what) const {
  const std::vector<std::string> names = value_names(field);
  const std::vector<std::string_view> views(names.begin(), names.end());
  return stream_.expected_one_of(what_of(field) + std::string(or_what), views);
}

// "[" entry { [","] entry } "]": calls `add` with whether it is the first entry; it takes the entry.
template <class Add>
Parsed<void> ConditionParser::parse_list(Add add) {
  if (!stream_.accept_symbol("[")) return stream_.expected("'['");
  for (size_t entries = 0; entries == 0 || !stream_.accept_symbol("]"); ++entries) {
    if (entries == kMaxFilterListEntries) {
      return stream_.error_at(stream_.peek(), fmt::format("a list of more than {} entries", entries));
    }
    if (entries > 0) stream_.accept_symbol(",");
    TRY(add(entries == 0));
  }
  return {};
}

Parsed<Filter> ConditionParser::parse_number(const FieldRef& field) {
  if (stream_.accept_word("in")) {
    NumberIn in{field, {}};
    TRY(parse_list([&](bool first) -> Parsed<void> {
      const std::optional<uint64_t> value = value_of(stream_.peek(), *field);
      if (!value) return expected_value(*field, first ? "" : " or ']'");
      in.values.push_back(*value);
      stream_.take();
      return {};
    }));
    return Filter{std::move(in)};
  }
  if (stream_.peek().is_word("like") || stream_.peek().is_symbol("~")) {
    return stream_.error_at(
        stream_.peek(), fmt::format("'{}' is for texts, and '{}' has {}", printable(stream_.peek().text), field->words,
                                    kind_name(field->kind)));
  }
  const std::optional<Comparison> comparison = accept_comparison();
  if (const std::optional<uint64_t> value = value_of(stream_.peek(), *field)) {
    stream_.take();
    return Filter{NumberIs{field, comparison.value_or(Comparison::eq), *value}};
  }
  if (comparison) {
    if (const auto right = accept_column(*field)) return Filter{FieldsCompare{field, *comparison, *right}};
  }
  return expected_value(*field, "");
}

Parsed<Filter> ConditionParser::parse_flags(const FieldRef& field, bool negated) {
  const bool any = stream_.accept_word("any");
  const size_t ahead = stream_.peek().kind == Token::Kind::symbol ? 1 : 0;
  const bool letters_follow =
      !value_of(stream_.peek(ahead), *field) && parse_flag_letters(stream_.peek(ahead).text).has_value();
  if (!letters_follow && !any) return parse_number(field);
  const bool exact = !any && (stream_.accept_symbol("=") || stream_.accept_symbol("=="));
  const std::optional<uint16_t> mask = parse_flag_letters(stream_.peek().text);
  if (!mask) return stream_.expected("flag letters (only '=' or 'any' may stand before them)");
  stream_.take();
  using Match = FlagsSet::Match;
  return Filter{FlagsSet{*mask, exact ? Match::exact : any || negated ? Match::any : Match::all}};
}

Parsed<Filter> ConditionParser::parse_text(const FieldRef& field) {
  if (stream_.accept_word("in")) {
    TextIn in{field, {}};
    TRY(parse_list([&](bool first) -> Parsed<void> {
      if (!stream_.peek().is_value()) return stream_.expected(first ? "a text" : "a text or ']'");
      in.texts.emplace_back(stream_.take().text);
      return {};
    }));
    return Filter{std::move(in)};
  }
  TextIs is{field, TextTest::eq, {}};
  std::optional<Comparison> comparison;
  if (stream_.accept_word("like")) {
    is.test = TextTest::like;
  } else if (stream_.accept_symbol("~")) {
    is.test = TextTest::regex;
  } else if ((comparison = accept_comparison())) {
    is.test = static_cast<TextTest>(*comparison);
  }
  if (comparison && field->column) {
    if (const auto right = accept_column(*field)) return Filter{FieldsCompare{field, *comparison, *right}};
  }
  const Token& token = stream_.peek();
  if (!token.is_value()) return stream_.expected("a text");
  is.text = token.text;
  if (is.test >= TextTest::like && is.text.size() > kMaxPatternBytes) {
    return stream_.error_at(token, fmt::format("a pattern of more than {} bytes", kMaxPatternBytes));
  }
  if (is.test == TextTest::regex) {
    const Regex regex(is.text);
    if (!regex.ok()) return stream_.error_at(token, "not a regular expression: " + printable(regex.error()));
  }
  stream_.take();
  return Filter{std::move(is)};
}

Parsed<Filter> ConditionParser::parse_access_list(const FieldRef& field) {
  if (stream_.peek().is_word("in")) return parse_number(field);
  const std::optional<Comparison> comparison = accept_comparison();
  const Token& token = stream_.peek();
  if (!token.is_value()) return stream_.expected("the id of an access list or a text");
  const std::optional<uint64_t> id = token.kind == Token::Kind::word ? filter::parse_number(token.text) : std::nullopt;
  const bool is_id = id && *id <= field->limit;
  if (!is_id && comparison.value_or(Comparison::eq) > Comparison::ne) {
    return stream_.expected(fmt::format("the id of an access list, a number up to {}", field->limit));
  }
  stream_.take();
  if (is_id) return Filter{NumberIs{field, comparison.value_or(Comparison::eq), *id}};
  return Filter{TextIs{field, static_cast<TextTest>(comparison.value_or(Comparison::eq)), std::string(token.text)}};
}

Parsed<void> ConditionParser::add_addresses(std::vector<IpPrefix>& ranges, std::string_view what) {
  const Token& token = stream_.peek();
  if (!token.is_value()) return stream_.expected(what);
  if (const std::optional<IpPrefix> prefix = IpPrefix::parse(token.text)) {
    ranges.push_back(*prefix);
    stream_.take();
    return {};
  }
  if (!is_host_name(token.text)) return stream_.expected(what);
  if (!world_.resolve) return stream_.expected(fmt::format("{} (names are not looked up here)", what));
  if (host_names_++ == kMaxHostNames) {
    return stream_.error_at(token, fmt::format("more than {} host names", kMaxHostNames));
  }
  const auto addresses = world_.resolve(std::string(token.text));
  if (!addresses) return stream_.error_at(token, addresses.error());
  if (addresses->empty()) {
    return stream_.error_at(token, fmt::format("the host '{}' has no address", printable(token.text)));
  }
  for (const IpAddress& address : *addresses) ranges.push_back({address, address});
  stream_.take();
  return {};
}

Parsed<Filter> ConditionParser::parse_ip(const FieldRef& field) {
  AddressIn in{field, {}};
  if (stream_.accept_word("in")) {
    TRY(parse_list([&](bool first) {
      return add_addresses(in.ranges, first ? "an address or a prefix" : "an address, a prefix or ']'");
    }));
    if (in.ranges.size() > kMaxFilterListEntries) return stream_.expected("fewer addresses in a list");
    return Filter{std::move(in)};
  }
  const std::optional<Comparison> comparison = accept_comparison();
  if (comparison) {
    if (const auto right = accept_column(*field)) return Filter{FieldsCompare{field, *comparison, *right}};
  }
  const Token& token = stream_.peek();
  TRY(add_addresses(in.ranges, comparison ? "an address" : "an address or 'in ['"));
  if (comparison.value_or(Comparison::eq) == Comparison::eq) return Filter{std::move(in)};
  if (in.ranges.size() != 1 || in.ranges[0].first != in.ranges[0].last) {
    return stream_.error_at(token, "only one address may follow this comparison: write 'not net ...' for the others");
  }
  return Filter{AddressIs{field, *comparison, in.ranges[0].first}};
}

Parsed<Filter> ConditionParser::parse_net(const FieldRef& field) {
  if (stream_.peek().is_word("in")) return parse_ip(field);
  if (!stream_.accept_symbol("=")) stream_.accept_symbol("==");
  const Token& address = stream_.peek();
  std::optional<IpPrefix> prefix = address.is_value() ? IpPrefix::parse(address.text) : std::nullopt;
  if (!prefix) return stream_.expected(kNetwork);
  stream_.take();
  if (address.text.find('/') == std::string_view::npos) {
    prefix = prefix_with_mask(address.text, stream_.peek().text);
    if (!prefix) {
      return stream_.expected("a netmask such as 255.255.255.0 (or write the network as ADDRESS/BITS)");
    }
    stream_.take();
  }
  return Filter{AddressIn{field, {*prefix}}};
}

}  // namespace weir::filter
