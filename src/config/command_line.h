// Keys that are given on the command line. They win over the file, and the same rules hold for them; messages name the
// option. Values need not be UTF-8: a file name may be any bytes.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/keys.h"

namespace weir::config {

// One option as it was given.
struct GivenFlag {
  const Section* section = nullptr;
  const Key* key = nullptr;        // nullptr: elements of the section, an array
  std::vector<std::string> words;  // one of a key that is no list; none of a key that is true or false
};

// Puts what was given on top of a configuration that is right. Fails with the first value that is not allowed, or a
// line for each key that another one needs:
// --threads: "x" is not allowed: collect.threads must be a whole number from 1 to 256
Result<> apply_flags(std::span<const GivenFlag> given, Config& config, Sections sections);

}  // namespace weir::config
