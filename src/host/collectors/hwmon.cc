#include "host/collectors/hwmon.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "base/text.h"
#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"
#include "host/select/selection.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

constexpr std::array<std::string_view, 14> kSensorTypes{
    "vrm",  "beep_enable", "update_interval", "in",     "cpu",      "fan",       "pwm",
    "temp", "curr",        "power",           "energy", "humidity", "intrusion", "freq"};

// Limits and settings, which are read now and then only: many chips are behind a slow bus.
constexpr std::array<std::string_view, 20> kSettings{
    "max",     "min",        "crit",      "crit_hyst", "max_hyst", "min_hyst", "emergency", "emergency_hyst",
    "lcrit",   "lcrit_hyst", "type",      "offset",    "div",      "pulses",   "cap",       "cap_max",
    "cap_min", "rated_max",  "rated_min", "enable"};
constexpr unsigned kSettingsEvery = 8;

struct Reading {
  HwmonMetric metric;
  std::string chip;
  std::string sensor;
  Attribute file;
  bool setting = false;
  bool beep = false;  // reported as 0 or 1
  std::optional<double> value;
};

struct Text {
  std::string chip;
  std::string sensor;
  std::string text;
};

class Hwmon : public Collector {
 public:
  Hwmon(const Options& options, Selector chips, Selector sensors)
      : chips_(std::move(chips)), sensors_(std::move(sensors)), watch_(options.sysfs + "/class/hwmon", "") {}

  Result<> collect(telemetry::Exposition& out) override {
    if (watch_.changed()) find();
    if (!watch_.there()) return no_data();
    const bool settings = age_++ % kSettingsEvery == 0;
    std::string_view family;
    for (Reading& reading : readings_) {
      if (!reading.setting || settings) read(reading);
      if (!reading.value) continue;
      if (reading.metric.name != family) out.family(reading.metric.name, reading.metric.type, reading.metric.help);
      family = reading.metric.name;
      out.sample({{"chip", reading.chip}, {"sensor", reading.sensor}}, *reading.value);
    }
    out.family("node_hwmon_chip_names", gauge, "Annotation metric for human-readable chip names");
    for (const Text& name : names_) out.sample({{"chip", name.chip}, {"chip_name", name.text}}, 1);
    out.family("node_hwmon_sensor_label", gauge, "Label for given chip and sensor");
    for (const Text& label : labels_)
      out.sample({{"chip", label.chip}, {"label", label.text}, {"sensor", label.sensor}}, 1);
    return {};
  }

 private:
  void read(Reading& reading) {
    const auto text = reading.file.read(buffer_);
    const auto number = text ? parse_number<double>(*text) : std::nullopt;
    if (reading.beep) {
      reading.value = number == 1.0 ? 1.0 : 0.0;
    } else {
      reading.value = number ? std::optional(*number / reading.metric.divisor) : std::nullopt;
    }
  }

  void find() {
    age_ = 0;
    readings_.clear();
    names_.clear();
    labels_.clear();
    for (const std::string& name : watch_.names()) find_chip(watch_.path() + "/" + name);
    // Two chips of the same name: Prometheus refuses a scrape with the same series twice.
    std::ranges::stable_sort(readings_, {}, [](const Reading& r) { return std::tie(r.metric.name, r.chip, r.sensor); });
    const auto again =
        std::ranges::unique(readings_, {}, [](const Reading& r) { return std::tie(r.metric.name, r.chip, r.sensor); });
    readings_.erase(again.begin(), again.end());
    for (auto* texts : {&names_, &labels_}) {
      const auto key = [](const Text& text) { return std::tie(text.chip, text.sensor); };
      std::ranges::stable_sort(*texts, {}, key);
      const auto twice = std::ranges::unique(*texts, {}, key);
      texts->erase(twice.begin(), twice.end());
    }
  }

  // A chip is named by its place in the machine, which does not depend on the order in which drivers are loaded.
  static std::string chip_name(const std::string& directory, const std::string& name) {
    const std::string device = real_path(directory + "/device");
    if (!device.empty()) {
      const std::string own = clean_hwmon_name(base_name(device));
      const std::string parent = clean_hwmon_name(base_name(device.substr(0, device.rfind('/'))));
      if (!own.empty()) return parent.empty() ? own : fmt::format("{}_{}", parent, own);
    }
    return name.empty() ? clean_hwmon_name(base_name(real_path(directory))) : name;
  }

  void find_chip(const std::string& directory) {
    const std::string name = clean_hwmon_name(attribute_text(directory + "/name"));
    const std::string chip = chip_name(directory, name);
    if (chip.empty() || !chips_.selects(chip)) return;
    if (!name.empty()) names_.push_back({chip, {}, name});
    std::map<std::string, std::map<std::string, std::string>> sensors;  // sensor, property, path
    for (const std::string& place : {directory, directory + "/device"})
      for (const std::string& file : list_directory(place)) {
        const auto parsed = parse_hwmon_file(file);
        if (!parsed || std::ranges::find(kSensorTypes, parsed->type) == kSensorTypes.end()) continue;
        sensors[fmt::format("{}{}", parsed->type, parsed->number)][std::string(parsed->property)] =
            fmt::format("{}/{}", place, file);
      }
    for (const auto& [sensor, properties] : sensors)
      if (sensors_.selects(fmt::format("{};{}", chip, sensor))) add_sensor(chip, sensor, properties);
  }

  void add_sensor(const std::string& chip, const std::string& sensor,
                  const std::map<std::string, std::string>& properties) {
    const std::string_view type = parse_hwmon_file(sensor)->type;
    std::string label;
    if (const auto found = properties.find("label"); found != properties.end()) {
      label = attribute_text(found->second);
      labels_.push_back({chip, sensor, label});
    }
    const bool bare = properties.contains("");
    for (const auto& [property, path] : properties) {
      if (property == "label") continue;
      // A GPU's clock has its label for a name, and none without.
      const bool clock = type == "freq" && property == "input";
      if (clock && label.empty()) continue;
      readings_.push_back({.metric = hwmon_metric(type, property, bare),
                           .chip = chip,
                           .sensor = clock ? clean_hwmon_name(label) : sensor,
                           .file = Attribute(path),
                           .setting = std::ranges::find(kSettings, property) != kSettings.end(),
                           .beep = type == "beep_enable",
                           .value = {}});
    }
  }

  Selector chips_;
  Selector sensors_;
  DirectoryWatch watch_;
  std::vector<Reading> readings_;
  std::vector<Text> names_;
  std::vector<Text> labels_;
  unsigned age_ = 0;
  AttributeBuffer buffer_;
};

}  // namespace

std::optional<HwmonFile> parse_hwmon_file(std::string_view name) {
  const size_t digit = std::min(name.find_first_of("0123456789"), name.size());
  if (digit == 0) return std::nullopt;
  HwmonFile file{.type = name.substr(0, digit), .number = 0, .property = {}};
  if (digit == name.size()) return file;
  const size_t end = std::min(name.find_first_not_of("0123456789", digit), name.size());
  const auto number = parse_number<uint32_t>(name.substr(digit, end - digit));
  if (!number) return std::nullopt;
  file.number = *number;
  if (end == name.size()) return file;
  if (name[end] != '_' || end + 1 == name.size()) return std::nullopt;
  file.property = name.substr(end + 1);
  return file;
}

std::string clean_hwmon_name(std::string_view text) {
  std::string clean;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ':' || c == '_';
    clean += fits ? c : '_';
  }
  const size_t begin = std::min(clean.find_first_not_of('_'), clean.size());
  return clean.substr(begin, clean.find_last_not_of('_') + 1 - begin);
}

HwmonMetric hwmon_metric(std::string_view type, std::string_view property, bool bare) {
  if (type == "beep_enable") return {"node_hwmon_beep_enabled", "Hardware beep enabled"};
  if (type == "vrm") return {"node_hwmon_voltage_regulator_version", "Hardware voltage regulator"};
  if (type == "update_interval")
    return {"node_hwmon_update_interval_seconds", "Hardware monitor update interval", gauge, 1000};

  std::string name = fmt::format("node_hwmon_{}", type);
  if (property == "input") {
    if (bare) name += "_input";
  } else if (!property.empty()) {
    name += fmt::format("_{}", clean_hwmon_name(property));
  }
  const auto metric = [&](std::string_view suffix, std::string help, double divisor) {
    return HwmonMetric{name.append(suffix), std::move(help), gauge, divisor};
  };
  if (property == "fault" || property == "alarm")
    return metric("", fmt::format("Hardware sensor {} status ({})", property, type), 1);
  if (property == "beep") return metric("_enabled", "Hardware monitor sensor has beeping enabled", 1);
  if (type == "in" || type == "cpu")
    return metric("_volts", fmt::format("Hardware monitor for voltage ({})", property), 1000);
  if (type == "temp" && property != "type")
    return metric("_celsius",
                  fmt::format("Hardware monitor for temperature ({})", property.empty() ? "input" : property), 1000);
  if (type == "curr") return metric("_amps", fmt::format("Hardware monitor for current ({})", property), 1000);
  if (type == "energy") {
    auto joules = metric("_joule_total", fmt::format("Hardware monitor for joules used so far ({})", property), 1e6);
    joules.type = counter;
    return joules;
  }
  if (type == "power") {
    if (property == "accuracy") return metric("", "Hardware monitor power meter accuracy, as a ratio", 1e6);
    if (property == "average_interval" || property == "average_interval_min" || property == "average_interval_max")
      return metric("_seconds", fmt::format("Hardware monitor power usage update interval ({})", property), 1000);
    return metric("_watt", fmt::format("Hardware monitor for power usage in watts ({})", property), 1e6);
  }
  if (type == "humidity")
    return metric("",
                  fmt::format("Hardware monitor for humidity, as a ratio (multiply with 100.0 to get the humidity as a "
                              "percentage) ({})",
                              property),
                  1e6);
  if (type == "fan" && (property == "input" || property == "min" || property == "max" || property == "target"))
    return metric("_rpm", fmt::format("Hardware monitor for fan revolutions per minute ({})", property), 1);
  if (type == "freq" && property == "input")
    return metric("_freq_mhz", "Hardware monitor for GPU frequency in MHz", 1e6);
  return metric("", fmt::format("Hardware monitor {} element {}", type, property), 1);
}

Result<std::unique_ptr<Collector>> make_hwmon(const Options& options) {
  auto chips = TRY(Selector::compile(options.hwmon_chip, "--collector.hwmon.chip"));
  auto sensors = TRY(Selector::compile(options.hwmon_sensor, "--collector.hwmon.sensor"));
  return std::make_unique<Hwmon>(options, std::move(chips), std::move(sensors));
}

}  // namespace weir::host
