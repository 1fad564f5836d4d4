#include "host/selection.h"

#include <array>

namespace weir::host {
namespace {

// \d outside and inside of brackets. What has an empty inside has no such form there.
struct Class {
  char letter;
  std::string_view outside;
  std::string_view inside;
};
constexpr auto kClasses = std::to_array<Class>({
    {'d', "[0-9]", "0-9"},
    {'D', "[^0-9]", ""},
    {'w', "[0-9A-Za-z_]", "0-9A-Za-z_"},
    {'W', "[^0-9A-Za-z_]", ""},
    {'s', "[ \t\n\f\r]", " \t\n\f\r"},
    {'S', "[^ \t\n\f\r]", ""},
});

// The end of a bracket expression that begins at `at`, or npos.
size_t bracket_end(std::string_view expression, size_t at) {
  size_t i = at + 1;
  if (i < expression.size() && expression[i] == '^') ++i;
  if (i < expression.size() && expression[i] == ']') ++i;
  for (; i < expression.size(); ++i) {
    if (expression[i] == '\\') {
      ++i;
    } else if (expression[i] == '[' && expression.substr(i + 1).starts_with(":")) {
      i = expression.find(":]", i + 2);
      if (i == std::string_view::npos) return i;
      ++i;
    } else if (expression[i] == ']') {
      return i;
    }
  }
  return std::string_view::npos;
}

// In POSIX a backslash within brackets is itself: `\d` and `\-` need another form.
Result<std::string> posix_bracket(std::string_view inside) {
  std::string text;
  bool hyphen = false;
  bool closing = false;
  const bool negated = inside.starts_with("^");
  if (negated) inside.remove_prefix(1);
  for (size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == ']' && i == 0) {
      closing = true;
      continue;
    }
    if (inside[i] != '\\' || i + 1 == inside.size()) {
      text += inside[i];
      continue;
    }
    const char escaped = inside[++i];
    const Class* found = nullptr;
    for (const Class& one : kClasses) found = one.letter == escaped ? &one : found;
    if (found != nullptr && found->inside.empty()) return fail("\\{} cannot be within [ ]", escaped);
    if (found != nullptr) {
      text += found->inside;
    } else if (escaped == '-') {
      hyphen = true;
    } else if (escaped == ']') {
      closing = true;
    } else {
      text += escaped;
    }
  }
  return fmt::format("[{}{}{}{}]", negated ? "^" : "", closing ? "]" : "", text, hyphen ? "-" : "");
}

std::string describe(int error, const regex_t& compiled) {
  std::array<char, 128> text{};
  ::regerror(error, &compiled, text.data(), text.size());
  return text.data();
}

}  // namespace

Result<Translated> posix_expression(std::string_view expression) {
  Translated translated;
  if (expression.starts_with("(?i)")) {
    translated.ignore_case = true;
    expression.remove_prefix(4);
  }
  std::string& text = translated.expression;
  for (size_t i = 0; i < expression.size(); ++i) {
    const std::string_view rest = expression.substr(i);
    if (rest[0] == '[') {
      const size_t end = bracket_end(expression, i);
      if (end == std::string_view::npos) return fail("a [ has no ]");
      const Result<std::string> bracket = posix_bracket(expression.substr(i + 1, end - i - 1));
      if (!bracket) return std::unexpected(bracket.error());
      text += *bracket;
      i = end;
    } else if (rest.starts_with("(?:")) {
      text += '(';
      i += 2;
    } else if (rest.starts_with("(?")) {
      return fail("groups of the form (?...) other than (?:...) are not known here");
    } else if (rest[0] == '\\' && rest.size() > 1) {
      std::string_view class_text;
      for (const Class& one : kClasses) class_text = one.letter == rest[1] ? one.outside : class_text;
      text += class_text.empty() ? rest.substr(0, 2) : class_text;
      ++i;
    } else {
      text += rest[0];
    }
  }
  return translated;
}

Result<Pattern> Pattern::compile(std::string_view expression) {
  const Result<Translated> translated = posix_expression(expression);
  if (!translated) return fail("bad regular expression `{}`: {}", expression, translated.error().message);
  auto compiled = std::make_unique<regex_t>();
  const int flags = REG_EXTENDED | REG_NOSUB | (translated->ignore_case ? REG_ICASE : 0);
  const int error = ::regcomp(compiled.get(), translated->expression.c_str(), flags);
  if (error != 0) return fail("bad regular expression `{}`: {}", expression, describe(error, *compiled));
  Pattern pattern;
  pattern.compiled_.reset(compiled.release());
  return pattern;
}

bool Pattern::matches(std::string_view name) const {
  const std::string terminated(name);
  return ::regexec(compiled_.get(), terminated.c_str(), 0, nullptr, 0) == 0;
}

Result<Selector> Selector::compile(const Selection& selection, std::string_view flag) {
  if (!selection.include.empty() && !selection.exclude.empty())
    return fail("{}-include and {}-exclude: only one of both can be given", flag, flag);
  Selector selector;
  for (const auto& [expression, pattern] :
       {std::pair{&selection.include, &selector.include_}, std::pair{&selection.exclude, &selector.exclude_}}) {
    if (expression->empty()) continue;
    Result<Pattern> compiled = Pattern::compile(*expression);
    if (!compiled) return fail("{}: {}", flag, compiled.error().message);
    *pattern = std::make_unique<Pattern>(std::move(*compiled));
  }
  return selector;
}

bool Selector::selects(std::string_view name) const {
  if (include_) return include_->matches(name);
  return !exclude_ || !exclude_->matches(name);
}

}  // namespace weir::host
