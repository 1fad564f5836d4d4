// Caches of the kernel's allocator (/proc/slabinfo, which only root may read).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

struct Slab {
  std::string_view name;
  uint64_t active_objects = 0, objects = 0, object_size = 0, objects_per_slab = 0, pages_per_slab = 0;
  uint64_t active_slabs = 0, slabs = 0;

  uint64_t pages() const { return slabs * pages_per_slab; }
  uint64_t idle_pages() const { return slabs > active_slabs ? (slabs - active_slabs) * pages_per_slab : 0; }
};
// A line of the file:
//   name active_objs num_objs objsize objperslab pagesperslab : tunables . . . : slabdata active_slabs num_slabs shared
std::optional<Slab> parse_slab_line(std::string_view line);

Result<std::unique_ptr<Collector>> make_slabinfo(const Options& options);

}  // namespace weir::host
