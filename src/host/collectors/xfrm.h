// Errors of IPsec (/proc/net/xfrm_stat).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

// The number of the line of this name: "XfrmInError             0".
std::optional<uint64_t> xfrm_number(std::string_view text, std::string_view name);

Result<std::unique_ptr<Collector>> make_xfrm(const Options& options);

}  // namespace weir::host
