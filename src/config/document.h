// The keys for people: an example configuration and the reference page, both from the tables of keys.
#pragma once

#include <string>

#include "config/keys.h"

namespace weir::config {

// A configuration with every key and its default, commented; keys without a default are commented out. parse() takes it.
std::string example(Sections sections);

// docs/configuration.md
std::string markdown(Sections sections);

}  // namespace weir::config
