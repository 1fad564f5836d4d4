// Options of the command line that stand for keys of the configuration: made from the tables of keys.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "app/weir/commands.h"
#include "app/weir/settings.h"

namespace weir::app {

enum class FlagsOf : uint8_t { collect, replay };

// Adds -c and the option of each key that has one. `options` says what was given once the command line is read.
void add_key_options(CLI::App& command, FlagsOf flags, std::string_view config_help,
                     const std::shared_ptr<ConfigOptions>& options);

}  // namespace weir::app
