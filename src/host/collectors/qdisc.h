// Queueing disciplines of the interfaces, by RTM_GETQDISC.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "host/collectors/collector.h"
#include "host/kernel/netlink.h"

namespace weir::host {

struct Qdisc {
  uint32_t link_index = 0;
  uint32_t handle = 0;
  uint32_t parent = 0;  // TC_H_ROOT: the first that a packet meets
  std::string kind;
  uint64_t bytes = 0;
  uint64_t packets = 0;
  uint64_t drops = 0;
  uint64_t requeues = 0;
  uint64_t overlimits = 0;
  uint64_t queue_length = 0;
  uint64_t backlog_bytes = 0;
};
// Overwrites `qdisc` with the payload of one RTM_NEWQDISC; its string keeps its capacity. False if it is not one.
bool parse_qdisc(ByteView payload, Qdisc& qdisc);

Result<std::unique_ptr<Collector>> make_qdisc(const Options& options);

}  // namespace weir::host
