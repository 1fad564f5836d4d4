// The distribution (os-release(5)).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

struct OsRelease {
  std::string build_id, id, id_like, image_id, image_version, name, pretty_name;
  std::string variant, variant_id, version, version_codename, version_id, support_end;

  // "12.5 (x)" -> 12.5, the major and minor number at the start of version_id.
  std::optional<double> version_number() const;
  // Seconds since 1970 of "2028-06-30".
  std::optional<int64_t> support_end_seconds() const;
};
// Values are quoted as for a shell; lines that are not assignments are left out.
OsRelease parse_os_release(std::string_view text);

Result<std::unique_ptr<Collector>> make_os(const Options& options);

}  // namespace weir::host
