// The keys for people: an example configuration and the reference page, both from the tables of keys.
#pragma once

#include <string>
#include <string_view>

#include "config/keys.h"

namespace weir::config {

// A configuration with every key and its default, commented; keys without a default are commented out. parse() takes
// it.
std::string example(Sections sections);

// The same with every key commented out: for a package, whose later versions may have other defaults.
std::string commented_example(Sections sections);

// weir.toml(5), in roff.
std::string manual(Sections sections, std::string_view date);

// docs/configuration.md
std::string markdown(Sections sections);

}  // namespace weir::config
