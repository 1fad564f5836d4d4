// The fields of /proc/meminfo, each a gauge of its name.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

struct MeminfoField {
  std::string_view name;  // as it is in the file: "Active(anon)"
  uint64_t value = 0;     // bytes, or a number if `bytes` is false (HugePages_Total)
  bool bytes = false;
};

// "MemTotal:  8025656 kB", "HugePages_Total: 0". Nothing if it is neither.
std::optional<MeminfoField> parse_meminfo_line(std::string_view line);

// "Active(anon)" -> "Active_anon", and "_bytes" if it is. Appended.
void append_meminfo_name(std::string& out, const MeminfoField& field);

Result<std::unique_ptr<Collector>> make_meminfo(const Options& options);

}  // namespace weir::host
