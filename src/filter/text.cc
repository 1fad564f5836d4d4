// Filter tree -> text, and errors for people.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <iterator>

#include "query/filter.h"
#include "query/filter_lexer.h"
#include "query/filter_terms.h"

namespace weir::query {
namespace {

std::string_view text_of(Comparison comparison) {
  constexpr std::string_view kText[] = {"=", "!=", ">", ">=", "<", "<="};
  return kText[static_cast<size_t>(comparison)];
}

std::string_view text_of(AddressField field) {
  constexpr std::string_view kText[] = {"",     "src ",     "dst ",     "exporter ", "next ",      "bgp next ",
                                        "nat ", "src nat ", "dst nat ", "inner ",    "inner src ", "inner dst "};
  static_assert(std::size(kText) == kAddressFields);
  return kText[static_cast<size_t>(field)];
}

std::string name_of(NumberField field, Side side) {
  constexpr std::string_view kNames[] = {"port",     "as",  "if",        "proto",     "packets", "bytes",
                                         "duration", "tos", "icmp-type", "icmp-code", "flags",   "inner proto"};
  constexpr std::string_view kSides[] = {"", "src ", "dst "};
  constexpr std::string_view kInOut[] = {"", "in ", "out "};
  const std::string_view way = (field == NumberField::interface ? kInOut : kSides)[static_cast<size_t>(side)];
  return fmt::format("{}{}", way, kNames[static_cast<size_t>(field)]);
}

// The range as a prefix: parsing made it from one.
std::string text_of(const IpPrefix& prefix) {
  if (prefix.first == prefix.last) return prefix.first.to_string();
  int host_bits = 0;
  for (size_t i = 0; i < 16; ++i) {
    host_bits += std::popcount(static_cast<uint8_t>(prefix.first.bytes[i] ^ prefix.last.bytes[i]));
  }
  const int width = prefix.first.is_v4() && prefix.last.is_v4() ? 32 : 128;
  return fmt::format("{}/{}", prefix.first.to_string(), width - host_bits);
}

// Adds the text of a node. Parentheses stand only where the grammar needs them: what was parsed within the limit of
// depth is printed within it.
struct Printer {
  std::string out;

  void operator()(const Any&) { out += "any"; }
  void operator()(const Family& family) { out += family.v6 ? "ipv6" : "ipv4"; }
  void operator()(const AddressIn& in) {
    if (in.ranges.size() == 1) {
      const bool one = in.ranges[0].first == in.ranges[0].last;
      out += fmt::format("{}{} {}", text_of(in.field), one ? "ip" : "net", text_of(in.ranges[0]));
      return;
    }
    out += fmt::format("{}ip in [", text_of(in.field));
    for (size_t i = 0; i < in.ranges.size(); ++i) out += (i > 0 ? ", " : "") + text_of(in.ranges[i]);
    out += ']';
  }
  void operator()(const NumberIs& is) {
    out += fmt::format("{} {} {}", name_of(is.field, is.side), text_of(is.comparison), is.value);
  }
  void operator()(const NumberIn& in) {
    out += fmt::format("{} in [{}]", name_of(in.field, in.side), fmt::join(in.values, ", "));
  }
  void operator()(const TermIs& is) {
    const Term& term = filter_terms()[is.term];
    out += fmt::format("{} {} ", term.words, text_of(is.comparison));
    if (term.kind == TermKind::number) {
      out += std::to_string(is.number);
    } else if (term.kind == TermKind::mac) {
      out += mac_to_string(is.number);
    } else {
      // A text that was written holds one kind of quotes at most.
      const char quote = is.text.find('\'') == std::string::npos ? '\'' : '"';
      out += quote + is.text + quote;
    }
  }
  void operator()(const FlagsSet& flags) {
    constexpr std::string_view kLetters = "FSRPAUEC";
    out += flags.exact ? "flags =" : "flags ";
    for (size_t bit = 0; bit < kLetters.size(); ++bit) {
      if ((flags.mask >> bit & 1) != 0) out += kLetters[bit];
    }
  }
  void operator()(const Not& negation) {
    out += "not ";
    child(*negation.child, true, true);
  }
  void operator()(const And& all) { join(all.children, " and ", true); }
  void operator()(const Or& any) { join(any.children, " or ", false); }

  void join(const std::vector<Filter>& children, std::string_view separator, bool within_and) {
    for (size_t i = 0; i < children.size(); ++i) {
      if (i > 0) out += separator;
      child(children[i], within_and, true);
    }
  }
  void child(const Filter& filter, bool enclose_and, bool enclose_or) {
    const bool enclose = (enclose_and && std::holds_alternative<And>(filter.node)) ||
                         (enclose_or && std::holds_alternative<Or>(filter.node));
    if (enclose) out += '(';
    std::visit(*this, filter.node);
    if (enclose) out += ')';
  }
};

}  // namespace

bool AddressIn::operator==(const AddressIn& other) const {
  const auto equal = [](const IpPrefix& a, const IpPrefix& b) { return a.first == b.first && a.last == b.last; };
  return field == other.field && std::ranges::equal(ranges, other.ranges, equal);
}
bool Not::operator==(const Not& other) const { return *child == *other.child; }
bool And::operator==(const And& other) const { return children == other.children; }
bool Or::operator==(const Or& other) const { return children == other.children; }
bool Filter::operator==(const Filter& other) const { return node == other.node; }

std::string to_string(const Filter& filter) {
  Printer printer;
  std::visit(printer, filter.node);
  return std::move(printer.out);
}

std::string FilterError::show(std::string_view text) const {
  constexpr size_t kBefore = 50;  // bytes of the line shown on each side of the place
  const size_t at = std::min(position, text.size());
  const size_t newline = text.substr(0, at).rfind('\n');
  const size_t line_start = newline == std::string_view::npos ? 0 : newline + 1;
  const size_t line_end = std::min(text.find('\n', at), text.size());
  const size_t start = at - line_start > kBefore ? at - kBefore : line_start;
  const size_t end = std::min(line_end, at + kBefore);
  std::string line(text.substr(start, end - start));
  for (char& c : line) {
    if (c < ' ' || c > '~') c = c == '\t' ? ' ' : '?';
  }
  const std::string_view dots = start > line_start ? "..." : "";
  return fmt::format("filter: {}, at character {}\n  {}{}{}\n  {:>{}}", message, at + 1, dots, line,
                     end < line_end ? "..." : "", '^', dots.size() + (at - start) + 1);
}

}  // namespace weir::query
