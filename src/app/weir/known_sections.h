// Every section that the configuration of weir may have.
#pragma once

#include <vector>

#include "config/keys.h"

namespace weir::app {

inline config::Sections known_sections() {
  static const std::vector<const config::Section*> all = [] {
    const config::Sections own = config::sections();
    std::vector<const config::Section*> list(own.begin(), own.end());
    // A module with keys of its own adds its section here: list.push_back(&sink::clickhouse::kSection);
    return list;
  }();
  return all;
}

}  // namespace weir::app
