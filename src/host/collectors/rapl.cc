#include "host/collectors/rapl.h"

#include <algorithm>
#include <vector>

#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

struct Zone {
  std::string name;
  std::string family;
  std::string help;
  std::string index;
  std::string path;
  Attribute microjoules;
};

class Rapl : public Collector {
 public:
  explicit Rapl(const Options& options)
      : zone_label_(options.rapl_zone_label), watch_(options.sysfs + "/class/powercap", "") {}

  // Since Linux 5.10 only root may read the counters, as they reveal what other users compute.
  Result<> collect(telemetry::Exposition& out) override {
    if (watch_.changed()) find();
    bool any = false;
    std::string_view family;
    for (Zone& zone : zones_) {
      if (zone.family != family) out.family(zone.family, counter, zone.help);
      family = zone.family;
      const auto microjoules = zone.microjoules.number(buffer_);
      if (!microjoules) continue;
      any = true;
      const double joules = static_cast<double>(*microjoules) / 1e6;
      if (zone_label_) {
        out.sample({{"index", zone.index}, {"path", zone.path}, {"rapl_zone", zone.name}}, joules);
      } else {
        out.sample({{"index", zone.index}, {"path", zone.path}}, joules);
      }
    }
    if (!any) return no_data();
    return {};
  }

 private:
  void find() {
    zones_.clear();
    std::map<std::string, uint32_t> seen;
    for (const std::string& directory : watch_.names()) {
      const std::string path = watch_.path() + "/" + directory;
      const std::string text = attribute_text(path + "/name");
      if (text.empty()) continue;
      const RaplName name = rapl_name(text, seen);
      std::string clean = name.name;
      for (char& c : clean)
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))) c = '_';
      zones_.push_back(
          {name.name, zone_label_ ? "node_rapl_joules_total" : fmt::format("node_rapl_{}_joules_total", clean),
           zone_label_ ? "Current RAPL value in joules" : fmt::format("Current RAPL {} value in joules", name.name),
           std::to_string(name.index), path, Attribute(path + "/energy_uj")});
    }
    std::ranges::stable_sort(zones_, {}, &Zone::family);
  }

  bool zone_label_;
  DirectoryWatch watch_;
  std::vector<Zone> zones_;
  AttributeBuffer buffer_;
};

}  // namespace

RaplName rapl_name(std::string_view zone, std::map<std::string, uint32_t>& seen) {
  const size_t dash = zone.find('-');
  if (dash != std::string_view::npos) {
    if (const auto index = parse_number<uint32_t>(zone.substr(dash + 1)))
      return {std::string(zone.substr(0, dash)), *index};
  }
  return {std::string(zone), seen[std::string(zone)]++};
}

Result<std::unique_ptr<Collector>> make_rapl(const Options& options) { return std::make_unique<Rapl>(options); }

}  // namespace weir::host
