// Pressure stall information (Documentation/accounting/psi.rst), of the machine or of a control group.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::host {

// Microseconds that some tasks, or all of them, waited. The CPU has no "full" before Linux 5.13, irq has no "some".
struct Psi {
  std::optional<uint64_t> some_us;
  std::optional<uint64_t> full_us;
};
Psi parse_psi(std::string_view text);

}  // namespace weir::host
