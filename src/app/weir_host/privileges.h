// Says once, at the start, which collectors could say more if they were allowed to.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "app/weir_host/settings.h"

namespace weir::app {

// The effective capabilities in /proc/PID/status ("CapEff"), a bit each; nothing if the text has none.
std::optional<uint64_t> effective_capabilities(std::string_view status);

void tell_of_privileges(const Settings& settings);

}  // namespace weir::app
