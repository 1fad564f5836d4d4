// ZFS (/proc/spl/kstat/zfs): its caches, pools and datasets.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

struct Kstat {
  std::string_view name;
  std::string_view type;
  std::string_view value;  // the rest of the line
  // Of the types that are numbers: 3 (signed) and 4.
  std::optional<double> number() const;
};
// "c_max                           4    3883941888"; nothing if there are fewer words.
std::optional<Kstat> parse_kstat(std::string_view line);

Result<std::unique_ptr<Collector>> make_zfs(const Options& options);

}  // namespace weir::host
