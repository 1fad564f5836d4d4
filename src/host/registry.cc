#include "host/registry.h"

#include <array>

#include "host/arp.h"
#include "host/conntrack.h"
#include "host/cpu.h"
#include "host/diskstats.h"
#include "host/entropy.h"
#include "host/filefd.h"
#include "host/filesystem.h"
#include "host/loadavg.h"
#include "host/meminfo.h"
#include "host/netclass.h"
#include "host/netdev.h"
#include "host/netstat.h"
#include "host/pressure.h"
#include "host/schedstat.h"
#include "host/sockstat.h"
#include "host/softnet.h"
#include "host/stat.h"
#include "host/tcpstat.h"
#include "host/textfile.h"
#include "host/udp_queues.h"
#include "host/vmstat.h"

namespace weir::host {
namespace {

using enum Privilege;

constexpr auto kCollectors = std::to_array<CollectorEntry>({
    {"arp", true, none, "neighbours of the interfaces for IPv4", make_arp},
    {"conntrack", true, none, "connection tracking", make_conntrack},
    {"cpu", true, none, "seconds of each CPU by mode, throttling, online and isolated CPUs", make_cpu},
    {"diskstats", true, none, "I/O of block devices", make_diskstats},
    {"entropy", true, none, "available entropy", make_entropy},
    {"filefd", true, none, "open files of the machine", make_filefd},
    {"filesystem", true, none, "sizes of the mounted file systems", make_filesystem},
    {"loadavg", true, none, "load averages", make_loadavg},
    {"meminfo", true, none, "memory by use", make_meminfo},
    {"netclass", true, none, "properties of the network interfaces", make_netclass},
    {"netdev", true, none, "counters of the network interfaces", make_netdev},
    {"netstat", true, none, "counters of the network protocols", make_netstat},
    {"pressure", true, none, "pressure stall information", make_pressure},
    {"schedstat", true, none, "run and wait time of each CPU", make_schedstat},
    {"sockstat", true, none, "sockets in use", make_sockstat},
    {"softnet", true, none, "packets processed and dropped by each CPU", make_softnet},
    {"stat", true, none, "boot time, interrupts, context switches, forks", make_stat},
    {"tcpstat", false, none, "sockets of TCP by state", make_tcpstat},
    {"textfile", true, none, "metrics that other programs leave in files", make_textfile, true},
    {"udp_queues", true, none, "queues of the sockets of UDP", make_udp_queues},
    {"vmstat", true, none, "counters of the virtual memory", make_vmstat},
});

}  // namespace

std::span<const CollectorEntry> collectors() { return kCollectors; }

}  // namespace weir::host
