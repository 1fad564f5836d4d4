// The part of YAML that a configuration needs: a tree of mappings, lists and texts, with their lines. Read by libyaml,
// which is loaded on first use.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace weir::http {

struct YamlNode {
  enum class Kind : uint8_t { nothing, text, list, mapping };
  Kind kind = Kind::nothing;
  size_t line = 0;
  std::string text;
  bool plain = false;           // a text without quotes
  std::vector<YamlNode> keys;   // of a mapping
  std::vector<YamlNode> items;  // of a list; of a mapping: the values, in the order of the keys
};

// Parses one document. Refuses a depth of more than 8, more than 10,000 nodes, and aliases.
Result<YamlNode> parse_yaml(std::string_view text);

}  // namespace weir::http
