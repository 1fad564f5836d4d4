// Interrupts by CPU (/proc/interrupts).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/collectors/collector.h"

namespace weir::host {

// The numbers of the CPUs in the first line, "CPU0 CPU2", as views of it.
std::vector<std::string_view> parse_interrupt_cpus(std::string_view line);

struct Interrupt {
  std::string_view name;                 // "24", "NMI"
  std::vector<std::string_view> counts;  // one for each CPU
  std::string info;                      // "IO-APIC", "Non-maskable interrupts"
  std::string devices;                   // "5-edge ACPI:Ged": of numbered ones only
};
// Overwrites `interrupt`. False for a line without a count for each CPU (ERR, MIS).
bool parse_interrupt_line(std::string_view line, size_t cpus, Interrupt& interrupt);

Result<std::unique_ptr<Collector>> make_interrupts(const Options& options);

}  // namespace weir::host
