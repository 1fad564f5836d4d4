#include "host/collectors/watchdog.h"

#include <array>

#include "host/collectors/attribute_table.h"
#include "host/collectors/options.h"
#include "host/kernel/directory.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

constexpr std::array<AttributeFamily, 7> kFamilies{{
    {"access_cs0", "node_watchdog_access_cs0", gauge, "Value of /sys/class/watchdog/<watchdog>/access_cs0"},
    {"bootstatus", "node_watchdog_bootstatus", gauge, "Value of /sys/class/watchdog/<watchdog>/bootstatus"},
    {"fw_version", "node_watchdog_fw_version", gauge, "Value of /sys/class/watchdog/<watchdog>/fw_version"},
    {"nowayout", "node_watchdog_nowayout", gauge, "Value of /sys/class/watchdog/<watchdog>/nowayout"},
    {"pretimeout", "node_watchdog_pretimeout_seconds", gauge, "Value of /sys/class/watchdog/<watchdog>/pretimeout"},
    {"timeleft", "node_watchdog_timeleft_seconds", gauge, "Value of /sys/class/watchdog/<watchdog>/timeleft"},
    {"timeout", "node_watchdog_timeout_seconds", gauge, "Value of /sys/class/watchdog/<watchdog>/timeout"},
}};

struct Info {
  std::string name, options, identity, governor;
  Attribute state;
  Attribute status;
};

class Watchdog : public Collector {
 public:
  explicit Watchdog(const Options& options) : watch_(options.sysfs + "/class/watchdog", "") {}

  Result<> collect(telemetry::Exposition& out) override {
    if (watch_.changed()) find();
    if (!watch_.there()) return no_data();
    table_.write(out);
    out.family("node_watchdog_info", gauge, "Info of /sys/class/watchdog/<watchdog>");
    for (Info& info : infos_)
      out.sample({{"identity", info.identity},
                  {"name", info.name},
                  {"options", info.options},
                  {"pretimeout_governor", info.governor},
                  {"state", info.state.read(state_).value_or("")},
                  {"status", info.status.read(status_).value_or("")}},
                 1);
    return {};
  }

 private:
  void find() {
    table_.clear();
    infos_.clear();
    for (const std::string& name : watch_.names()) {
      const std::string directory = watch_.path() + "/" + name;
      table_.add(directory, {{"name", name}});
      infos_.push_back({name, attribute_text(directory + "/options"), attribute_text(directory + "/identity"),
                        attribute_text(directory + "/pretimeout_governor"), Attribute(directory + "/state"),
                        Attribute(directory + "/status")});
    }
  }

  DirectoryWatch watch_;
  AttributeTable table_{kFamilies};
  std::vector<Info> infos_;
  AttributeBuffer state_;
  AttributeBuffer status_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_watchdog(const Options& options) { return std::make_unique<Watchdog>(options); }

}  // namespace weir::host
