// Weaknesses of the CPU and what the kernel does about them (/sys/devices/system/cpu/vulnerabilities).
#pragma once

#include <memory>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

struct Vulnerability {
  std::string_view state;  // "not affected", "vulnerable", "mitigation", "unknown"
  std::string_view mitigation;
};
// "Mitigation: PTI", "Vulnerable", "Not affected", "KVM: Mitigation: VMX disabled".
Vulnerability parse_vulnerability(std::string_view text);

Result<std::unique_ptr<Collector>> make_cpu_vulnerabilities(const Options& options);

}  // namespace weir::host
