// A value as somebody wrote it, in the file or on the command line, and the rules by which it becomes that of a key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/key.h"

namespace weir::config {

// A table, a date or a time: nothing that a key takes.
struct Unusable {
  std::string what;  // "a table"
};

struct Written {
  std::variant<Unusable, bool, int64_t, double, std::string, std::vector<Written>> value;
};

// Writes the value into the field of its key. If the key does not take it, the result is how a message shows it: "5",
// "a list", and why it is none where that helps.
std::optional<std::string> read_value(const Key& key, const Written& written, const Field& field);

}  // namespace weir::config
