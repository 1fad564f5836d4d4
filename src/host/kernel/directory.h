// Names in a directory of /proc or /sys, without an allocation.
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

// One entry of what getdents64(2) gives: where the next begins, and the name. Nothing is left of `records` if it is
// damaged. A name is empty only then.
std::string_view next_name(std::span<const char>& records);

// Reads a directory by its descriptor, or path. A process walks /proc with this; no name is kept.
class Directory {
 public:
  explicit Directory(const std::string& path);
  explicit operator bool() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }

  // Each name but "." and "..", valid during the call.
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

// More entries than that in one directory are not looked at.
inline constexpr size_t kMaxNames = 65'536;

// The names that begin with `prefix`, numbers by their value (cpu2 before cpu10). Empty if the directory is not there.
std::vector<std::string> list_directory(const std::string& path, std::string_view prefix = {});

// Orders names as list_directory does.
bool natural_less(std::string_view left, std::string_view right);

// Without symbolic links; empty if it does not exist.
std::string real_path(const std::string& path);

// The last part of a path.
std::string_view base_name(std::string_view path);

// Tells when the names in a directory are not what they were, without keeping them.
class DirectoryWatch {
 public:
  DirectoryWatch(std::string path, std::string_view prefix) : path_(std::move(path)), prefix_(prefix) {}

  // True at first, and when names came or went since it was true last. Looks once in kCallsUntilLook calls, and
  // kReadsUntilRecheck if there is no such directory.
  bool changed();
  void look_soon() { skip_ = 0; }
  bool there() const { return there_; }
  const std::string& path() const { return path_; }
  std::vector<std::string> names() const { return list_directory(path_, prefix_); }

 private:
  static constexpr int kCallsUntilLook = 10;

  std::string path_;
  std::string prefix_;
  uint64_t digest_ = 0;
  int skip_ = 0;
  bool there_ = false;
  bool first_ = true;
};

}  // namespace weir::host
