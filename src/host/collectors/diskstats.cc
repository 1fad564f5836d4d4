#include "host/collectors/diskstats.h"

#include <algorithm>
#include <vector>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"
#include "host/select/selection.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;
using telemetry::Exposition;

struct Family {
  std::string_view name;
  telemetry::MetricType type;
  std::string_view help;
  double scale;  // 0: the integer as it is
};

constexpr double kMilliseconds = 1e-3;
constexpr double kSector = 512;  // in this file, whatever sectors the device has

constexpr std::array<Family, kDiskFields> kFamilies{{
    {"node_disk_reads_completed_total", counter, "The total number of reads completed successfully.", 0},
    {"node_disk_reads_merged_total", counter, "The total number of reads merged.", 0},
    {"node_disk_read_bytes_total", counter, "The total number of bytes read successfully.", kSector},
    {"node_disk_read_time_seconds_total", counter, "The total number of seconds spent by all reads.", kMilliseconds},
    {"node_disk_writes_completed_total", counter, "The total number of writes completed successfully.", 0},
    {"node_disk_writes_merged_total", counter, "The number of writes merged.", 0},
    {"node_disk_written_bytes_total", counter, "The total number of bytes written successfully.", kSector},
    {"node_disk_write_time_seconds_total", counter, "This is the total number of seconds spent by all writes.",
     kMilliseconds},
    {"node_disk_io_now", gauge, "The number of I/Os currently in progress.", 0},
    {"node_disk_io_time_seconds_total", counter, "Total seconds spent doing I/Os.", kMilliseconds},
    {"node_disk_io_time_weighted_seconds_total", counter, "The weighted # of seconds spent doing I/Os.", kMilliseconds},
    {"node_disk_discards_completed_total", counter, "The total number of discards completed successfully.", 0},
    {"node_disk_discards_merged_total", counter, "The total number of discards merged.", 0},
    {"node_disk_discarded_sectors_total", counter, "The total number of sectors discarded successfully.", 0},
    {"node_disk_discard_time_seconds_total", counter, "This is the total number of seconds spent by all discards.",
     kMilliseconds},
    {"node_disk_flush_requests_total", counter, "The total number of flush requests completed successfully", 0},
    {"node_disk_flush_requests_time_seconds_total", counter,
     "This is the total number of seconds spent by all flush requests.", kMilliseconds},
}};

// Properties of a device: read when it appears, and again now and then.
struct Device {
  uint32_t major = 0;
  uint32_t minor = 0;
  std::string name;
  std::string major_text, minor_text, rotational;
  UdevProperties udev;
  std::vector<std::string> backing;
  unsigned age = 0;
};

class DiskstatsCollector : public Collector {
 public:
  DiskstatsCollector(const Options& options, Selector selector)
      : selector_(std::move(selector)),
        sysfs_(options.sysfs),
        udev_data_(options.udev_data),
        file_(options.procfs + "/diskstats") {}

  Result<> collect(Exposition& out) override {
    std::string_view text = TRY(file_.read());
    disks_.clear();
    while (!text.empty()) {
      const auto disk = parse_diskstats_line(next_line(text));
      if (disk && selector_.selects(disk->device)) disks_.push_back(*disk);
    }
    find_devices();
    for (size_t i = 0; i < kDiskFields; ++i) write_counters(out, i);
    write_infos(out);
    return {};
  }

 private:
  void write_counters(Exposition& out, size_t field) {
    const Family& family = kFamilies[field];
    out.family(family.name, family.type, family.help);
    for (const Diskstats& disk : disks_) {
      if (field >= disk.count) continue;
      if (family.scale == 0) {
        out.sample({{"device", disk.device}}, disk.values[field]);
      } else {
        out.sample({{"device", disk.device}}, static_cast<double>(disk.values[field]) * family.scale);
      }
    }
  }

  // Brings devices_ into the order of disks_. They nearly always agree, which takes one comparison each.
  void find_devices() {
    for (size_t i = 0; i < disks_.size(); ++i) {
      const Diskstats& disk = disks_[i];
      const auto same = [&](const Device& device) {
        return device.major == disk.major && device.minor == disk.minor && device.name == disk.device;
      };
      const auto found =
          std::find_if(devices_.begin() + static_cast<ptrdiff_t>(std::min(i, devices_.size())), devices_.end(), same);
      if (found == devices_.end()) {
        Device device;
        device.major = disk.major;
        device.minor = disk.minor;
        device.name = disk.device;
        learn(device);
        devices_.insert(devices_.begin() + static_cast<ptrdiff_t>(i), std::move(device));
      } else {
        std::rotate(devices_.begin() + static_cast<ptrdiff_t>(i), found, found + 1);
        if (++devices_[i].age % kReadsUntilRecheck == 0) learn(devices_[i]);
      }
    }
    devices_.resize(disks_.size());
  }

  void learn(Device& device) {
    device.major_text = std::to_string(device.major);
    device.minor_text = std::to_string(device.minor);
    const auto udev = try_read_file(fmt::format("{}/b{}:{}", udev_data_, device.major, device.minor), text_);
    device.udev = udev ? parse_udev_data(*udev) : UdevProperties();
    // A name with '/' ("cciss/c0d0") has '!' in sysfs.
    std::string name = device.name;
    std::ranges::replace(name, '/', '!');
    const std::string directory = sysfs_ + "/block/" + name;
    device.rotational.assign(1, attribute_text(directory + "/queue/rotational") == "1" ? '1' : '0');
    device.backing = device.udev.dm_name.empty() ? std::vector<std::string>() : list_directory(directory + "/slaves");
  }

  void write_infos(Exposition& out) {
    const auto write_number = [&](std::string_view name, std::string_view help, auto member) {
      out.family(name, gauge, help);
      for (const Device& device : devices_)
        if (device.udev.ata && device.udev.*member) out.sample({{"device", device.name}}, *(device.udev.*member));
    };
    write_number("node_disk_ata_rotation_rate_rpm", "ATA disk rotation rate in RPMs (0 for SSDs).",
                 &UdevProperties::ata_rotation_rate);
    write_number("node_disk_ata_write_cache", "ATA disk has a write cache.", &UdevProperties::ata_write_cache);
    write_number("node_disk_ata_write_cache_enabled", "ATA disk has its write cache enabled.",
                 &UdevProperties::ata_write_cache_enabled);
    out.family("node_disk_device_mapper_backing_device_info", gauge,
               "Info about the underlying block devices of a device mapper device.");
    for (const Device& device : devices_)
      for (const std::string& backing : device.backing)
        out.sample({{"backing_device", backing}, {"device", device.name}}, 1);
    out.family("node_disk_device_mapper_info", gauge, "Info about disk device mapper.");
    for (const Device& device : devices_) {
      const UdevProperties& udev = device.udev;
      if (udev.dm_name.empty()) continue;
      out.sample({{"device", device.name},
                  {"lv_layer", udev.dm_lv_layer},
                  {"lv_name", udev.dm_lv_name},
                  {"name", udev.dm_name},
                  {"uuid", udev.dm_uuid},
                  {"vg_name", udev.dm_vg_name}},
                 1);
    }
    out.family("node_disk_filesystem_info", gauge, "Info about disk filesystem.");
    for (const Device& device : devices_) {
      const UdevProperties& udev = device.udev;
      if (udev.fs_type.empty()) continue;
      out.sample({{"device", device.name},
                  {"type", udev.fs_type},
                  {"usage", udev.fs_usage},
                  {"uuid", udev.fs_uuid},
                  {"version", udev.fs_version}},
                 1);
    }
    out.family("node_disk_info", gauge, "Info of /sys/block/<block_device>.");
    for (const Device& device : devices_)
      out.sample({{"device", device.name},
                  {"major", device.major_text},
                  {"minor", device.minor_text},
                  {"model", device.udev.model},
                  {"path", device.udev.path},
                  {"revision", device.udev.revision},
                  {"rotational", device.rotational},
                  {"serial", device.udev.serial},
                  {"wwn", device.udev.wwn}},
                 1);
  }

  Selector selector_;
  std::string sysfs_;
  std::string udev_data_;
  KeptFile file_;
  std::vector<Diskstats> disks_;
  std::vector<Device> devices_;
  std::string text_;
};

}  // namespace

std::optional<Diskstats> parse_diskstats_line(std::string_view line) {
  constexpr size_t kFewest = 11;
  Diskstats disk;
  const auto major = parse_number<uint32_t>(next_word(line));
  const auto minor = parse_number<uint32_t>(next_word(line));
  disk.device = next_word(line);
  if (!major || !minor || disk.device.empty()) return std::nullopt;
  disk.major = *major;
  disk.minor = *minor;
  for (; disk.count < kDiskFields; ++disk.count) {
    const std::string_view word = next_word(line);
    if (word.empty()) break;
    const auto value = parse_number<uint64_t>(word);
    if (!value) return std::nullopt;
    disk.values[disk.count] = *value;
  }
  if (disk.count < kFewest) return std::nullopt;
  return disk;
}

UdevProperties parse_udev_data(std::string_view text) {
  UdevProperties udev;
  std::string short_serial;
  std::string long_serial;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    if (!line.starts_with("E:")) continue;
    const size_t equal = line.find('=');
    if (equal == std::string_view::npos) continue;
    const std::string_view key = line.substr(2, equal - 2);
    const std::string_view value = line.substr(equal + 1);
    const std::array<std::pair<std::string_view, std::string*>, 16> texts{{
        {"ID_PATH", &udev.path},
        {"ID_WWN", &udev.wwn},
        {"ID_MODEL", &udev.model},
        {"ID_REVISION", &udev.revision},
        {"SCSI_IDENT_SERIAL", &udev.serial},
        {"ID_SERIAL_SHORT", &short_serial},
        {"ID_SERIAL", &long_serial},
        {"ID_FS_TYPE", &udev.fs_type},
        {"ID_FS_USAGE", &udev.fs_usage},
        {"ID_FS_UUID", &udev.fs_uuid},
        {"ID_FS_VERSION", &udev.fs_version},
        {"DM_NAME", &udev.dm_name},
        {"DM_UUID", &udev.dm_uuid},
        {"DM_VG_NAME", &udev.dm_vg_name},
        {"DM_LV_NAME", &udev.dm_lv_name},
        {"DM_LV_LAYER", &udev.dm_lv_layer},
    }};
    for (const auto& [name, field] : texts)
      if (name == key) *field = value;
    if (key == "ID_ATA") udev.ata = !value.empty();
    if (key == "ID_ATA_ROTATION_RATE_RPM") udev.ata_rotation_rate = parse_number<double>(value);
    if (key == "ID_ATA_WRITE_CACHE") udev.ata_write_cache = parse_number<double>(value);
    if (key == "ID_ATA_WRITE_CACHE_ENABLED") udev.ata_write_cache_enabled = parse_number<double>(value);
  }
  // The first is what is printed on the disk; a virtio device has only the last.
  if (udev.serial.empty()) udev.serial = short_serial;
  if (udev.serial.empty()) udev.serial = long_serial;
  return udev;
}

Result<std::unique_ptr<Collector>> make_diskstats(const Options& options) {
  auto selector = TRY(Selector::compile(options.diskstats_device, "--collector.diskstats.device"));
  return std::make_unique<DiskstatsCollector>(options, std::move(selector));
}

}  // namespace weir::host
