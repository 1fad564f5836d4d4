#include "host/collectors/attribute_table.h"

#include <fmt/format.h>

namespace weir::host {

void AttributeTable::add(const std::string& directory, std::vector<std::pair<std::string_view, std::string>> labels) {
  Device& device = devices_.emplace_back();
  device.labels = std::move(labels);
  for (const AttributeFamily& family : families_)
    device.files.emplace_back(fmt::format("{}/{}", directory, family.file));
}

void AttributeTable::write(telemetry::Exposition& out) {
  for (size_t i = 0; i < families_.size(); ++i) {
    out.family(families_[i].name, families_[i].type, families_[i].help);
    for (Device& device : devices_) {
      const auto value = device.files[i].number<int64_t>(buffer_);
      if (!value) continue;
      labels_.clear();
      for (const auto& [name, text] : device.labels) labels_.push_back({name, text});
      if (families_[i].divisor == 1) {
        out.sample(labels_, *value);
      } else {
        out.sample(labels_, static_cast<double>(*value) / families_[i].divisor);
      }
    }
  }
}

}  // namespace weir::host
