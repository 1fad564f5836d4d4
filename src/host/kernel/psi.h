// Pressure stall information (Documentation/accounting/psi.rst): the text is the same for the machine and for a control
// group.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::host {

// Microseconds that some, or all, tasks waited. "full" is absent for the CPU of kernels before 5.13, "some" for irq.
struct Psi {
  std::optional<uint64_t> some_us;
  std::optional<uint64_t> full_us;
};
Psi parse_psi(std::string_view text);

}  // namespace weir::host
