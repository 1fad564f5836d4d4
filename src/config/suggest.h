// "; did you mean ...?" for names that nobody knows.
#pragma once

#include <string>
#include <string_view>

#include "config/keys.h"

namespace weir::config {

// Empty if nothing is near.
std::string suggest_section(Sections sections, std::string_view name);
std::string suggest_key(Sections sections, const Section& section, std::string_view name);

// Text from a file, fit for one line of a message: control characters as spaces, cut after 80 bytes.
std::string printable(std::string_view text);

}  // namespace weir::config
