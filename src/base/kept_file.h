// Files of /proc and /sys, read with as few system calls as possible: one pread for a file that was read before. A file
// that is kept open can still be read when the process may not open any more.
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace weir {

// How the kernel makes the text of a file.
enum class Shape : uint8_t {
  // In pages of whole records. Only a read that returns nothing marks the end.
  records,
  // As a whole (seq_file's single_open, a sysctl, an attribute of sysfs). A read that leaves room in the buffer was all
  // of it, which saves the second system call.
  one_record,
  // As `records`, but each has at most kShortRecord bytes. A read that leaves more room than that in a page was the
  // last.
  short_records,
};

// After so many reads, a file that did not exist is looked for again: 15 minutes at a scrape every 15 seconds.
inline constexpr int kReadsUntilRecheck = 60;

// A file that is kept open. For files that the kernel writes anew at each read (procfs, most of sysfs).
class KeptFile {
 public:
  explicit KeptFile(std::string path, Shape shape = Shape::records) : path_(std::move(path)), shape_(shape) {}

  // The whole text, valid until the next read. Opens the file at the first read, and again if a read fails (ENODEV: the
  // device has gone and may have come back). The error names the path.
  Result<std::string_view> read();
  // As read(), for a file that not every machine has: writes no error text. failure() does.
  std::optional<std::string_view> try_read();
  // As try_read(); after a failure the file is left alone for kReadsUntilRecheck reads.
  std::optional<std::string_view> read_if_there();
  // The error of the last read, if it failed.
  bool is_missing() const { return errno_ == ENOENT; }
  std::unexpected<Error> failure() const;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  Shape shape_;
  Fd fd_;
  std::string buffer_;
  int errno_ = 0;
  int skip_ = 0;
};

// Opens, reads and closes a file that is read seldom. The text is a view of `buffer`. Fails as KeptFile does.
Result<std::string_view> read_file(const std::string& path, std::string& buffer);
// As read_file(), but leaves the error in errno.
std::optional<std::string_view> try_read_file(const std::string& path, std::string& buffer);

}  // namespace weir
