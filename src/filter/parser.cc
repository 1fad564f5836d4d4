// Tokens -> Filter tree, by recursive descent. The grammar is in filter.h.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <optional>
#include <span>

#include "base/result.h"
#include "query/filter.h"
#include "query/filter_lexer.h"
#include "query/filter_terms.h"
#include "query/protocols.h"

namespace weir::query {
namespace {

template <class T>
using Parsed = std::expected<T, FilterError>;

struct NumberFieldInfo {
  NumberField field;
  std::string_view what;  // for messages: "expected <what>"
  uint64_t limit;
};

constexpr NumberFieldInfo kPort{NumberField::port, "a port from 0 to 65535", 65'535};
constexpr NumberFieldInfo kAs{NumberField::as, "an AS number from 0 to 4294967295", UINT32_MAX};
constexpr NumberFieldInfo kInterface{NumberField::interface, "an interface index from 0 to 4294967295", UINT32_MAX};
constexpr NumberFieldInfo kProto{NumberField::proto, "a protocol number from 0 to 255 or a name such as tcp", 255};
constexpr NumberFieldInfo kInnerProto{NumberField::inner_proto, kProto.what, 255};
constexpr NumberFieldInfo kPackets{NumberField::packets, "a number of packets", UINT64_MAX};
constexpr NumberFieldInfo kBytes{NumberField::bytes, "a number of bytes", UINT64_MAX};
constexpr NumberFieldInfo kDuration{NumberField::duration_ms, "a duration in milliseconds", INT64_MAX / 1000};
constexpr NumberFieldInfo kTos{NumberField::tos, "a type of service from 0 to 255", 255};
constexpr NumberFieldInfo kIcmpType{NumberField::icmp_type, "an ICMP type from 0 to 255", 255};
constexpr NumberFieldInfo kIcmpCode{NumberField::icmp_code, "an ICMP code from 0 to 255", 255};
constexpr NumberFieldInfo kFlags{NumberField::tcp_flags, "TCP flags: letters of FSRPAUECX or a number from 0 to 511",
                                 511};

// "1500", "0x1f", "10k": nothing if it is not a number or does not fit 64 bits.
std::optional<uint64_t> parse_number(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view suffix = text.substr(static_cast<size_t>(end - text.data()));
  if (suffix.empty()) return value;
  constexpr std::array<std::string_view, 4> kSuffixes = {"k", "m", "g", "t"};
  uint64_t factor = 1;
  for (const std::string_view name : kSuffixes) {
    factor *= 1000;
    if (!equals_ignoring_case(suffix, name)) continue;
    if (value > UINT64_MAX / factor) return std::nullopt;
    return value * factor;
  }
  return std::nullopt;
}

// "SA" -> SYN and ACK; X is all of the first six. nullopt if a letter is none of them.
std::optional<uint16_t> parse_flag_letters(std::string_view text) {
  constexpr std::string_view kLetters = "FSRPAUEC";  // by bit, least significant first
  uint16_t mask = 0;
  for (const char c : text) {
    const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    const size_t bit = kLetters.find(upper);
    if (upper == 'X')
      mask |= 63;
    else if (bit == std::string_view::npos)
      return std::nullopt;
    else
      mask = static_cast<uint16_t>(mask | 1u << bit);
  }
  return text.empty() ? std::nullopt : std::optional(mask);
}

// "10.0.0.0" and "255.0.0.0" -> 10.0.0.0/8. nullopt unless the mask's ones come first.
std::optional<IpPrefix> prefix_with_mask(std::string_view address, std::string_view mask_text) {
  const std::optional<IpAddress> mask = IpAddress::parse(mask_text);
  if (!mask || !mask->is_v4()) return std::nullopt;
  const int ones = std::countl_one(mask->v4());
  if (std::popcount(mask->v4()) != ones) return std::nullopt;
  return IpPrefix::parse(fmt::format("{}/{}", address, ones));
}

// "00:00:5e:00:53:01", also with '-'.
std::optional<uint64_t> parse_mac(std::string_view text) {
  if (text.size() != 17) return std::nullopt;
  uint64_t value = 0;
  for (size_t i = 0; i < text.size(); i += 3) {
    unsigned byte = 0;
    const std::string_view digits = text.substr(i, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + 2, byte, 16);
    if (error != std::errc{} || end != digits.data() + 2) return std::nullopt;
    if (i + 2 < text.size() && text[i + 2] != ':' && text[i + 2] != '-') return std::nullopt;
    value = value << 8 | byte;
  }
  return value;
}

// "ADD DELETE EXHAUST": without the numbers.
std::string names_of(const Term& term) {
  std::string names;
  bool number = false;
  for (const char c : term.names) {
    number = c == '=' || (number && c != ' ');
    if (!number) names += c;
  }
  return names;
}

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Parsed<Filter> parse() {
    if (peek().kind == Token::Kind::end) return Filter{Any{}};
    Parsed<Filter> filter = parse_or();
    if (filter && peek().kind != Token::Kind::end) return expected("'and', 'or' or the end");
    return filter;
  }

 private:
  // What stands before a primitive.
  struct Way {
    std::optional<AddressField> address = AddressField::either;  // nullopt: an interface's direction only
    std::optional<Side> side = Side::either;                     // nullopt: an address's only
    bool in_out = false;                                         // said as in or out
    bool given = false;
  };

  const Token& peek(size_t ahead = 0) const { return tokens_[std::min(next_ + ahead, tokens_.size() - 1)]; }
  const Token& take() { return tokens_[next_ < tokens_.size() - 1 ? next_++ : next_]; }
  bool accept_word(std::string_view word) { return peek().is_word(word) && (take(), true); }
  bool accept_symbol(std::string_view symbol) { return peek().is_symbol(symbol) && (take(), true); }

  std::unexpected<FilterError> error_at(const Token& token, std::string message) const {
    return std::unexpected(FilterError{token.position, std::move(message)});
  }
  std::unexpected<FilterError> expected(std::string_view what) const {
    const Token& token = peek();
    if (token.kind == Token::Kind::end) return error_at(token, fmt::format("expected {}, found the end", what));
    return error_at(token, fmt::format("expected {}, found '{}'", what, printable(token.text)));
  }

  Parsed<Filter> parse_or() {
    std::vector<Filter> children;
    do {
      Parsed<Filter> child = parse_and();
      if (!child) return child;
      children.push_back(*std::move(child));
    } while (accept_word("or") || accept_symbol("||"));
    if (children.size() == 1) return std::move(children.front());
    return Filter{Or{std::move(children)}};
  }

  Parsed<Filter> parse_and() {
    std::vector<Filter> children;
    do {
      Parsed<Filter> child = parse_factor();
      if (!child) return child;
      children.push_back(*std::move(child));
    } while (accept_word("and") || accept_symbol("&&"));
    if (children.size() == 1) return std::move(children.front());
    return Filter{And{std::move(children)}};
  }

  Parsed<Filter> parse_factor() {
    const bool negated = peek().is_word("not") || peek().is_symbol("!");
    if (!negated && !peek().is_symbol("(")) return parse_primitive();
    if (depth_ == kMaxFilterDepth) {
      return error_at(peek(), fmt::format("more than {} parentheses and negations inside each other", kMaxFilterDepth));
    }
    ++depth_;
    take();
    Parsed<Filter> child = negated ? parse_factor() : parse_or();
    --depth_;
    if (!child) return child;
    if (negated) return Filter{Not{std::make_unique<const Filter>(*std::move(child))}};
    if (!accept_symbol(")")) return expected("')', 'and' or 'or'");
    return child;
  }

  // The longest term that starts here; its words are taken.
  std::optional<size_t> accept_term() {
    std::optional<size_t> found;
    size_t longest = 0;
    const std::span<const Term> terms = filter_terms();
    for (size_t i = 0; i < terms.size(); ++i) {
      size_t words = 0;
      bool same = true;
      for (std::string_view rest = terms[i].words; same && !rest.empty(); ++words) {
        const std::string_view word = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(word.size() + 1, rest.size()));
        same = peek(words).is_word(word);
      }
      if (same && words > longest) found = i, longest = words;
    }
    for (size_t i = 0; i < longest; ++i) take();
    return found;
  }

  Parsed<Filter> parse_term(size_t index) {
    const Term& term = filter_terms()[index];
    TermIs is{index, accept_comparison().value_or(Comparison::eq), 0, {}};
    const Token& token = peek();
    const bool value = token.kind == Token::Kind::word || token.kind == Token::Kind::quoted;
    if (term.kind == TermKind::text || term.kind == TermKind::part) {
      if (is.comparison != Comparison::eq && is.comparison != Comparison::ne)
        return expected("'=' or '!=' before a text");
      if (!value) return expected("a text");
      is.text = token.text;
    } else {
      const bool mac = term.kind == TermKind::mac;
      std::optional<uint64_t> number = value ? named_value(term, token.text) : std::nullopt;
      if (value && !number) number = mac ? parse_mac(token.text) : parse_number(token.text);
      if (!number || *number > term.limit) {
        if (mac) return expected("a MAC address such as 00:00:5e:00:53:01");
        return expected(
            fmt::format("a number up to {}{}{}", term.limit, term.names.empty() ? "" : " or one of ", names_of(term)));
      }
      is.number = *number;
    }
    take();
    return Filter{std::move(is)};
  }

  Way parse_way() {
    if (peek().is_word("inner") || peek().is_word("nat") || peek(1).is_word("nat")) {
      if (const auto field = accept_far_address()) return {*field, std::nullopt, false, true};
    }
    if (accept_word("src")) return {AddressField::src, Side::src, false, true};
    if (accept_word("dst")) return {AddressField::dst, Side::dst, false, true};
    if (accept_word("in")) return {std::nullopt, Side::src, true, true};
    if (accept_word("out")) return {std::nullopt, Side::dst, true, true};
    if (accept_word("exporter") || accept_word("router")) return {AddressField::exporter, std::nullopt, false, true};
    if (accept_word("next")) return {AddressField::next_hop, std::nullopt, false, true};
    if (peek().is_word("bgp") && peek(1).is_word("next")) {
      take();
      take();
      return {AddressField::bgp_next_hop, std::nullopt, false, true};
    }
    return {};
  }

  // "nat", "src nat", "inner", "inner dst" ... before ip, host or net.
  std::optional<AddressField> accept_far_address() {
    struct Name {
      std::string_view first, second;
      AddressField field;
    };
    constexpr Name kNames[] = {
        {"src", "nat", AddressField::nat_src},
        {"dst", "nat", AddressField::nat_dst},
        {"nat", "", AddressField::nat},
        {"inner", "src", AddressField::inner_src},
        {"inner", "dst", AddressField::inner_dst},
        {"inner", "", AddressField::inner},
    };
    for (const Name& name : kNames) {
      if (!peek().is_word(name.first) || (!name.second.empty() && !peek(1).is_word(name.second))) continue;
      take();
      if (!name.second.empty()) take();
      return name.field;
    }
    return std::nullopt;
  }

  Parsed<Filter> parse_primitive() {
    if (accept_word("any")) return Filter{Any{}};
    if (peek().is_word("inner") && peek(1).is_word("proto")) {
      take();
      take();
      return parse_number_or_list(kInnerProto, Side::either);
    }
    if (const auto term = accept_term()) return parse_term(*term);
    if (accept_word("ipv4") || accept_word("inet")) return Filter{Family{false}};
    if (accept_word("ipv6") || accept_word("inet6")) return Filter{Family{true}};
    const Token& start = peek();
    const Way way = parse_way();
    const bool side_of_flow = way.side && !way.in_out;
    if (way.address) {
      if (accept_word("ip") || accept_word("host")) return parse_ip(*way.address);
      if (accept_word("net")) return parse_net(*way.address);
    }
    if (side_of_flow && accept_word("port")) return parse_number_or_list(kPort, *way.side);
    if (side_of_flow && accept_word("as")) return parse_number_or_list(kAs, *way.side);
    if ((way.in_out || !way.given) && accept_word("if")) return parse_number_or_list(kInterface, *way.side);
    if (way.in_out && way.side == Side::src) {
      if (accept_word("packets")) return parse_number_field(kPackets, Side::either);
      if (accept_word("bytes")) return parse_number_field(kBytes, Side::either);
    }
    if (way.side == Side::src && !way.in_out && accept_word("tos")) return parse_number_field(kTos, Side::either);
    if (way.given) return expected(fmt::format("{} after '{}'", after(way), printable(start.text)));
    return parse_undirected();
  }

  // What may follow a direction, for messages.
  static std::string_view after(const Way& way) {
    if (way.in_out) return way.side == Side::src ? "'if', 'packets' or 'bytes'" : "'if'";
    if (!way.side) return "'ip' or 'net'";
    return way.side == Side::src ? "'ip', 'net', 'port', 'as' or 'tos'" : "'ip', 'net', 'port' or 'as'";
  }

  Parsed<Filter> parse_undirected() {
    if (accept_word("proto")) return parse_number_or_list(kProto, Side::either);
    if (accept_word("packets")) return parse_number_field(kPackets, Side::either);
    if (accept_word("bytes")) return parse_number_field(kBytes, Side::either);
    if (accept_word("duration")) return parse_number_field(kDuration, Side::either);
    if (accept_word("tos")) return parse_number_field(kTos, Side::either);
    if (accept_word("flags")) return parse_flags();
    if (accept_word("icmp-type")) return parse_number_field(kIcmpType, Side::either);
    if (accept_word("icmp-code")) return parse_number_field(kIcmpCode, Side::either);
    if (peek().is_word("icmp") && (peek(1).is_word("type") || peek(1).is_word("code"))) {
      take();
      return parse_number_field(take().is_word("type") ? kIcmpType : kIcmpCode, Side::either);
    }
    return expected(
        "a condition (any, ip, net, port, proto, as, if, packets, bytes, duration, flags, tos, icmp-type, icmp-code, "
        "ipv4, ipv6, exporter ip, vlan, mac, mask, ttl, mpls, nat, inner, asa, fwdstat)");
  }

  std::optional<Comparison> accept_comparison() {
    struct Name {
      std::string_view symbol, word;
      Comparison comparison;
    };
    constexpr Name kNames[] = {{"=", "eq", Comparison::eq}, {"==", "eq", Comparison::eq}, {"!=", "ne", Comparison::ne},
                               {">", "gt", Comparison::gt}, {">=", "ge", Comparison::ge}, {"<", "lt", Comparison::lt},
                               {"<=", "le", Comparison::le}};
    for (const Name& name : kNames) {
      if (accept_symbol(name.symbol) || accept_word(name.word)) return name.comparison;
    }
    return std::nullopt;
  }

  // The value of a field, without taking it.
  std::optional<uint64_t> value_of(const Token& token, const NumberFieldInfo& info) const {
    if (token.kind != Token::Kind::word && token.kind != Token::Kind::quoted) return std::nullopt;
    if (info.field == NumberField::proto || info.field == NumberField::inner_proto) {
      if (const std::optional<uint8_t> named = protocol_number(token.text)) return *named;
    }
    const std::optional<uint64_t> value = parse_number(token.text);
    return value && *value <= info.limit ? value : std::nullopt;
  }

  Parsed<Filter> parse_number_field(const NumberFieldInfo& info, Side side) {
    const Comparison comparison = accept_comparison().value_or(Comparison::eq);
    const std::optional<uint64_t> value = value_of(peek(), info);
    if (!value) return expected(info.what);
    take();
    return Filter{NumberIs{info.field, side, comparison, *value}};
  }

  Parsed<Filter> parse_number_or_list(const NumberFieldInfo& info, Side side) {
    if (!accept_word("in")) return parse_number_field(info, side);
    NumberIn in{info.field, side, {}};
    TRY(parse_list(info.what, [&](const Token& token) {
      const std::optional<uint64_t> value = value_of(token, info);
      if (value) in.values.push_back(*value);
      return value.has_value();
    }));
    return Filter{std::move(in)};
  }

  // "[" entry { [","] entry } "]"
  template <class Add>
  Parsed<void> parse_list(std::string_view what, Add add) {
    if (!accept_symbol("[")) return expected("'['");
    for (size_t entries = 0; entries == 0 || !accept_symbol("]"); ++entries) {
      if (entries == kMaxFilterListEntries)
        return error_at(peek(), fmt::format("a list of more than {} entries", entries));
      if (entries > 0) accept_symbol(",");
      if (!add(peek())) return expected(entries > 0 ? fmt::format("{} or ']'", what) : std::string(what));
      take();
    }
    return {};
  }

  Parsed<Filter> parse_ip(AddressField field) {
    constexpr std::string_view kWhat = "an address (names are not looked up)";
    AddressIn in{field, {}};
    const auto add = [&](const Token& token) {
      const std::optional<IpPrefix> prefix = IpPrefix::parse(token.text);
      if (prefix) in.ranges.push_back(*prefix);
      return prefix.has_value();
    };
    if (accept_word("in")) {
      TRY(parse_list("an address or a prefix", add));
      return Filter{std::move(in)};
    }
    const bool equals = accept_symbol("=") || accept_symbol("==");
    if (!add(peek())) return expected(equals ? kWhat : "an address (names are not looked up) or 'in ['");
    take();
    return Filter{std::move(in)};
  }

  Parsed<Filter> parse_net(AddressField field) {
    const Token& address = peek();
    std::optional<IpPrefix> prefix = IpPrefix::parse(address.text);
    if (!prefix) return expected("a network such as 192.0.2.0/24, 10/8 or 2001:db8::/32");
    take();
    if (address.text.find('/') == std::string_view::npos) {
      prefix = prefix_with_mask(address.text, peek().text);
      if (!prefix) return expected("a netmask such as 255.255.255.0 (or write the network as ADDRESS/BITS)");
      take();
    }
    return Filter{AddressIn{field, {*prefix}}};
  }

  Parsed<Filter> parse_flags() {
    const bool letters_follow = [&] {
      const size_t ahead = peek().kind == Token::Kind::symbol ? 1 : 0;
      return !value_of(peek(ahead), kFlags) && parse_flag_letters(peek(ahead).text);
    }();
    if (!letters_follow) return parse_number_field(kFlags, Side::either);
    const bool exact = accept_symbol("=") || accept_symbol("==");
    const std::optional<uint16_t> mask = parse_flag_letters(peek().text);
    if (!mask) return expected("flag letters (only '=' may stand before them)");
    take();
    return Filter{FlagsSet{*mask, exact}};
  }

  std::vector<Token> tokens_;
  size_t next_ = 0;
  size_t depth_ = 0;
};

}  // namespace

std::expected<Filter, FilterError> parse_filter(std::string_view text) { return Parser(TRY(tokenize(text))).parse(); }

}  // namespace weir::query
