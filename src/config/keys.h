// The sections of Config, and what can be said of any section. A program may know more sections than these, so what
// concerns all of them is given the list.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/key.h"

namespace weir::config {

Sections sections();

// nullptr if there is none.
const Section* find_section(Sections sections, std::string_view name);
const Key* find_key(const Section& section, std::string_view name);

// "section.key"
std::string full_name(const Section& section, const Key& key);
// "a duration such as \"30s\" ...", "true or false": what may be written for a key.
std::string allowed(const Key& key);
// The value as TOML; empty if the key has none.
std::string value_text(const Field& value);
std::string default_text(const Section& section, const Key& key);
// The help of an option of the command line, with the default.
std::string flag_help(const Section& section, const Key& key);

// Keys that are right alone may be wrong together: `key` needs `other`, or must not be below it.
struct Conflict {
  enum class Kind : uint8_t { needs, below };
  Kind kind = Kind::needs;
  const Section* section = nullptr;
  const Key* key = nullptr;
  const Section* other_section = nullptr;
  const Key* other = nullptr;
};
std::vector<Conflict> conflicts(const Config& config, Sections sections);

struct Change {
  std::string name;  // "section.key", or a section
  std::string from;  // as TOML
  std::string to;
  OnReload on_reload = OnReload::applied;
};

// What differs, in the order of the tables.
std::vector<Change> changes(const Config& from, const Config& to, Sections sections);

// `loaded`, with the values of what runs for all that needs a restart.
Config keep_running(const Config& running, Config loaded, Sections sections);

}  // namespace weir::config
