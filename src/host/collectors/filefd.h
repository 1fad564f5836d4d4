// Open files of the whole machine (/proc/sys/fs/file-nr).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

struct FileNumbers {
  uint64_t allocated = 0;
  uint64_t maximum = 0;
};
// "allocated, free (always 0), maximum".
std::optional<FileNumbers> parse_file_nr(std::string_view text);

Result<std::unique_ptr<Collector>> make_filefd(const Options& options);

}  // namespace weir::host
