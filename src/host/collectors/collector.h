// One source of the machine: /proc, /sys, netlink, a D-Bus service. Each has a file of its own, with a pure parser over
// text or netlink bytes, and a class that reads and writes; registry.cc lists them all.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "telemetry/exposition.h"

namespace weir::host {

class Collector {
 public:
  virtual ~Collector() = default;

  // Writes its families as they are now. What was written before a failure stays; node_scrape_collector_success tells
  // of it. One thread at a time; it must not block on anything but the kernel's own files, and keeps its buffers and
  // descriptors from scrape to scrape: nothing is allocated or opened once it has run a few times.
  virtual Result<> collect(telemetry::Exposition& out) = 0;
};

struct Options;

// "The source of this collector is not on this machine": success 0, as node_exporter's ErrNoData, and nothing to log.
inline std::unexpected<Error> no_data() { return std::unexpected(Error{}); }
inline bool is_no_data(const Error& error) { return error.message.empty(); }

// What a collector needs beyond what any user may read.
enum class Privilege : uint8_t { none, some, root };

struct CollectorEntry {
  std::string_view name;  // as in --collector.NAME and ?collect[]=NAME: node_exporter's name if it has the same
  bool on_by_default;
  Privilege privilege;    // some: works without, but says less
  std::string_view help;  // one line, for --help and the documentation
  // Fails only if it can never work with these options (a bad expression), which ends the start.
  Result<std::unique_ptr<Collector>> (*make)(const Options& options);
  // Its families come from elsewhere (textfile): one that the program has too is refused.
  bool foreign = false;
};

}  // namespace weir::host
