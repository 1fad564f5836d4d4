// Counters of the block devices (/proc/diskstats, Documentation/admin-guide/iostats.rst), and their names from udev.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

inline constexpr size_t kDiskFields = 17;

struct Diskstats {
  uint32_t major = 0;
  uint32_t minor = 0;
  std::string_view device;
  // In the order of the file: reads completed, merged, sectors, milliseconds; the same of writes; in progress,
  // milliseconds of I/O, weighted; since 4.18 four of discards, since 5.5 flushes and their milliseconds.
  std::array<uint64_t, kDiskFields> values{};
  size_t count = 0;  // how many of them this kernel has
};
// Nothing if the line has fewer than 11 fields (Linux 2.6), or one that is not a number.
std::optional<Diskstats> parse_diskstats_line(std::string_view line);

// Properties of a device ("E:NAME=value") in udev's data; those that are not set are empty.
struct UdevProperties {
  std::string path, wwn, model, serial, revision;
  std::string fs_type, fs_usage, fs_uuid, fs_version;
  std::string dm_name, dm_uuid, dm_vg_name, dm_lv_name, dm_lv_layer;
  bool ata = false;
  std::optional<double> ata_rotation_rate, ata_write_cache, ata_write_cache_enabled;
};
UdevProperties parse_udev_data(std::string_view text);

Result<std::unique_ptr<Collector>> make_diskstats(const Options& options);

}  // namespace weir::host
