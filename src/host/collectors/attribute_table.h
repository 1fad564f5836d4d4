// Devices of sysfs that have the same files, with one number each. A table says which family a file becomes.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/kernel/attribute.h"
#include "telemetry/exposition.h"

namespace weir::host {

struct AttributeFamily {
  std::string_view file;  // below the device's directory
  std::string_view name;
  telemetry::MetricType type = telemetry::MetricType::gauge;
  std::string_view help;
  double divisor = 1;  // 1: the integer as it is
};

class AttributeTable {
 public:
  explicit AttributeTable(std::span<const AttributeFamily> families) : families_(families) {}

  void clear() { devices_.clear(); }
  bool empty() const { return devices_.empty(); }
  void add(const std::string& directory, std::vector<std::pair<std::string_view, std::string>> labels);

  // Writes a family for each line of the table, with a sample for each device that has the file.
  void write(telemetry::Exposition& out);

 private:
  struct Device {
    std::vector<std::pair<std::string_view, std::string>> labels;
    std::vector<Attribute> files;  // as families_
  };
  std::span<const AttributeFamily> families_;
  std::vector<Device> devices_;
  std::vector<telemetry::Label> labels_;
  AttributeBuffer buffer_;
};

}  // namespace weir::host
