#include "host/select/selection.h"

#include <regex.h>

#include <array>
#include <bitset>

#include "base/text.h"

namespace weir::host {
namespace {

using CharSet = std::bitset<256>;

void add_range(CharSet& set, unsigned char first, unsigned char last) {
  for (unsigned c = first; c <= last; ++c) set.set(c);
}

// The set of \d, \w or \s; a capital letter means the complement.
std::optional<CharSet> class_of(char letter) {
  CharSet set;
  switch (letter | 0x20) {
    case 'd':
      add_range(set, '0', '9');
      break;
    case 'w':
      add_range(set, '0', '9');
      add_range(set, 'A', 'Z');
      add_range(set, 'a', 'z');
      set.set('_');
      break;
    case 's':
      for (const unsigned char c : {' ', '\t', '\n', '\f', '\r'}) set.set(c);
      break;
    default:
      return std::nullopt;
  }
  if (letter >= 'A' && letter <= 'Z') set.flip();
  return set;
}

// Writes a set as a bracket expression.
std::string bracket(CharSet set) {
  set.reset(0);  // a name has no zero byte, and regcomp's text would end there
  const bool negated = set.count() > 128;
  if (negated) {
    set.flip();
    set.reset(0);
  }
  std::string text = negated ? "[^" : "[";
  std::string last;  // characters that must stand at the end
  if (set.test(']')) text += ']';
  for (unsigned c = 1; c < 256; ++c) {
    if (!set.test(c) || c == ']') continue;
    if (c == '-' || c == '^') {
      last.insert(last.begin(), static_cast<char>(c));  // '^' comes after '-' in ASCII: "^-"
    } else if (c == '[') {
      text += "[.[.]";  // "[:", "[." and "[=" begin something else
    } else {
      text += static_cast<char>(c);
    }
  }
  // "[^]" alone would be a negation; one byte needs no bracket.
  if (!negated && text == "[" && last == "^") return "\\^";
  return text + last + ']';
}

class Translator {
 public:
  explicit Translator(std::string_view text) : rest_(text) {}

  Result<std::string> all(bool& icase) {
    if (rest_.starts_with("(?i)")) {
      icase = true;
      rest_.remove_prefix(4);
    }
    while (!rest_.empty()) {
      const char c = take();
      Result<> step;
      if (c == '\\') {
        step = escape();
      } else if (c == '[') {
        step = set();
      } else if (c == '(') {
        step = group();
      } else if (c == '*' || c == '+' || c == '?' || c == '}') {
        out_ += c;
        if (rest_.starts_with('?')) return fail("non-greedy repetition \"{}?\" is not supported", c);
      } else if (c == '\0') {
        return fail("a zero byte");
      } else {
        out_ += c;
      }
      if (!step) return std::unexpected(step.error());
    }
    return std::move(out_);
  }

 private:
  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  // The byte that an escape stands for; `c` follows the backslash.
  Result<unsigned char> byte(char c) {
    switch (c) {
      case 't':
        return '\t';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 'f':
        return '\f';
      case 'v':
        return '\v';
      case 'a':
        return '\a';
      case 'x': {
        const auto value = rest_.size() < 2 ? std::nullopt : parse_number<unsigned>(rest_.substr(0, 2), 16);
        if (!value || *value == 0 || *value > 0x7f) return fail("\\x needs two hexadecimal digits of ASCII");
        rest_.remove_prefix(2);
        return static_cast<unsigned char>(*value);
      }
      default:
        break;
    }
    const bool letter_or_digit = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    if (letter_or_digit) return fail("\"\\{}\" is not supported", c);
    return static_cast<unsigned char>(c);
  }

  Result<> escape() {
    if (rest_.empty()) return fail("it ends with a backslash");
    const char c = take();
    if (const auto named = class_of(c)) {
      out_ += bracket(*named);
      return {};
    }
    if (c == 'A' || c == 'z') {
      out_ += c == 'A' ? '^' : '$';
      return {};
    }
    if (c == 'b' || c == 'B') {  // glibc knows them
      (out_ += '\\') += c;
      return {};
    }
    const auto literal = TRY(byte(c));
    if (std::string_view("\\^$.[]|()*+?{}").contains(static_cast<char>(literal))) out_ += '\\';
    out_ += static_cast<char>(literal);
    return {};
  }

  Result<> group() {
    out_ += '(';
    if (!rest_.starts_with('?')) return {};
    rest_.remove_prefix(1);
    if (rest_.starts_with(':')) {
      rest_.remove_prefix(1);
      return {};
    }
    if (rest_.starts_with("P<") || rest_.starts_with("<")) {
      const size_t end = rest_.find('>');
      const bool lookbehind = rest_.starts_with("<=") || rest_.starts_with("<!");
      if (end != std::string_view::npos && !lookbehind) {
        rest_.remove_prefix(end + 1);
        return {};
      }
    }
    return fail("\"(?{}\" is not supported", rest_.substr(0, 1));
  }

  // Reads one member of a set. Returns a byte, or nothing if it was a class, which is added to `set`.
  Result<std::optional<unsigned char>> member(CharSet& set) {
    const char c = take();
    if (c == '[' && rest_.starts_with(':')) {
      const size_t end = rest_.find(":]");
      if (end == std::string_view::npos) return fail("\"[:\" without \":]\"");
      const std::string_view name = rest_.substr(1, end - 1);
      rest_.remove_prefix(end + 2);
      if (name == "digit")
        set |= *class_of('d');
      else if (name == "word")
        set |= *class_of('w');
      else if (name == "space")
        set |= *class_of('s');
      else if (name == "upper" || name == "alpha" || name == "alnum")
        add_range(set, 'A', 'Z');
      else if (name != "lower")
        return fail("\"[:{}:]\" is not supported", name);
      if (name == "lower" || name == "alpha" || name == "alnum") add_range(set, 'a', 'z');
      if (name == "alnum") add_range(set, '0', '9');
      return std::nullopt;
    }
    if (c == '\\') {
      if (rest_.empty()) return fail("it ends with a backslash");
      const char escaped = take();
      if (const auto named = class_of(escaped)) {
        set |= *named;
        return std::nullopt;
      }
      const auto literal = TRY(byte(escaped));
      return literal;
    }
    const auto value = static_cast<unsigned char>(c);
    if (value == 0 || value > 0x7f) return fail("only ASCII may stand in brackets");
    return value;
  }

  Result<> set() {
    CharSet set;
    const bool negated = rest_.starts_with('^');
    if (negated) rest_.remove_prefix(1);
    bool first = true;
    while (true) {
      if (rest_.empty()) return fail("\"[\" without \"]\"");
      if (rest_.front() == ']' && !first) {
        rest_.remove_prefix(1);
        break;
      }
      first = false;
      const auto begin = TRY(member(set));
      if (!begin) continue;
      unsigned char last = *begin;
      if (rest_.size() >= 2 && rest_[0] == '-' && rest_[1] != ']') {
        rest_.remove_prefix(1);
        const auto end = TRY(member(set));
        if (!end || *end < last) return fail("a range in brackets ends before it begins");
        add_range(set, last, *end);
        continue;
      }
      set.set(last);
    }
    if (negated) set.flip();
    out_ += bracket(set);
    return {};
  }

  std::string_view rest_;
  std::string out_;
};

}  // namespace

Result<std::string> translate_expression(std::string_view expression, bool& icase) {
  return Translator(expression).all(icase);
}

struct Pattern::Compiled {
  regex_t regex{};
};

void Pattern::Free::operator()(Compiled* compiled) const {
  ::regfree(&compiled->regex);
  delete compiled;
}

Result<Pattern> Pattern::compile(std::string_view expression, std::string_view flag) {
  bool icase = false;
  const auto translated = translate_expression(expression, icase);
  if (!translated) return fail("{}: cannot use \"{}\": {}", flag, expression, translated.error().message);
  Pattern pattern(*translated, REG_EXTENDED | REG_NOSUB | (icase ? REG_ICASE : 0));
  if (const int error = pattern.compile(); error != 0) {
    std::array<char, 128> reason{};
    ::regerror(error, nullptr, reason.data(), reason.size());
    return fail("{}: cannot use \"{}\": {}", flag, expression, reason.data());
  }
  return pattern;
}

int Pattern::compile() const {
  auto fresh = std::make_unique<Compiled>();
  const int error = ::regcomp(&fresh->regex, expression_.c_str(), flags_);
  if (error == 0) compiled_.reset(fresh.release());
  return error;
}

void Pattern::free_states() const {
  compiled_.reset();
  matches_ = 0;
}

bool Pattern::matches(std::string_view name) const {
  if (++matches_ > kMatchesKept) free_states();
  // It has been compiled before, so this fails only for want of memory.
  if (!compiled_ && compile() != 0) return false;
  // With REG_STARTEND the name need not end with a zero byte (glibc and the BSDs).
  regmatch_t range{.rm_so = 0, .rm_eo = static_cast<regoff_t>(name.size())};
  return ::regexec(&compiled_->regex, name.data() == nullptr ? "" : name.data(), 1, &range, REG_STARTEND) == 0;
}

Result<Selector> Selector::compile(const Selection& selection, std::string_view flag) {
  if (!selection.include.empty() && !selection.exclude.empty())
    return fail("{}-include and {}-exclude may not be given together", flag, flag);
  const bool including = !selection.include.empty();
  auto selector = only(including ? selection.include : selection.exclude,
                       std::string(flag) + (including ? "-include" : "-exclude"));
  if (selector) selector->wanted_ = including || selection.exclude.empty();
  return selector;
}

Result<Selector> Selector::only(std::string_view expression, std::string_view flag) {
  Selector selector;
  if (expression.empty()) return selector;
  selector.expression_ = TRY(Pattern::compile(expression, flag));
  return selector;
}

bool Selector::selects(std::string_view name) const {
  if (!expression_) return true;
  if (const auto found = kept_.find(name); found != kept_.end()) return found->second;
  if (kept_.size() >= kMaxKept) kept_.clear();
  const bool selected = expression_->matches(name) == wanted_;
  kept_.emplace(name, selected);
  return selected;
}

}  // namespace weir::host
