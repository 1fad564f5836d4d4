#include "host/registry.h"

#include <array>

#include "host/arp.h"
#include "host/conntrack.h"
#include "host/loadavg.h"
#include "host/netclass.h"
#include "host/netdev.h"
#include "host/tcpstat.h"
#include "host/udp_queues.h"

namespace weir::host {
namespace {

using enum Privilege;

constexpr auto kCollectors = std::to_array<CollectorEntry>({
    {"arp", true, none, "neighbours of the interfaces for IPv4", make_arp},
    {"conntrack", true, none, "connection tracking", make_conntrack},
    {"loadavg", true, none, "load averages", make_loadavg},
    {"netclass", true, none, "properties of the network interfaces", make_netclass},
    {"netdev", true, none, "counters of the network interfaces", make_netdev},
    {"tcpstat", false, none, "sockets of TCP by state", make_tcpstat},
    {"udp_queues", true, none, "queues of the sockets of UDP", make_udp_queues},
});

}  // namespace

std::span<const CollectorEntry> collectors() { return kCollectors; }

}  // namespace weir::host
