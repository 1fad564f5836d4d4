#include "host/collectors/powersupplyclass.h"

#include <array>
#include <vector>

#include "base/text.h"
#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"
#include "host/select/selection.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

constexpr std::string_view kPrefix = "POWER_SUPPLY_";

struct Property {
  std::string_view key;
  std::string_view metric;
  double divisor;
};
constexpr double kMicro = 1e6;
constexpr double kTenth = 10;

// In the order of the metrics' names.
constexpr std::array kProperties = std::to_array<Property>({
    {"AUTHENTIC", "authentic", 1},
    {"CALIBRATE", "calibrate", 1},
    {"CAPACITY", "capacity", 1},
    {"CAPACITY_ALERT_MAX", "capacity_alert_max", 1},
    {"CAPACITY_ALERT_MIN", "capacity_alert_min", 1},
    {"CHARGE_NOW", "charge_ampere", kMicro},
    {"CHARGE_CONTROL_LIMIT", "charge_control_limit", kMicro},
    {"CHARGE_CONTROL_LIMIT_MAX", "charge_control_limit_max", kMicro},
    {"CHARGE_COUNTER", "charge_counter", kMicro},
    {"CHARGE_EMPTY", "charge_empty", kMicro},
    {"CHARGE_EMPTY_DESIGN", "charge_empty_design", kMicro},
    {"CHARGE_FULL", "charge_full", kMicro},
    {"CHARGE_FULL_DESIGN", "charge_full_design", kMicro},
    {"CHARGE_TERM_CURRENT", "charge_term_current", kMicro},
    {"CONSTANT_CHARGE_CURRENT", "constant_charge_current", kMicro},
    {"CONSTANT_CHARGE_CURRENT_MAX", "constant_charge_current_max", kMicro},
    {"CONSTANT_CHARGE_VOLTAGE", "constant_charge_voltage", kMicro},
    {"CONSTANT_CHARGE_VOLTAGE_MAX", "constant_charge_voltage_max", kMicro},
    {"CURRENT_NOW", "current_ampere", kMicro},
    {"CURRENT_BOOT", "current_boot", kMicro},
    {"CURRENT_MAX", "current_max", kMicro},
    {"CYCLE_COUNT", "cyclecount", 1},
    {"ENERGY_EMPTY", "energy_empty", kMicro},
    {"ENERGY_EMPTY_DESIGN", "energy_empty_design", kMicro},
    {"ENERGY_FULL", "energy_full", kMicro},
    {"ENERGY_FULL_DESIGN", "energy_full_design", kMicro},
    {"ENERGY_NOW", "energy_watthour", kMicro},
    {"INPUT_CURRENT_LIMIT", "input_current_limit", kMicro},
    {"ONLINE", "online", 1},
    {"POWER_NOW", "power_watt", kMicro},
    {"PRECHARGE_CURRENT", "precharge_current", kMicro},
    {"PRESENT", "present", 1},
    {"TEMP_ALERT_MAX", "temp_alert_max_celsius", kTenth},
    {"TEMP_ALERT_MIN", "temp_alert_min_celsius", kTenth},
    {"TEMP_AMBIENT", "temp_ambient_celsius", kTenth},
    {"TEMP_AMBIENT_ALERT_MAX", "temp_ambient_max_celsius", kTenth},
    {"TEMP_AMBIENT_ALERT_MIN", "temp_ambient_min_celsius", kTenth},
    {"TEMP", "temp_celsius", kTenth},
    {"TEMP_MAX", "temp_max_celsius", kTenth},
    {"TEMP_MIN", "temp_min_celsius", kTenth},
    {"TIME_TO_EMPTY_NOW", "time_to_empty_seconds", 1},
    {"TIME_TO_FULL_NOW", "time_to_full_seconds", 1},
    {"VOLTAGE_BOOT", "voltage_boot", kMicro},
    {"VOLTAGE_MAX", "voltage_max", kMicro},
    {"VOLTAGE_MAX_DESIGN", "voltage_max_design", kMicro},
    {"VOLTAGE_MIN", "voltage_min", kMicro},
    {"VOLTAGE_MIN_DESIGN", "voltage_min_design", kMicro},
    {"VOLTAGE_OCV", "voltage_ocv", kMicro},
    {"VOLTAGE_NOW", "voltage_volt", kMicro},
});

constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kTexts{{
    {"CAPACITY_LEVEL", "capacity_level"},
    {"CHARGE_TYPE", "charge_type"},
    {"HEALTH", "health"},
    {"MANUFACTURER", "manufacturer"},
    {"MODEL_NAME", "model_name"},
    {"SCOPE", "scope"},
    {"SERIAL_NUMBER", "serial_number"},
    {"STATUS", "status"},
    {"TECHNOLOGY", "technology"},
    {"TYPE", "type"},
    {"USB_TYPE", "usb_type"},
}};

// The value of "POWER_SUPPLY_KEY="; empty if there is no such line.
std::string_view text_of(std::string_view uevent, std::string_view key) {
  while (!uevent.empty()) {
    std::string_view line = next_line(uevent);
    if (!line.starts_with(kPrefix)) continue;
    line.remove_prefix(kPrefix.size());
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == '=')
      return trimmed(line.substr(key.size() + 1));
  }
  return {};
}

struct Supply {
  std::string name;
  std::string type;  // from its own file: older kernels do not have it in uevent
  Attribute uevent;
  std::string text;
};

class PowerSupplyClass : public Collector {
 public:
  PowerSupplyClass(const Options& options, Pattern ignored)
      : ignored_(std::move(ignored)), watch_(options.sysfs + "/class/power_supply", "") {}

  Result<> collect(telemetry::Exposition& out) override {
    if (watch_.changed()) find();
    if (!watch_.there()) return no_data();
    found_.clear();
    for (Supply& supply : supplies_) {
      supply.text.assign(supply.uevent.read(buffer_).value_or(""));
      split(supply);
    }
    write_numbers(out);
    out.family("node_power_supply_info", gauge, "info of /sys/class/power_supply/<power_supply>.");
    for (const Supply& supply : supplies_) {
      labels_.clear();
      for (const auto& [key, label] : kTexts) {
        std::string_view value = text_of(supply.text, key);
        if (key == "TYPE" && value.empty()) value = supply.type;
        if (!value.empty()) labels_.push_back({label, value});
      }
      labels_.push_back({"power_supply", supply.name});
      out.sample(labels_, uint64_t{1});
    }
    return {};
  }

 private:
  struct Found {
    size_t property;
    size_t supply;
    double value;
  };

  void split(const Supply& supply) {
    std::string_view text = supply.text;
    while (!text.empty()) {
      const auto value = parse_power_supply_value(next_line(text));
      if (!value) continue;
      for (size_t i = 0; i < kProperties.size(); ++i)
        if (kProperties[i].metric == value->metric)
          found_.push_back({i, static_cast<size_t>(&supply - supplies_.data()), value->value});
    }
  }

  void write_numbers(telemetry::Exposition& out) {
    if (supplies_.empty()) return;
    for (size_t i = 0; i < kProperties.size(); ++i) {
      name_.assign("node_power_supply_").append(kProperties[i].metric);
      help_.assign(kProperties[i].metric).append(" value of /sys/class/power_supply/<power_supply>.");
      out.family(name_, gauge, help_);
      for (const Found& found : found_)
        if (found.property == i) out.sample({{"power_supply", supplies_[found.supply].name}}, found.value);
    }
  }

  void find() {
    supplies_.clear();
    for (const std::string& name : watch_.names()) {
      if (ignored_.matches(name)) continue;
      const std::string directory = watch_.path() + "/" + name;
      supplies_.push_back({name, attribute_text(directory + "/type"), Attribute(directory + "/uevent"), {}});
    }
  }

  Pattern ignored_;
  DirectoryWatch watch_;
  std::vector<Supply> supplies_;
  std::vector<Found> found_;
  std::vector<telemetry::Label> labels_;
  std::string name_;
  std::string help_;
  AttributeBuffer buffer_;
};

}  // namespace

std::optional<PowerSupplyValue> parse_power_supply_value(std::string_view line) {
  if (!line.starts_with(kPrefix)) return std::nullopt;
  line.remove_prefix(kPrefix.size());
  const size_t equal = line.find('=');
  if (equal == std::string_view::npos) return std::nullopt;
  const auto number = parse_number<int64_t>(trimmed(line.substr(equal + 1)));
  if (!number) return std::nullopt;
  for (const Property& property : kProperties)
    if (property.key == line.substr(0, equal))
      return PowerSupplyValue{property.metric, static_cast<double>(*number) / property.divisor};
  return std::nullopt;
}

Result<std::unique_ptr<Collector>> make_powersupplyclass(const Options& options) {
  auto ignored = TRY(Pattern::compile(options.powersupply_ignored, "--collector.powersupply.ignored-supplies"));
  return std::make_unique<PowerSupplyClass>(options, std::move(ignored));
}

}  // namespace weir::host
