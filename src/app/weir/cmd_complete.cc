// weir complete: what the last word of a command line may go on as, for shells (packaging/completion). Prints one a
// line; nothing: the shell knows better (files).
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string_view>

#include "app/weir/commands.h"
#include "app/weir/manual.h"
#include "filter/fields.h"
#include "flow/schema.h"
#include "query/query.h"

namespace weir::app {
namespace {

using Words = std::vector<std::string>;

// Where the word lists of options come from.
struct Values {
  std::string_view options;  // with spaces around each
  std::string_view words;    // empty: columns of flows
};
constexpr Values kValues[] = {
    {" --by --statistic --order --columns ", ""},
    {" --output --format ", "table json ndjson csv parquet"},
    {" --addresses ", "text uuid"},
    {" --spread ", "exporter datagram"},
    {" --last ", "15m 1h 6h 1d 7d 30d"},
};

Words split(std::string_view text) {
  Words words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

Words columns() {
  Words names;
  for (const flow::ColumnInfo& column : flow::Schema::flows()->columns()) names.emplace_back(column.name);
  for (const std::string_view name : query::dimension_names()) names.emplace_back(name);
  return names;
}

// The words that conditions of the filter language begin with.
Words filter_words() {
  Words words = {"and", "or"};  // between them
  for (const std::string_view word : filter::first_words()) words.emplace_back(word);
  std::ranges::sort(words);
  words.erase(std::ranges::unique(words).begin(), words.end());
  return words;
}

Words values_of(const CLI::Option& option) {
  for (const Values& values : kValues) {
    const bool listed = std::ranges::any_of(option.get_lnames(), [&](const std::string& name) {
      return values.options.find(fmt::format(" --{} ", name)) != std::string_view::npos;
    });
    if (listed) return values.words.empty() ? columns() : split(values.words);
  }
  return {};
}

// The option that waits for its value: the word before, if it takes one.
const CLI::Option* waiting(const CLI::App& command, std::string_view before) {
  if (!before.starts_with('-')) return nullptr;
  for (const CLI::Option* option : command.get_options()) {
    if (option->check_name(std::string(before)) && option->get_expected_max() > 0) return option;
  }
  return nullptr;
}

Words options_of(const CLI::App& command) {
  Words names;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// Of a list with commas the last part is completed.
void print_matching(const Words& candidates, const std::string& word) {
  const size_t comma = word.rfind(',');
  const std::string kept = comma == std::string::npos ? "" : word.substr(0, comma + 1);
  const std::string begun = word.substr(kept.size());
  for (const std::string& candidate : candidates) {
    if (candidate.starts_with(begun)) fmt::print("{}{}\n", kept, candidate);
  }
}

}  // namespace

int complete(const CLI::App& program, std::span<const std::string> words) {
  const std::string word = words.empty() ? "" : words.back();
  if (words.size() <= 1) {
    Words names = word.starts_with('-') ? options_of(program) : Words{};
    for (const CLI::App* command : shown_commands(program)) names.push_back(command->get_name());
    print_matching(names, word);
    return 0;
  }
  const auto commands = shown_commands(program);
  const auto found = std::ranges::find(commands, words.front(), [](const auto* c) { return c->get_name(); });
  if (found == commands.end()) return 0;
  const CLI::App& command = **found;
  if (const CLI::Option* option = waiting(command, words[words.size() - 2])) {
    print_matching(values_of(*option), word);
  } else if (word.starts_with('-')) {
    print_matching(options_of(command), word);
  } else if (command.get_option_no_throw("filter") != nullptr) {
    print_matching(filter_words(), word);
  }
  return 0;
}

}  // namespace weir::app
