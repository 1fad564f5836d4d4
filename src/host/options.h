// What a user may choose; src/app/weir_host fills it from the command line. Flags have node_exporter's names.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/source.h"

namespace weir::host {

// Regular expressions (RE2 syntax as far as host/selection.h translates it) over a name; at most one of both.
struct Selection {
  std::string include;
  std::string exclude;
};

struct Options {
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
  std::string rootfs = "/";
  std::string udev_data = "/run/udev/data";

  // Not the user's: files that several collectors read.
  std::shared_ptr<SharedFiles> shared = std::make_shared<SharedFiles>();

  // One group of members for each collector that has flags, in the order of the alphabet.

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

  Selection hwmon_chip;    // --collector.hwmon.chip-include, -exclude
  Selection hwmon_sensor;  // --collector.hwmon.sensor-include, -exclude: "chip;sensor"

  Selection interrupts_name;     // --collector.interrupts.name-include, -exclude: "name;info;devices"
  bool interrupts_zeros = true;  // --collector.interrupts.include-zeros

  // --collector.netstat.fields
  std::string netstat_fields =
      "^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|TcpExt_(Listen.*|"
      "Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|"
      "PassiveOpens|RetransSegs|CurrEstab)|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$";

  std::string powersupply_ignored = "^$";  // --collector.powersupply.ignored-supplies

  bool rapl_zone_label = false;  // --collector.rapl.enable-zone-label

  Selection slabinfo_slabs;    // --collector.slabinfo.slabs-include, -exclude
  uint32_t slabinfo_top = 50;  // --collector.slabinfo.top (ours): the caches of the most memory; 0: all

  bool stat_softirq = false;  // --collector.stat.softirq

  std::string tapestats_ignored = "^$";  // --collector.tapestats.ignored-devices

  std::string vmstat_fields = "^(oom_kill|pgpg|pswp|pg.*fault).*";  // --collector.vmstat.fields
};

}  // namespace weir::host
