#include "config/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "config/suggest.h"
#include "config/value.h"

namespace weir::config {
namespace {

// A number if it is written like one, else a text, which a key of numbers refuses.
Written number_or_text(std::string_view word) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error == std::errc{} && end == word.data() + word.size()) return {number};
  return {std::string(word)};
}

// What the words mean for this key, as if they stood in a file.
Written written(const Key& key, std::span<const std::string> words) {
  const bool numbers =
      std::holds_alternative<uint64_t*>(key.type) || std::holds_alternative<std::vector<uint64_t>*>(key.type);
  const auto one = [&](const std::string& word) { return numbers ? number_or_text(word) : Written{word}; };
  const bool is_list = std::holds_alternative<std::vector<uint64_t>*>(key.type) ||
                       std::holds_alternative<std::vector<std::string>*>(key.type);
  if (std::holds_alternative<bool*>(key.type)) return {true};
  if (!is_list) return words.empty() ? Written{std::string()} : one(words.front());
  std::vector<Written> list;
  for (const std::string& word : words) list.push_back(one(word));
  return {std::move(list)};
}

Result<> read(std::string_view flag, const Section& section, const Key& key, std::span<const std::string> words,
              Config& config) {
  const std::optional<std::string> refused =
      read_value(key, written(key, words), key.field(section.values(section, config)));
  if (!refused) return {};
  const bool is_list = *refused == "a list";
  return fail("{}: {} is not allowed: {} must be {}", flag,
              is_list ? fmt::format("\"{}\"", printable(fmt::to_string(fmt::join(words, " ")))) : *refused,
              full_name(section, key), allowed(key));
}

std::vector<const Key*> required_keys(const Section& section) {
  std::vector<const Key*> required;
  for (const Key& key : section.keys) {
    if (!key.optional) required.push_back(&key);
  }
  return required;
}

// "EXPORTER=RATE" into its parts, from the right, as a text may hold a "=" and a number cannot.
std::optional<std::vector<std::string>> split_element(std::string_view entry, size_t parts) {
  std::vector<std::string> split;
  for (; parts > 1; --parts) {
    const size_t equals = entry.rfind('=');
    if (equals == std::string_view::npos) return std::nullopt;
    split.emplace_back(entry.substr(equals + 1));
    entry = entry.substr(0, equals);
  }
  split.emplace_back(entry);
  std::ranges::reverse(split);
  return split;
}

// "it must be EXPORTER=RATE, such as 192.0.2.1=1000"
std::string element_form(std::span<const Key* const> keys) {
  std::vector<std::string> names;
  std::vector<std::string> examples;
  for (const Key* key : keys) {
    names.emplace_back(key->name);
    for (char& c : names.back()) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    examples.emplace_back(key->example);
    std::erase(examples.back(), '"');
  }
  return fmt::format("it must be {}, such as {}", fmt::join(names, "="), fmt::join(examples, "="));
}

Result<> apply_elements(const GivenFlag& given, Config& config) {
  const Section& section = *given.section;
  const std::vector<const Key*> keys = required_keys(section);
  Config elements;
  for (const std::string& entry : given.words) {
    const auto parts = split_element(entry, keys.size());
    if (!parts || std::ranges::any_of(*parts, &std::string::empty)) {
      return fail("{} {}: {}", section.flag.name, printable(entry), element_form(keys));
    }
    section.array->add(elements);
    for (size_t i = 0; i < keys.size(); ++i) {
      const std::string flag = fmt::format("{} {}", section.flag.name, printable(entry));
      TRY(read(flag, section, *keys[i], std::span(&(*parts)[i], 1), elements));
    }
  }
  const std::vector<ElementProblem> problems = section.array->check(elements);
  if (!problems.empty()) return fail("{}: {}", section.flag.name, problems.front().text);
  section.array->override(elements, config);
  return {};
}

// The name of a key for who wrote the command line.
std::string name_for(const Section& section, const Key& key, std::span<const GivenFlag> given) {
  const bool is_given = std::ranges::any_of(given, [&](const GivenFlag& flag) { return flag.key == &key; });
  return is_given ? std::string(key.flag.name) : full_name(section, key);
}

std::string conflict_text(const Conflict& conflict, std::span<const GivenFlag> given) {
  const std::string name = name_for(*conflict.section, *conflict.key, given);
  const std::string other = full_name(*conflict.other_section, *conflict.other);
  if (conflict.kind == Conflict::Kind::below) return fmt::format("{} must be at least {}", name, other);
  const std::string_view flag = conflict.other->flag.name;
  return fmt::format("{} needs {}{}", name, other, flag.empty() ? std::string() : fmt::format(" ({})", flag));
}

}  // namespace

Result<> apply_flags(std::span<const GivenFlag> given, Config& config, Sections sections) {
  for (const GivenFlag& flag : given) {
    if (flag.key == nullptr) {
      TRY(apply_elements(flag, config));
    } else {
      TRY(read(flag.key->flag.name, *flag.section, *flag.key, flag.words, config));
    }
  }
  std::string lines;
  for (const Conflict& conflict : conflicts(config, sections)) {
    if (!lines.empty()) lines += '\n';
    lines += conflict_text(conflict, given);
  }
  return lines.empty() ? Result<>() : fail("{}", lines);
}

}  // namespace weir::config
