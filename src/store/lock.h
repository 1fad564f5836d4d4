// DIR/lock: one writer per store. The lock is the kernel's (flock): it goes with the process, so nothing is ever stale.
// The text in the file says who holds it: the process id, for people and for the message to the one who came second,
// and on a second line the id of its run, by which readers know whose account DIR/ledger.json is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace weir::store {

class StoreLock {
 public:
  static Result<StoreLock> take(const std::filesystem::path& store);

  // 16 hexadecimal digits by chance: no two runs have the same.
  const std::string& run_id() const { return run_id_; }

 private:
  StoreLock(Fd file, std::string run_id) : file_(std::move(file)), run_id_(std::move(run_id)) {}
  Fd file_;
  std::string run_id_;
};

// Who writes to the store, as a reader sees it.
struct StoreWriter {
  bool there = false;
  int64_t pid = 0;       // 0: not known
  std::string run_id{};  // empty: not known
};
StoreWriter find_writer(const std::filesystem::path& store);

}  // namespace weir::store
