// The names in a directory of /proc or /sys, read without allocating.
#pragma once

#include <dirent.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace weir::host {

// Takes the first of the records that getdents64(2) wrote, and returns its name. A damaged record empties `records` and
// has an empty name.
std::string_view next_name(std::span<const char>& records);

// A directory that is read once, name by name. No name is kept.
class Directory {
 public:
  explicit Directory(const std::string& path);
  explicit operator bool() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }

  // Calls `function` with each name except "." and "..". A name is valid during the call.
  template <class Function>
  void each(Function&& function) {
    while (fill()) {
      std::span<const char> rest = std::span(records_).first(filled_);
      while (!rest.empty()) {
        const std::string_view name = next_name(rest);
        if (name.empty() || name == "." || name == "..") continue;
        function(name);
      }
    }
  }

 private:
  bool fill();

  Fd fd_;
  alignas(8) std::array<char, 8192> records_;
  size_t filled_ = 0;
};

// Further entries of a directory are ignored.
inline constexpr size_t kMaxNames = 65'536;

// The names that begin with `prefix`, in natural order (cpu2 before cpu10). Empty if there is no such directory.
std::vector<std::string> list_directory(const std::string& path, std::string_view prefix = {});

// The order of list_directory.
bool natural_less(std::string_view left, std::string_view right);

// The path with symbolic links resolved; empty if it does not exist.
std::string real_path(const std::string& path);

// The last part of a path.
std::string_view base_name(std::string_view path);

// Notices when the names in a directory change. Keeps a digest of them, not the names.
class DirectoryWatch {
 public:
  DirectoryWatch(std::string path, std::string_view prefix) : path_(std::move(path)), prefix_(prefix) {}

  static constexpr int kCallsUntilLook = 10;

  // True at the first call, and when names have come or gone since it last returned true. Looks at every
  // kCallsUntilLook-th call, at every kReadsUntilRecheck-th one while there is no such directory.
  bool changed();
  bool there() const { return there_; }
  const std::string& path() const { return path_; }
  std::vector<std::string> names() const { return list_directory(path_, prefix_); }

 private:
  std::string path_;
  std::string prefix_;
  uint64_t digest_ = 0;
  int skip_ = 0;
  bool there_ = false;
  bool first_ = true;
};

}  // namespace weir::host
