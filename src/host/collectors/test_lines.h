// Looks for a line in a text, for tests.
#pragma once

#include <string_view>

#include "base/text.h"

namespace weir::host {

inline bool has_line(std::string_view text, std::string_view line) {
  while (!text.empty()) {
    if (next_line(text) == line) return true;
  }
  return false;
}

}  // namespace weir::host
