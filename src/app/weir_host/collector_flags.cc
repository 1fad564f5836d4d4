#include "app/weir_host/collector_flags.h"

namespace weir::app {

void add_collector_flags(std::vector<Flag>& flags, host::Options& o) {
  // --collector.NAME-include and -exclude: regular expressions, one of both.
  const auto pair = [&](std::string_view include, std::string_view exclude, std::string_view of,
                        host::Selection& selection) {
    flags.push_back({include, "REGEX", of, Side{&selection, true}});
    flags.push_back({exclude, "REGEX", "the same, to be left out", Side{&selection, false}});
  };
  const auto add = [&](std::string_view name, std::string_view value, std::string_view help, auto* target) {
    flags.push_back({name, value, help, target});
  };
  pair("collector.arp.device-include", "collector.arp.device-exclude", "interfaces", o.arp_device);
  add("collector.bcache.priorityStats", "", "the priority statistics, which are expensive", &o.bcache_priority_stats);
  add("collector.cgroups.depth", "N", "levels of control groups below the root", &o.cgroups_depth);
  add("collector.cgroups.limit", "N", "control groups at most", &o.cgroups_limit);
  pair("collector.cgroups.path-include", "collector.cgroups.path-exclude", "control groups", o.cgroups);
  add("collector.cpu.guest", "", "node_cpu_guest_seconds_total", &o.cpu_guest);
  add("collector.cpu.info", "", "node_cpu_info", &o.cpu_info);
  add("collector.cpu.info.flags-include", "REGEX", "flags of node_cpu_flag_info", &o.cpu_info_flags);
  add("collector.cpu.info.bugs-include", "REGEX", "bugs of node_cpu_bug_info", &o.cpu_info_bugs);
  pair("collector.diskstats.device-include", "collector.diskstats.device-exclude", "disks", o.diskstats_device);
  pair("collector.ethtool.device-include", "collector.ethtool.device-exclude", "interfaces", o.ethtool_device);
  add("collector.ethtool.metrics-include", "REGEX", "statistics", &o.ethtool_metrics_include);
  pair("collector.filesystem.mount-points-include", "collector.filesystem.mount-points-exclude", "mount points",
       o.filesystem_mount_points);
  pair("collector.filesystem.fs-types-include", "collector.filesystem.fs-types-exclude", "types of file systems",
       o.filesystem_types);
  add("collector.filesystem.mount-timeout", "TIME", "a mount that takes longer is reported as stalled",
      &o.filesystem_mount_timeout);
  pair("collector.hwmon.chip-include", "collector.hwmon.chip-exclude", "chips", o.hwmon_chip);
  pair("collector.hwmon.sensor-include", "collector.hwmon.sensor-exclude", "sensors, as chip;sensor", o.hwmon_sensor);
  pair("collector.interrupts.name-include", "collector.interrupts.name-exclude", "interrupts, as name;info;devices",
       o.interrupts_name);
  add("collector.interrupts.include-zeros", "", "interrupts that never came", &o.interrupts_zeros);
  add("collector.ipvs.backend-labels", "LIST", "labels of node_ipvs_backend_*", &o.ipvs_backend_labels);
  add("collector.netclass.ignored-devices", "REGEX", "interfaces left out", &o.netclass_ignored_devices);
  add("collector.netclass.ignore-invalid-speed", "", "no node_network_speed_bytes where the speed is not known",
      &o.netclass_ignore_invalid_speed);
  pair("collector.netdev.device-include", "collector.netdev.device-exclude", "interfaces", o.netdev_device);
  add("collector.netdev.address-info", "", "node_network_address_info", &o.netdev_address_info);
  add("collector.netdev.enable-detailed-metrics", "", "other names, of every counter of the kernel",
      &o.netdev_detailed);
  add("collector.netdev.label-ifalias", "", "a label ifalias", &o.netdev_label_alias);
  add("collector.netstat.fields", "REGEX", "fields", &o.netstat_fields);
  add("collector.powersupply.ignored-supplies", "REGEX", "power supplies left out", &o.powersupply_ignored);
  pair("collector.qdisc.device-include", "collector.qdisc.device-exclude", "interfaces", o.qdisc_device);
  // As node_exporter 1.5 spells them.
  pair("collector.qdisk.device-include", "collector.qdisk.device-exclude", "interfaces", o.qdisc_device);
  add("collector.rapl.enable-zone-label", "", "the zone as a label instead of in the name", &o.rapl_zone_label);
  pair("collector.slabinfo.slabs-include", "collector.slabinfo.slabs-exclude", "caches", o.slabinfo_slabs);
  add("collector.slabinfo.top", "N", "the caches of the most memory; 0: all", &o.slabinfo_top);
  add("collector.stat.softirq", "", "node_softirqs_total", &o.stat_softirq);
  // Both may be given: a unit must match the one and not the other.
  add("collector.systemd.unit-include", "REGEX", "units", &o.systemd_unit.include);
  add("collector.systemd.unit-exclude", "REGEX", "units left out, also of those included", &o.systemd_unit.exclude);
  add("collector.systemd.enable-task-metrics", "", "node_systemd_unit_tasks_*", &o.systemd_task_metrics);
  add("collector.systemd.enable-restarts-metrics", "", "node_systemd_service_restart_total",
      &o.systemd_restart_metrics);
  add("collector.systemd.enable-start-time-metrics", "", "node_systemd_unit_start_time_seconds",
      &o.systemd_start_time_metrics);
  add("collector.tapestats.ignored-devices", "REGEX", "tapes left out", &o.tapestats_ignored);
  add("collector.textfile.directory", "FOLDER", "where *.prom files are: a name or a glob, repeatable",
      &o.textfile_directories);
  add("collector.vmstat.fields", "REGEX", "fields", &o.vmstat_fields);
}

}  // namespace weir::app
