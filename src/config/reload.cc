// Two configurations beside each other: what SIGHUP changes.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/keys.h"

namespace weir::config {
namespace {

bool any_needs_restart(const Section& section) {
  return std::ranges::any_of(section.keys, [](const Key& key) { return key.on_reload == OnReload::needs_restart; });
}

// Whether only one of them has this section, which is another module's.
bool only_one_has(const Section& section, const Config& a, const Config& b) {
  return section.other && a.other.contains(section.name) != b.other.contains(section.name);
}

void copy_value(const Field& from, const Field& to) {
  std::visit([&](auto* value) { *std::get<decltype(value)>(to) = *value; }, from);
}

}  // namespace

std::vector<Change> changes(const Config& from, const Config& to, Sections sections) {
  std::vector<Change> out;
  Config a = from;  // values() may add to them
  Config b = to;
  for (const Section* section : sections) {
    const OnReload whole = any_needs_restart(*section) ? OnReload::needs_restart : OnReload::applied;
    if (const Array* array = section->array) {
      if (array->equal(from, to)) continue;
      out.push_back({std::string(section->name), fmt::format("{} {}", array->size(from), array->of),
                     fmt::format("{} {}", array->size(to), array->of), whole});
      continue;
    }
    if (only_one_has(*section, from, to)) {
      const bool is_new = to.other.contains(section->name);
      const std::string name = fmt::format("[{}]", section->name);
      out.push_back({std::string(section->name), is_new ? "" : name, is_new ? name : "", whole});
      continue;
    }
    for (const Key& key : section->keys) {
      std::string before = value_text(key.field(section->values(*section, a)));
      std::string after = value_text(key.field(section->values(*section, b)));
      if (before != after)
        out.push_back({full_name(*section, key), std::move(before), std::move(after), key.on_reload});
    }
  }
  return out;
}

Config keep_running(const Config& running, Config loaded, Sections sections) {
  Config old = running;
  for (const Section* section : sections) {
    if (!any_needs_restart(*section)) continue;
    if (section->array != nullptr) {
      section->array->copy(running, loaded);
      continue;
    }
    if (only_one_has(*section, running, loaded)) {
      const auto found = running.other.find(section->name);
      if (found == running.other.end()) {
        loaded.other.erase(loaded.other.find(section->name));
      } else {
        loaded.other.insert(*found);
      }
      continue;
    }
    if (section->other && !running.other.contains(section->name)) continue;
    for (const Key& key : section->keys) {
      if (key.on_reload != OnReload::needs_restart) continue;
      copy_value(key.field(section->values(*section, old)), key.field(section->values(*section, loaded)));
    }
  }
  return loaded;
}

}  // namespace weir::config
