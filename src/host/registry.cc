#include "host/registry.h"

#include <array>

#include "host/loadavg.h"

namespace weir::host {
namespace {

using enum Privilege;

constexpr auto kCollectors = std::to_array<CollectorEntry>({
    {"loadavg", true, none, "load averages", make_loadavg},
});

}  // namespace

std::span<const CollectorEntry> collectors() { return kCollectors; }

}  // namespace weir::host
