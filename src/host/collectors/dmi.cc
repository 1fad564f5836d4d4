#include "host/collectors/dmi.h"

#include <array>
#include <vector>

#include "host/collectors/options.h"
#include "host/kernel/attribute.h"

namespace weir::host {
namespace {

// Serial numbers and the UUID can be read by root only.
constexpr std::array<std::string_view, 20> kLabels{
    "bios_date",      "bios_release",   "bios_vendor",     "bios_version",    "board_asset_tag",
    "board_name",     "board_serial",   "board_vendor",    "board_version",   "chassis_asset_tag",
    "chassis_serial", "chassis_vendor", "chassis_version", "product_family",  "product_name",
    "product_serial", "product_sku",    "product_uuid",    "product_version", "system_vendor"};

class Dmi : public Collector {
 public:
  // Nothing of it changes while the machine runs.
  explicit Dmi(const Options& options) {
    AttributeBuffer buffer;
    values_.reserve(kLabels.size());
    for (const std::string_view label : kLabels) {
      const std::string_view file = label == "system_vendor" ? "sys_vendor" : label;
      if (const auto value = Attribute(fmt::format("{}/class/dmi/id/{}", options.sysfs, file)).read(buffer)) {
        values_.emplace_back(*value);
        labels_.push_back({label, values_.back()});
      }
    }
  }

  Result<> collect(telemetry::Exposition& out) override {
    if (labels_.empty()) return no_data();
    out.family("node_dmi_info", telemetry::MetricType::gauge,
               "A metric with a constant '1' value labeled by bios_date, bios_release, bios_vendor, bios_version, "
               "board_asset_tag, board_name, board_serial, board_vendor, board_version, chassis_asset_tag, "
               "chassis_serial, chassis_vendor, chassis_version, product_family, product_name, product_serial, "
               "product_sku, product_uuid, product_version, system_vendor if provided by DMI.");
    out.sample(labels_, uint64_t{1});
    return {};
  }

 private:
  std::vector<std::string> values_;
  std::vector<telemetry::Label> labels_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_dmi(const Options& options) { return std::make_unique<Dmi>(options); }

}  // namespace weir::host
