// A collector asks one source of the machine: files of /proc or /sys, netlink, a D-Bus service. Each has a file of its
// own here, with a pure parser of text or netlink bytes, and a class that reads the source and writes metrics. To add
// one, add its file and a line in host/registry.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "telemetry/exposition.h"

namespace weir::host {

class Collector {
 public:
  virtual ~Collector() = default;

  // Writes its families as they are now. What it wrote before a failure is kept, and node_scrape_collector_success is
  // 0. One thread at a time. It must not wait for anything but the kernel. It keeps its buffers and descriptors from
  // scrape to scrape, so that it allocates and opens nothing once it has run a few times.
  virtual Result<> collect(telemetry::Exposition& out) = 0;
};

struct Options;

// The source does not exist on this machine: success is 0, as with node_exporter's ErrNoData, and nothing is logged.
inline std::unexpected<Error> no_data() { return std::unexpected(Error{}); }
inline bool is_no_data(const Error& error) { return error.message.empty(); }

// What a collector needs beyond the rights of any user.
enum class Privilege : uint8_t { none, some, root };

struct CollectorEntry {
  std::string_view name;  // as in --collector.NAME and ?collect[]=NAME: node_exporter's name if it has the same
  bool on_by_default;
  Privilege privilege;    // some: works without, but reports less
  std::string_view help;  // one line, for --help and the documentation
  // Fails only if it can never work with these options (a bad expression). The program does not start then.
  Result<std::unique_ptr<Collector>> (*make)(const Options& options);
  // Its families come from other programs (textfile). One that this program has as well is left out.
  bool foreign = false;
};

}  // namespace weir::host
