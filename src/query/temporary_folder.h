// A folder of our own for what does not fit into memory; it goes with its owner.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace weir::query {

class TemporaryFolder {
 public:
  // Below $TMPDIR, otherwise /var/tmp (a disk, where /tmp may be memory). Readable by this user only.
  static Result<TemporaryFolder> create();
  TemporaryFolder(TemporaryFolder&& other) noexcept;
  TemporaryFolder& operator=(TemporaryFolder&& other) = delete;
  ~TemporaryFolder();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;  // empty: moved from
};

}  // namespace weir::query
