#include "host/collectors/dmmultipath.h"

#include <vector>

#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

struct Path {
  std::string device;
  Attribute file;
  std::string state;  // of this scrape: "running" (SCSI), "live" (NVMe), "offline", ...
};

struct Multipath {
  std::string name, sysfs_name, uuid;
  Attribute suspended;
  Attribute sectors;
  std::vector<Path> paths;
  uint64_t active_paths = 0;
};

class Dmmultipath : public Collector {
 public:
  explicit Dmmultipath(const Options& options) : watch_(options.sysfs + "/block", "") {}

  Result<> collect(telemetry::Exposition& out) override {
    if (watch_.changed()) find();
    if (!watch_.there()) return no_data();
    for (Multipath& device : devices_) {
      device.active_paths = 0;
      for (Path& path : device.paths) {
        path.state = path.file.read(buffer_).value_or("");
        if (path.state == "running" || path.state == "live") ++device.active_paths;
      }
    }
    const auto write = [&](std::string_view name, std::string_view help, auto&& value_of) {
      out.family(name, gauge, help);
      for (Multipath& device : devices_)
        if (const std::optional<uint64_t> value = value_of(device))
          out.sample({{"device", device.name}, {"sysfs_name", device.sysfs_name}}, *value);
    };
    write("node_dmmultipath_device_active",
          "Whether the multipath device-mapper device is active (1) or suspended (0).",
          [&](Multipath& device) { return std::optional<uint64_t>(device.suspended.read(buffer_) != "1"); });
    out.family("node_dmmultipath_device_info", gauge, "Non-numeric information about a DM-multipath device.");
    for (const Multipath& device : devices_)
      out.sample({{"device", device.name}, {"sysfs_name", device.sysfs_name}, {"uuid", device.uuid}}, 1);
    write("node_dmmultipath_device_paths", "Number of paths for a multipath device.",
          [](Multipath& device) { return std::optional<uint64_t>(device.paths.size()); });
    write("node_dmmultipath_device_paths_active",
          "Number of paths in active state (SCSI running or NVMe live) for a multipath device.",
          [](Multipath& device) { return std::optional<uint64_t>(device.active_paths); });
    write("node_dmmultipath_device_paths_failed", "Number of paths not in active state for a multipath device.",
          [](Multipath& device) { return std::optional<uint64_t>(device.paths.size() - device.active_paths); });
    write("node_dmmultipath_device_size_bytes",
          "Size of the multipath device in bytes, read from /sys/block/<dm>/size.", [&](Multipath& device) {
            const auto sectors = device.sectors.number(buffer_);
            return sectors ? std::optional(*sectors * 512) : std::nullopt;
          });
    out.family("node_dmmultipath_path_state", gauge,
               "Reports the underlying device state for a multipath path, as read from /sys/block/<dev>/device/state.");
    for (const Multipath& device : devices_)
      for (const Path& path : device.paths)
        out.sample({{"device", device.name}, {"path", path.device}, {"state", path.state}}, 1);
    return {};
  }

 private:
  // All of /sys/block is watched: a path that comes or goes is a disk there too.
  void find() {
    devices_.clear();
    for (const std::string& name : watch_.names()) {
      if (!name.starts_with("dm-")) continue;
      const std::string directory = watch_.path() + "/" + name;
      std::string uuid = attribute_text(directory + "/dm/uuid");
      if (!uuid.starts_with("mpath-")) continue;
      Multipath& device = devices_.emplace_back(attribute_text(directory + "/dm/name"), name, std::move(uuid),
                                                Attribute(directory + "/dm/suspended"), Attribute(directory + "/size"));
      for (const std::string& path : list_directory(directory + "/slaves"))
        device.paths.push_back({path, Attribute(watch_.path() + "/" + path + "/device/state"), {}});
    }
  }

  DirectoryWatch watch_;
  std::vector<Multipath> devices_;
  AttributeBuffer buffer_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_dmmultipath(const Options& options) {
  return std::make_unique<Dmmultipath>(options);
}

}  // namespace weir::host
