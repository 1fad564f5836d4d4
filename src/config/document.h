// The keys for people: an example configuration and the reference page, both from keys.h.
#pragma once

#include <string>

namespace weir::config {

// A configuration with every key and its default, commented; keys without a default are commented out. parse() takes
// it.
std::string example();

// docs/configuration.md
std::string markdown();

}  // namespace weir::config
