// Counters of the network protocols (/proc/net/netstat, snmp, snmp6), those that the user's expression chooses.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/collectors/collector.h"
#include "host/select/selection.h"

namespace weir::host {

// The wanted columns of a pair of lines, "Tcp: names" and "Tcp: numbers". A running kernel never changes the names, so
// they are parsed once.
class NetstatTable {
 public:
  // False, and nothing is written, for damaged lines.
  bool write(telemetry::Exposition& out, std::string_view names, std::string_view values, const Selector& fields);

 private:
  struct Column {
    size_t index = 0;
    std::string name;
    std::string help;
  };
  bool learn(std::string_view names, const Selector& fields);

  std::string names_;
  size_t count_ = 0;
  std::vector<Column> columns_;
};

Result<std::unique_ptr<Collector>> make_netstat(const Options& options);

}  // namespace weir::host
