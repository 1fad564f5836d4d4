// What is wrong only between keys.
#include <algorithm>
#include <utility>

#include "config/keys.h"

namespace weir::config {
namespace {

// A list with something in it, an optional value that is there; any other value always is.
template <class Value>
bool is_there(const Value& /*value*/) {
  return true;
}
template <class Value>
bool is_there(const std::optional<Value>& value) {
  return value.has_value();
}
template <class Value>
bool is_there(const std::vector<Value>& values) {
  return !values.empty();
}
bool is_there(const Field& field) {
  return std::visit([](const auto* value) { return is_there(*value); }, field);
}

class Finder {
 public:
  Finder(const Config& config, Sections sections) : config_(config), sections_(sections) {}

  std::vector<Conflict> run() {
    for (const Section* section : sections_) {
      if (section->array != nullptr || (section->other && !config_.other.contains(section->name))) continue;
      for (const Key& key : section->keys) {
        check_needs(*section, key);
        check_not_below(*section, key);
      }
    }
    return std::move(found_);
  }

 private:
  void check_needs(const Section& section, const Key& key) {
    if (key.needs.empty() || !is_there(value(section, key))) return;
    std::string_view names = key.needs;
    while (!names.empty()) {
      const std::string_view name = names.substr(0, names.find(' '));
      names.remove_prefix(std::min(name.size() + 1, names.size()));
      const size_t dot = name.rfind('.');
      const Section* other_section = find_section(sections_, name.substr(0, dot));
      const Key* other = find_key(*other_section, name.substr(dot + 1));
      if (!is_there(value(*other_section, *other))) {
        found_.push_back({Conflict::Kind::needs, &section, &key, other_section, other});
      }
    }
  }

  void check_not_below(const Section& section, const Key& key) {
    if (key.not_below.empty()) return;
    const Key* other = find_key(section, key.not_below);
    const auto number = [&](const Key& k) { return *std::get<uint64_t*>(value(section, k)); };
    if (number(key) < number(*other)) found_.push_back({Conflict::Kind::below, &section, &key, &section, other});
  }

  Field value(const Section& section, const Key& key) { return key.field(section.values(section, config_)); }

  Config config_;
  const Sections sections_;
  std::vector<Conflict> found_;
};

}  // namespace

std::vector<Conflict> conflicts(const Config& config, Sections sections) { return Finder(config, sections).run(); }

}  // namespace weir::config
