// Files of /proc and /sys, read with as few system calls as can be: one pread for a file that was read before. What is
// kept open can still be read when the process may not open anything more.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace weir::host {

// A file of a fixed path, kept open. For files that the kernel makes anew at each read (procfs, most of sysfs).
class KeptFile {
 public:
  explicit KeptFile(std::string path) : path_(std::move(path)) {}

  // All of it, valid until the next read. Opened at the first read, and again if a read fails (ENODEV: the device has
  // gone and may have come back). The error names the path; errno() is the cause (ENOENT: not on this machine).
  Result<std::string_view> read();
  const std::string& path() const { return path_; }
  int last_errno() const { return errno_; }

 private:
  std::string path_;
  Fd fd_;
  std::string buffer_;
  int errno_ = 0;
};

// A file that is read once or seldom: opened, read, closed. Fails as KeptFile does; `buffer` is used again.
Result<std::string_view> read_file(const std::string& path, std::string& buffer);

}  // namespace weir::host
