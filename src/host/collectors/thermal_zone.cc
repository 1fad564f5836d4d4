#include "host/collectors/thermal_zone.h"

#include <vector>

#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

struct Zone {
  std::string number;
  std::string type;
  Attribute mode;
  Attribute temperature;
};

struct Cooler {
  std::string number;
  std::string type;
  std::optional<uint64_t> maximum;
  Attribute state;
};

class ThermalZone : public Collector {
 public:
  explicit ThermalZone(const Options& options) : watch_(options.sysfs + "/class/thermal", "") {}

  Result<> collect(telemetry::Exposition& out) override {
    if (watch_.changed()) find();
    out.family("node_cooling_device_cur_state", gauge, "Current throttle state of the cooling device");
    for (Cooler& cooler : coolers_)
      if (const auto state = cooler.state.number<int64_t>(buffer_))
        out.sample({{"name", cooler.number}, {"type", cooler.type}}, *state);
    out.family("node_cooling_device_max_state", gauge, "Maximum throttle state of the cooling device");
    for (const Cooler& cooler : coolers_)
      if (cooler.maximum) out.sample({{"name", cooler.number}, {"type", cooler.type}}, *cooler.maximum);
    out.family("node_thermal_zone_temp", gauge, "Zone temperature in Celsius");
    for (Zone& zone : zones_) {
      // A zone that is off, or whose sensor is off (ENODATA, EAGAIN), has no temperature.
      if (zone.mode.read(buffer_) == "disabled") continue;
      if (const auto thousandths = zone.temperature.number<int64_t>(buffer_))
        out.sample({{"type", zone.type}, {"zone", zone.number}}, static_cast<double>(*thousandths) / 1000);
    }
    return {};
  }

 private:
  void find() {
    constexpr std::string_view kZone = "thermal_zone";
    constexpr std::string_view kCooler = "cooling_device";
    zones_.clear();
    coolers_.clear();
    for (const std::string& name : watch_.names()) {
      const std::string directory = watch_.path() + "/" + name;
      if (name.starts_with(kZone))
        zones_.push_back({name.substr(kZone.size()), attribute_text(directory + "/type"),
                          Attribute(directory + "/mode"), Attribute(directory + "/temp")});
      if (name.starts_with(kCooler))
        coolers_.push_back({name.substr(kCooler.size()), attribute_text(directory + "/type"),
                            parse_number<uint64_t>(attribute_text(directory + "/max_state")),
                            Attribute(directory + "/cur_state")});
    }
  }

  DirectoryWatch watch_;
  std::vector<Zone> zones_;
  std::vector<Cooler> coolers_;
  AttributeBuffer buffer_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_thermal_zone(const Options& options) {
  return std::make_unique<ThermalZone>(options);
}

}  // namespace weir::host
