// Filter tree -> text, and errors for people.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <iterator>

#include "base/time.h"
#include "filter/fields.h"
#include "filter/filter.h"
#include "filter/lexer.h"

namespace weir::filter {
namespace {

std::string_view text_of(Comparison comparison) {
  constexpr std::string_view kText[] = {"=", "!=", ">", ">=", "<", "<="};
  return kText[static_cast<size_t>(comparison)];
}

std::string_view text_of(TextTest test) {
  if (test == TextTest::like) return "like";
  if (test == TextTest::regex) return "~";
  return text_of(static_cast<Comparison>(test));
}

// A text that was written holds one kind of quotes at most.
std::string quoted(std::string_view text) {
  const char quote = text.find('\'') == std::string_view::npos ? '\'' : '"';
  return fmt::format("{0}{1}{0}", quote, text);
}

std::string text_of(const Field& field, uint64_t value) {
  if (field.kind == FieldKind::mac) return mac_to_string(value);
  if (field.kind == FieldKind::time) return to_rfc3339(timestamp_from_us(static_cast<int64_t>(value)));
  return std::to_string(value);
}

// "src ip" -> "src net": what stands before a network.
std::string net_words(const Field& field) {
  if (field.column) return field.words + " =";
  return field.words.substr(0, field.words.size() - 2) + "net";
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
      const std::string words = one && !in.field->column ? in.field->words : net_words(*in.field);
      out += fmt::format("{} {}", words, text_of(in.ranges[0]));
      return;
    }
    list(in.field, in.ranges, [](const IpPrefix& range) { return text_of(range); });
  }
  void operator()(const AddressIs& is) {
    out += fmt::format("{} {} {}", is.field->words, text_of(is.comparison), is.address.to_string());
  }
  void operator()(const NumberIs& is) {
    out += fmt::format("{} {} {}", is.field->words, text_of(is.comparison), text_of(*is.field, is.value));
  }
  void operator()(const NumberIn& in) {
    list(in.field, in.values, [&](uint64_t value) { return text_of(*in.field, value); });
  }
  void operator()(const TextIs& is) {
    out += fmt::format("{} {} {}", is.field->words, text_of(is.test), quoted(is.text));
  }
  void operator()(const TextIn& in) { list(in.field, in.texts, quoted); }
  void operator()(const FieldsCompare& compare) {
    out += fmt::format("{} {} {}", compare.left->words, text_of(compare.comparison), compare.right->words);
  }
  void operator()(const FlagsSet& flags) {
    constexpr std::string_view kLetters = "FSRPAUEC";
    constexpr std::string_view kMatches[] = {"flags ", "flags =", "flags any "};
    out += kMatches[static_cast<size_t>(flags.match)];
    for (size_t bit = 0; bit < kLetters.size(); ++bit) {
      if ((flags.mask >> bit & 1) != 0) out += kLetters[bit];
    }
  }
  void operator()(const Not& negation) {
    out += "not ";
    // "not flags SA" would be "not flags any SA".
    const auto* flags = std::get_if<FlagsSet>(&negation.child->node);
    const bool all = flags != nullptr && flags->match == FlagsSet::Match::all;
    if (all) out += '(';
    child(*negation.child, true, true);
    if (all) out += ')';
  }
  void operator()(const And& all) { join(all.children, " and ", true); }
  void operator()(const Or& any) { join(any.children, " or ", false); }

  template <class Values, class TextOf>
  void list(const FieldRef& field, const Values& values, TextOf text) {
    out += field->words + " in [";
    for (size_t i = 0; i < values.size(); ++i) out.append(i > 0 ? ", " : "").append(text(values[i]));
    out += ']';
  }
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

std::string FilterError::show(std::string_view filter) const {
  const std::string_view text = file.empty() ? filter : file_text;
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
  std::string place = fmt::format("at character {}", at + 1);
  if (!file.empty()) {
    place = fmt::format("in {}, line {}", printable(file), 1 + std::ranges::count(text.substr(0, at), '\n'));
  }
  return fmt::format("filter: {}, {}\n  {}{}{}\n  {:>{}}", message, place, dots, line, end < line_end ? "..." : "", '^',
                     dots.size() + (at - start) + 1);
}

}  // namespace weir::filter
