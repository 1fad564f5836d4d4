// The one table of configuration keys. The parser, the suggestions for misspelt keys, the example that `weir check
// --example` prints and docs/configuration.md are all made from it; defaults come from the structs of config.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace weir::config {

// Where a key's value goes; the type decides what may be written.
using Field =
    std::variant<bool*, uint64_t*, ByteSize*, Micros*, std::string*, IpAddress*, Element*, std::vector<std::string>*,
                 std::vector<uint64_t>*, std::optional<ByteSize>*, std::optional<Micros>*, std::optional<std::string>*,
                 std::optional<std::filesystem::path>*, std::optional<RedisUrl>*>;

// What happens to a running collector when the key changes and SIGHUP comes.
enum class OnReload : uint8_t { applied, needs_restart };

struct Key {
  std::string_view section;
  std::string_view name;
  // Numbers, also those in a list, microseconds or bytes, by the field's type; of a list of addresses, how many at
  // least; 0 and 0 if there is nothing to bound.
  uint64_t least;
  uint64_t most;
  // For texts that are one of a few words: those words, separated by one space.
  std::string_view choices;
  std::string_view example;  // shown where there is no default, as TOML
  OnReload on_reload;
  // Into a Config; for a key of an array of tables, into its last element.
  Field (*field)(Config&);
  std::string_view doc;
  bool optional = false;  // in an array of tables: may be left out
};

struct Section {
  std::string_view name;
  bool array;  // [[name]]: any number of them, every key required that is not optional
  std::string_view doc;
};

std::span<const Section> sections();
std::span<const Key> keys();

// Adds an element to an array of tables.
void add_element(std::string_view section, Config& config);

// "a duration such as \"30s\" ...", "true or false": what may be written for a key.
std::string allowed(const Key& key);
// The value as TOML, of an array's last element; empty if the key has none.
std::string value_text(const Key& key, const Config& config);
std::string default_text(const Key& key);

struct Change {
  std::string name;  // "section.key", or the section of an array
  std::string from;  // as TOML
  std::string to;
  OnReload on_reload;
};

// What differs, in the order of the table.
std::vector<Change> changes(const Config& from, const Config& to);

}  // namespace weir::config
