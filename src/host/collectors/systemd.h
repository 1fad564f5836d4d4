// Units of systemd and their states.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "host/collectors/collector.h"
#include "host/kernel/systemd_bus.h"

namespace weir::host {

// 252.22 of "252.22-1~deb12u1"; nothing if it does not begin with such a number.
std::optional<double> systemd_version_number(std::string_view version);

Result<std::unique_ptr<Collector>> make_systemd(const Options& options);
// With another bus: for tests.
Result<std::unique_ptr<Collector>> make_systemd_over(const Options& options, std::unique_ptr<SystemdBus> bus);

}  // namespace weir::host
