// The flags of single collectors, bound to the options that they fill.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "host/collectors/options.h"

namespace weir::app {

// One side of a selection. An include replaces an exclude that is only the default.
struct Side {
  host::Selection* selection;
  bool include;
};

struct Flag {
  std::string_view name;   // without "--"
  std::string_view value;  // what its value is called; empty: a switch
  std::string_view help;
  std::variant<bool*, uint32_t*, std::chrono::milliseconds*, std::string*, std::vector<std::string>*, Side> target;
};

void add_collector_flags(std::vector<Flag>& flags, host::Options& options);

}  // namespace weir::app
