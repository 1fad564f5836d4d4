#include "host/collectors/btrfs.h"

#include <array>
#include <vector>

#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"
#include "host/kernel/key_value.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

constexpr std::array<std::string_view, 3> kBlockGroups{"data", "metadata", "system"};
constexpr std::array<std::string_view, 5> kErrors{"corruption", "flush", "generation", "read", "write"};

struct Layout {
  std::string_view group;
  std::string mode;
  double ratio;
  Attribute total;
  Attribute used;
};

struct FileSystem {
  std::string uuid, label;
  Attribute global_reserve;
  Attribute commits;
  std::vector<std::pair<std::string_view, Attribute>> reserved;
  std::vector<Layout> layouts;
  std::vector<std::pair<std::string, Attribute>> sizes;   // by device
  std::vector<std::pair<std::string, Attribute>> errors;  // by number of the device in the file system
};

class Btrfs : public Collector {
 public:
  explicit Btrfs(const Options& options) : watch_(options.sysfs + "/fs/btrfs", "") {}

  Result<> collect(telemetry::Exposition& out) override {
    if (watch_.changed()) find();
    write_layouts(out, "node_btrfs_allocation_ratio", "Data allocation ratio for a layout/data type",
                  [](Layout& layout) { return std::optional(layout.ratio); });
    write_commits(out);
    out.family("node_btrfs_device_size_bytes", gauge, "Size of a device that is part of the filesystem.");
    for (FileSystem& system : systems_)
      for (auto& [device, file] : system.sizes)
        if (const auto sectors = file.number(buffer_))
          out.sample({{"device", device}, {"uuid", system.uuid}}, *sectors * 512);
    out.family("node_btrfs_global_rsv_size_bytes", gauge, "Size of global reserve.");
    for (FileSystem& system : systems_)
      if (const auto size = system.global_reserve.number(buffer_)) out.sample({{"uuid", system.uuid}}, *size);
    out.family("node_btrfs_info", gauge, "Filesystem information");
    for (const FileSystem& system : systems_) out.sample({{"label", system.label}, {"uuid", system.uuid}}, 1);
    out.family("node_btrfs_reserved_bytes", gauge, "Amount of space reserved for a data type");
    for (FileSystem& system : systems_)
      for (auto& [group, file] : system.reserved)
        if (const auto bytes = file.number(buffer_))
          out.sample({{"block_group_type", group}, {"uuid", system.uuid}}, *bytes);
    write_layouts(out, "node_btrfs_size_bytes", "Amount of space allocated for a layout/data type",
                  [&](Layout& layout) { return layout.total.number(buffer_); });
    write_layouts(out, "node_btrfs_used_bytes", "Amount of used space by a layout/data type",
                  [&](Layout& layout) { return layout.used.number(buffer_); });
    write_errors(out);
    return {};
  }

 private:
  template <class Value>
  void write_layouts(telemetry::Exposition& out, std::string_view name, std::string_view help, Value&& value_of) {
    out.family(name, gauge, help);
    for (FileSystem& system : systems_)
      for (Layout& layout : system.layouts)
        if (const auto value = value_of(layout))
          out.sample({{"block_group_type", layout.group}, {"mode", layout.mode}, {"uuid", system.uuid}}, *value);
  }

  void write_commits(telemetry::Exposition& out) {
    const auto write = [&](std::string_view name, telemetry::MetricType type, std::string_view help,
                           std::string_view key, double divisor) {
      out.family(name, type, help);
      for (FileSystem& system : systems_)
        if (const auto value = keyed_value(system.commits.read(buffer_).value_or(""), key))
          out.sample({{"uuid", system.uuid}}, static_cast<double>(*value) / divisor);
    };
    write("node_btrfs_commit_seconds_total", counter, "Sum of the duration of all commits, in seconds.",
          "total_commit_ms", 1000);
    write("node_btrfs_commits_total", counter, "The total number of commits that have occurred.", "commits", 1);
    write("node_btrfs_last_commit_seconds", gauge, "Duration of the most recent commit, in seconds.", "last_commit_ms",
          1000);
    write("node_btrfs_max_commit_seconds", gauge, "Duration of the slowest commit, in seconds.", "max_commit_ms", 1000);
  }

  // node_exporter names the devices, for which it asks by ioctl as root. Any user may read their numbers.
  void write_errors(telemetry::Exposition& out) {
    out.family("weir_btrfs_device_errors_total", counter, "Errors of a device, by its number in the file system.");
    for (FileSystem& system : systems_)
      for (auto& [device, file] : system.errors) {
        const auto text = file.read(buffer_);
        if (!text) continue;
        for (const std::string_view type : kErrors) {
          key_.assign(type).append("_errs");
          if (const auto count = keyed_value(*text, key_))
            out.sample({{"devid", device}, {"type", type}, {"uuid", system.uuid}}, *count);
        }
      }
  }

  void find() {
    systems_.clear();
    for (const std::string& uuid : watch_.names()) {
      if (!uuid.contains('-')) continue;  // "features"
      const std::string directory = watch_.path() + "/" + uuid;
      FileSystem system{.uuid = uuid,
                        .label = attribute_text(directory + "/label"),
                        .global_reserve = Attribute(directory + "/allocation/global_rsv_size"),
                        .commits = Attribute(directory + "/commit_stats"),
                        .reserved = {},
                        .layouts = {},
                        .sizes = {},
                        .errors = {}};
      for (const std::string& device : list_directory(directory + "/devices"))
        system.sizes.emplace_back(device, Attribute(fmt::format("{}/devices/{}/size", directory, device)));
      for (const std::string& device : list_directory(directory + "/devinfo"))
        system.errors.emplace_back(device, Attribute(fmt::format("{}/devinfo/{}/error_stats", directory, device)));
      for (const std::string_view group : kBlockGroups) {
        const std::string place = fmt::format("{}/allocation/{}", directory, group);
        system.reserved.emplace_back(group, Attribute(place + "/bytes_reserved"));
        for (const std::string& mode : list_directory(place)) {
          const std::string layout = place + "/" + mode;
          if (Directory(layout) && !attribute_text(layout + "/total_bytes").empty())
            system.layouts.push_back({group, mode, btrfs_allocation_ratio(mode, system.sizes.size()),
                                      Attribute(layout + "/total_bytes"), Attribute(layout + "/used_bytes")});
        }
      }
      systems_.push_back(std::move(system));
    }
  }

  DirectoryWatch watch_;
  std::vector<FileSystem> systems_;
  std::string key_;
  AttributeBuffer buffer_;
};

}  // namespace

double btrfs_allocation_ratio(std::string_view layout, size_t devices) {
  const auto parity = [&](size_t disks) {
    return devices > disks ? static_cast<double>(devices) / static_cast<double>(devices - disks) : 0;
  };
  if (layout == "dup" || layout == "raid1" || layout == "raid10") return 2;
  if (layout == "raid1c3") return 3;
  if (layout == "raid1c4") return 4;
  if (layout == "raid5") return parity(1);
  if (layout == "raid6") return parity(2);
  return 1;
}

Result<std::unique_ptr<Collector>> make_btrfs(const Options& options) { return std::make_unique<Btrfs>(options); }

}  // namespace weir::host
