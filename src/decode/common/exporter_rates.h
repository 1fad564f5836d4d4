// Sampling rates that the operator has set, by exporter.
#pragma once

#include <cstdint>
#include <map>

#include "base/ip_address.h"

namespace weir::decode {

using ExporterRates = std::map<IpAddress, uint32_t>;

}  // namespace weir::decode
