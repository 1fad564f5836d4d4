// The flags of single collectors, bound to the options that they fill.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "host/options.h"

namespace weir::app {

struct Flag {
  std::string_view name;   // without "--"
  std::string_view value;  // what its value is called; empty: a switch
  std::string_view help;
  std::variant<bool*, uint32_t*, std::string*, std::vector<std::string>*> target;
};

void add_collector_flags(std::vector<Flag>& flags, host::Options& options);

}  // namespace weir::app
