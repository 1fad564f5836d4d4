// DIR/lock: one writer per store. The lock is the kernel's (flock): it goes with the process, so nothing is ever stale;
// the text in the file, the process id, is for people and for the message to the one who came second.
#pragma once

#include <filesystem>

#include "base/fd.h"
#include "base/result.h"

namespace weir::store {

class StoreLock {
 public:
  static Result<StoreLock> take(const std::filesystem::path& store);

 private:
  explicit StoreLock(Fd file) : file_(std::move(file)) {}
  Fd file_;
};

}  // namespace weir::store
