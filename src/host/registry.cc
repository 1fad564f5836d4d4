#include "host/registry.h"

#include <array>

#include "host/collectors/arp.h"
#include "host/collectors/bcache.h"
#include "host/collectors/bcachefs.h"
#include "host/collectors/bonding.h"
#include "host/collectors/btrfs.h"
#include "host/collectors/buddyinfo.h"
#include "host/collectors/cgroups.h"
#include "host/collectors/conntrack.h"
#include "host/collectors/cpu.h"
#include "host/collectors/cpu_vulnerabilities.h"
#include "host/collectors/cpufreq.h"
#include "host/collectors/diskstats.h"
#include "host/collectors/dmi.h"
#include "host/collectors/dmmultipath.h"
#include "host/collectors/edac.h"
#include "host/collectors/entropy.h"
#include "host/collectors/ethtool.h"
#include "host/collectors/fibrechannel.h"
#include "host/collectors/filefd.h"
#include "host/collectors/filesystem.h"
#include "host/collectors/hwmon.h"
#include "host/collectors/infiniband.h"
#include "host/collectors/interrupts.h"
#include "host/collectors/ipvs.h"
#include "host/collectors/kernel_hung.h"
#include "host/collectors/ksmd.h"
#include "host/collectors/lnstat.h"
#include "host/collectors/loadavg.h"
#include "host/collectors/mdadm.h"
#include "host/collectors/meminfo.h"
#include "host/collectors/meminfo_numa.h"
#include "host/collectors/mountstats.h"
#include "host/collectors/netclass.h"
#include "host/collectors/netdev.h"
#include "host/collectors/netqueues.h"
#include "host/collectors/netstat.h"
#include "host/collectors/network_route.h"
#include "host/collectors/nfs.h"
#include "host/collectors/nftables.h"
#include "host/collectors/nvme.h"
#include "host/collectors/os.h"
#include "host/collectors/powersupplyclass.h"
#include "host/collectors/pressure.h"
#include "host/collectors/processes.h"
#include "host/collectors/qdisc.h"
#include "host/collectors/rapl.h"
#include "host/collectors/schedstat.h"
#include "host/collectors/selinux.h"
#include "host/collectors/slabinfo.h"
#include "host/collectors/sockstat.h"
#include "host/collectors/softirqs.h"
#include "host/collectors/softnet.h"
#include "host/collectors/stat.h"
#include "host/collectors/systemd.h"
#include "host/collectors/tapestats.h"
#include "host/collectors/tcpstat.h"
#include "host/collectors/textfile.h"
#include "host/collectors/thermal_zone.h"
#include "host/collectors/time.h"
#include "host/collectors/timex.h"
#include "host/collectors/udp_queues.h"
#include "host/collectors/uname.h"
#include "host/collectors/vmstat.h"
#include "host/collectors/watchdog.h"
#include "host/collectors/wifi.h"
#include "host/collectors/xfrm.h"
#include "host/collectors/xfs.h"
#include "host/collectors/zfs.h"
#include "host/collectors/zoneinfo.h"

namespace weir::host {
namespace {

using enum Privilege;

constexpr auto kCollectors = std::to_array<CollectorEntry>({
    {"arp", true, none, "neighbours of the interfaces for IPv4", make_arp},
    {"bcache", true, none, "block caches", make_bcache},
    {"bcachefs", true, none, "bcachefs file systems", make_bcachefs},
    {"bonding", true, none, "bonded network interfaces", make_bonding},
    {"btrfs", true, none, "btrfs file systems", make_btrfs},
    {"buddyinfo", false, none, "free blocks of memory by size", make_buddyinfo},
    {"cgroups", false, none, "control groups", make_cgroups},
    {"conntrack", true, none, "connection tracking", make_conntrack},
    {"cpu", true, none, "seconds of each CPU by mode, throttling, online and isolated CPUs", make_cpu},
    {"cpu_vulnerabilities", false, none, "weaknesses of the CPU", make_cpu_vulnerabilities},
    {"cpufreq", true, some, "frequency of each CPU", make_cpufreq},
    {"diskstats", true, none, "I/O of block devices", make_diskstats},
    {"dmi", true, some, "the machine as its firmware describes it", make_dmi},
    {"dmmultipath", true, none, "devices with several paths", make_dmmultipath},
    {"edac", true, none, "memory errors", make_edac},
    {"entropy", true, none, "available entropy", make_entropy},
    {"ethtool", false, none, "statistics and link modes of drivers of network interfaces", make_ethtool},
    {"fibrechannel", true, none, "host ports of Fibre Channel", make_fibrechannel},
    {"filefd", true, none, "open files of the machine", make_filefd},
    {"filesystem", true, none, "sizes of the mounted file systems", make_filesystem},
    {"hwmon", true, none, "hardware sensors", make_hwmon},
    {"infiniband", true, none, "adapters of InfiniBand and RoCE", make_infiniband},
    {"interrupts", false, none, "interrupts of each CPU", make_interrupts},
    {"ipvs", true, some, "load balancer of the kernel", make_ipvs},
    {"kernel_hung", true, none, "tasks that hung", make_kernel_hung},
    {"ksmd", false, none, "merging of equal pages", make_ksmd},
    {"lnstat", false, none, "counters of the network caches", make_lnstat},
    {"loadavg", true, none, "load averages", make_loadavg},
    {"mdadm", true, none, "software RAID", make_mdadm},
    {"meminfo", true, none, "memory by use", make_meminfo},
    {"meminfo_numa", false, none, "memory by NUMA node", make_meminfo_numa},
    {"mountstats", false, none, "statistics of the mounts of NFS", make_mountstats},
    {"netclass", true, none, "properties of the network interfaces", make_netclass},
    {"netdev", true, none, "counters of the network interfaces", make_netdev},
    {"netqueues", true, none, "counters of each queue of the network interfaces", make_netqueues},
    {"netstat", true, none, "counters of the network protocols", make_netstat},
    {"network_route", false, none, "routes", make_network_route},
    {"nfs", true, none, "requests of the NFS client", make_nfs},
    {"nfsd", true, none, "requests to the NFS server", make_nfsd},
    {"nftables", true, root, "firewall: tables, counters, quotas, sets of nf_tables (CAP_NET_ADMIN)", make_nftables},
    {"nvme", true, none, "NVMe controllers", make_nvme},
    {"os", true, none, "distribution", make_os},
    {"powersupplyclass", true, none, "batteries and mains", make_powersupplyclass},
    {"pressure", true, none, "pressure stall information", make_pressure},
    {"processes", false, none, "processes and threads by state", make_processes},
    {"qdisc", false, none, "queueing disciplines of the interfaces", make_qdisc},
    {"rapl", true, root, "energy used by the CPUs and memory", make_rapl},
    {"schedstat", true, none, "run and wait time of each CPU", make_schedstat},
    {"selinux", true, none, "SELinux and its cache", make_selinux},
    {"slabinfo", false, root, "caches of the kernel, the largest", make_slabinfo},
    {"sockstat", true, none, "sockets in use", make_sockstat},
    {"softirqs", false, none, "softirqs of each CPU", make_softirqs},
    {"softnet", true, none, "packets processed and dropped by each CPU", make_softnet},
    {"stat", true, none, "boot time, interrupts, context switches, forks", make_stat},
    {"systemd", false, none, "units of systemd and their states, by D-Bus", make_systemd},
    {"tapestats", true, none, "tape drives", make_tapestats},
    {"tcpstat", false, none, "sockets of TCP by state", make_tcpstat},
    {"textfile", true, none, "metrics that other programs leave in files", make_textfile, true},
    {"thermal_zone", true, none, "temperatures and cooling devices", make_thermal_zone},
    {"time", true, none, "clock, time zone, clock sources", make_time},
    {"timex", true, none, "state of the clock's discipline (adjtimex)", make_timex},
    {"udp_queues", true, none, "queues of the sockets of UDP", make_udp_queues},
    {"uname", true, none, "kernel and host name", make_uname},
    {"vmstat", true, none, "counters of the virtual memory", make_vmstat},
    {"watchdog", true, none, "watchdogs", make_watchdog},
    {"wifi", false, none, "wireless interfaces and their stations", make_wifi},
    {"xfrm", false, none, "errors of IPsec", make_xfrm},
    {"xfs", true, none, "XFS file systems", make_xfs},
    {"zfs", true, none, "ZFS pools and caches", make_zfs},
    {"zoneinfo", false, none, "pages of the memory zones", make_zoneinfo},
});

// The folder that a glob looks into: what stands before its first wildcard, up to a "/".
std::string folder_of_glob(const std::string& glob) {
  const size_t wildcard = glob.find_first_of("*?[");
  if (wildcard == std::string::npos) return glob;
  return glob.substr(0, glob.rfind('/', wildcard) + 1);
}

}  // namespace

std::span<const CollectorEntry> collectors() { return kCollectors; }

std::vector<std::string> paths_read(const Options& options) {
  const std::string& root = options.rootfs;
  std::vector<std::string> paths = {
      options.procfs, options.sysfs, options.udev_data,
      "/proc",  // process_*
      // os: /etc/os-release is a link into /usr/lib on most systems
      root + "/etc/os-release", root + "/usr/lib", root + "/etc/selinux", "/etc/localtime",
      "/usr/share/zoneinfo",  // time
  };
  for (const std::string& folder : options.textfile_directories) paths.push_back(folder_of_glob(folder));
  return paths;
}

}  // namespace weir::host
