// What a user may choose of the collectors. src/app/weir_host fills it from the command line; flags have
// node_exporter's names.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/kernel/links.h"
#include "host/kernel/shared_file.h"
#include "host/select/selection.h"

namespace weir::host {

inline constexpr std::string_view kMountPointsExcluded =
    "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)";
inline constexpr std::string_view kFilesystemTypesExcluded =
    "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|erofs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|"
    "overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$";

struct Options {
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
  std::string rootfs = "/";
  std::string udev_data = "/run/udev/data";

  // Not the user's: files that several collectors read.
  std::shared_ptr<SharedFiles> shared = std::make_shared<SharedFiles>();
  // And the network interfaces.
  std::shared_ptr<LinkTable> links = std::make_shared<LinkTable>();

  // One group of members for each collector that has flags, in the order of the alphabet.

  Selection arp_device;  // --collector.arp.device-include, -exclude

  bool bcache_priority_stats = false;  // --collector.bcache.priorityStats

  uint32_t cgroups_depth = 2;    // --collector.cgroups.depth (ours): levels below the root that are reported
  uint32_t cgroups_limit = 200;  // --collector.cgroups.limit (ours): control groups at most
  Selection cgroups;             // --collector.cgroups.path-include, -exclude (ours)

  bool cpu_guest = true;       // --collector.cpu.guest
  bool cpu_info = false;       // --collector.cpu.info
  std::string cpu_info_flags;  // --collector.cpu.info.flags-include; sets cpu_info
  std::string cpu_info_bugs;   // --collector.cpu.info.bugs-include; sets cpu_info

  // --collector.diskstats.device-include, -exclude
  Selection diskstats_device{.include = "", .exclude = R"(^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$)"};

  Selection ethtool_device;             // --collector.ethtool.device-include, -exclude
  std::string ethtool_metrics_include;  // --collector.ethtool.metrics-include

  // --collector.filesystem.mount-points-include, -exclude; an include replaces the default exclude.
  Selection filesystem_mount_points{.include = {}, .exclude = std::string(kMountPointsExcluded)};
  // --collector.filesystem.fs-types-include, -exclude; the same.
  Selection filesystem_types{.include = {}, .exclude = std::string(kFilesystemTypesExcluded)};
  std::chrono::milliseconds filesystem_mount_timeout{5000};  // --collector.filesystem.mount-timeout

  Selection hwmon_chip;    // --collector.hwmon.chip-include, -exclude
  Selection hwmon_sensor;  // --collector.hwmon.sensor-include, -exclude: "chip;sensor"

  Selection interrupts_name;     // --collector.interrupts.name-include, -exclude: "name;info;devices"
  bool interrupts_zeros = true;  // --collector.interrupts.include-zeros

  // --collector.ipvs.backend-labels: a list with commas
  std::string ipvs_backend_labels = "local_address,local_port,remote_address,remote_port,proto,local_mark";

  std::string netclass_ignored_devices;        // --collector.netclass.ignored-devices
  bool netclass_ignore_invalid_speed = false;  // --collector.netclass.ignore-invalid-speed

  Selection netdev_device;           // --collector.netdev.device-include, -exclude
  bool netdev_address_info = false;  // --collector.netdev.address-info
  bool netdev_detailed = false;      // --collector.netdev.enable-detailed-metrics
  bool netdev_label_alias = false;   // --collector.netdev.label-ifalias

  // --collector.netstat.fields
  std::string netstat_fields =
      "^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|TcpExt_(Listen.*|"
      "Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|"
      "PassiveOpens|RetransSegs|CurrEstab)|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$";

  std::string powersupply_ignored = "^$";  // --collector.powersupply.ignored-supplies

  Selection qdisc_device;  // --collector.qdisc.device-include, -exclude

  bool rapl_zone_label = false;  // --collector.rapl.enable-zone-label

  Selection slabinfo_slabs;    // --collector.slabinfo.slabs-include, -exclude
  uint32_t slabinfo_top = 50;  // --collector.slabinfo.top (ours): the caches of the most memory; 0: all

  bool stat_softirq = false;  // --collector.stat.softirq

  // --collector.systemd.unit-include, -exclude: of the whole name
  Selection systemd_unit{.include = {}, .exclude = ".+\\.(automount|device|mount|scope|slice)"};
  bool systemd_task_metrics = false;        // --collector.systemd.enable-task-metrics
  bool systemd_restart_metrics = false;     // --collector.systemd.enable-restarts-metrics
  bool systemd_start_time_metrics = false;  // --collector.systemd.enable-start-time-metrics

  std::string tapestats_ignored = "^$";  // --collector.tapestats.ignored-devices

  std::vector<std::string> textfile_directories;  // --collector.textfile.directory: globs, repeatable

  std::string vmstat_fields = "^(oom_kill|pgpg|pswp|pg.*fault).*";  // --collector.vmstat.fields
};

}  // namespace weir::host
