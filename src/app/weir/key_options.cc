#include "app/weir/key_options.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "app/weir/known_sections.h"
#include "config/keys.h"

namespace weir::app {
namespace {

using Words = std::vector<std::string>;

class Adder {
 public:
  Adder(CLI::App& command, FlagsOf flags, std::shared_ptr<ConfigOptions> options)
      : command_(command), flags_(flags), options_(std::move(options)) {}

  void add(const config::Section& section) {
    if (is_wanted(section.flag)) add_words(section, nullptr, section.flag.name, section.flag.help);
    for (const config::Key& key : section.keys) {
      if (is_wanted(key.flag)) add(section, key);
    }
  }

 private:
  bool is_wanted(const config::Flag& flag) const {
    return !flag.name.empty() && (flags_ == FlagsOf::collect || flag.of_replay);
  }

  void add(const config::Section& section, const config::Key& key) {
    const std::string help = config::flag_help(section, key);
    if (std::holds_alternative<bool*>(key.type)) {
      const auto give = [options = options_, &section, &key] { options->given.push_back({&section, &key, {}}); };
      command_.add_flag_callback(std::string(key.flag.name), give, help);
    } else if (std::holds_alternative<std::vector<std::string>*>(key.type)) {
      add_words(section, &key, key.flag.name, help);
    } else if (std::holds_alternative<std::vector<uint64_t>*>(key.type)) {
      add_words(section, &key, key.flag.name, help)->delimiter(',');
    } else {
      const auto give = [options = options_, &section, &key](const std::string& word) {
        if (!word.empty()) options->given.push_back({&section, &key, {word}});
      };
      command_.add_option_function<std::string>(std::string(key.flag.name), give, help);
    }
  }

  CLI::Option* add_words(const config::Section& section, const config::Key* key, std::string_view name,
                         std::string_view help) {
    const auto give = [options = options_, &section, key](const Words& words) {
      options->given.push_back({&section, key, words});
    };
    return command_.add_option_function<Words>(std::string(name), give, std::string(help));
  }

  CLI::App& command_;
  const FlagsOf flags_;
  const std::shared_ptr<ConfigOptions> options_;
};

}  // namespace

void add_key_options(CLI::App& command, FlagsOf flags, std::string_view config_help,
                     const std::shared_ptr<ConfigOptions>& options) {
  command.add_option("-c,--config", options->file, std::string(config_help));
  Adder adder(command, flags, options);
  for (const config::Section* section : known_sections()) adder.add(*section);
}

}  // namespace weir::app
