// Counters of the network protocols (/proc/net/netstat, snmp, snmp6), those that the user's expression chooses.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/collectors/collector.h"
#include "host/select/selection.h"

namespace weir::host {

// The wanted columns of one pair of lines "Tcp: names" and "Tcp: numbers". The names never change while a kernel runs,
// so they are looked at once.
class NetstatTable {
 public:
  // Nothing is written for damaged lines: false.
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
