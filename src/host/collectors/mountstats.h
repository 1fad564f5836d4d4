// Statistics of NFS mounts (/proc/self/mountstats).
//
//   device server:/export mounted on /mnt with fstype nfs4 statvers=1.1
//           age:    13968
//           events: 52 226 0 ...
//           bytes:  1207640230 0 0 0 1210214218 0 295483 0
//           xprt:   tcp 832 0 1 0 11 6428 6428 0 12154 0 24 26 5726
//           per-op statistics
//                   READ: 1298 1298 0 207680 1210292152 6 79386 79407
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/collectors/collector.h"

namespace weir::host {

struct NfsTransport {
  std::string protocol;
  uint64_t bind = 0;
  uint64_t connect = 0;
  uint64_t idle_seconds = 0;
  uint64_t sends = 0;
  uint64_t receives = 0;
  uint64_t bad_transaction_ids = 0;
  uint64_t backlog = 0;
  uint64_t maximum_slots = 0;
  uint64_t sending_queue = 0;
  uint64_t pending_queue = 0;
};

struct NfsOperation {
  std::string name;
  // Requests, transmissions, major timeouts, bytes sent and received, milliseconds in the queue, until the answer, in
  // all, and errors (newer kernels).
  std::array<uint64_t, 9> numbers{};
};

struct NfsMount {
  std::string device;
  std::string point;
  uint64_t age_seconds = 0;
  std::array<uint64_t, 8> bytes{};
  std::array<uint64_t, 27> events{};
  std::vector<NfsTransport> transports;
  std::vector<NfsOperation> operations;
};

// The mounts of NFS, in their order. Other lines are ignored.
std::vector<NfsMount> parse_mountstats(std::string_view text);

Result<std::unique_ptr<Collector>> make_mountstats(const Options& options);

}  // namespace weir::host
