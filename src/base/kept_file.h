// Files of /proc and /sys, read with as few system calls as can be: one pread for a file that was read before. What is
// kept open can still be read when the process may not open anything more.
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
  // By the page, as many whole records as fit: only a read that brings nothing tells the end.
  records,
  // All at once (seq_file's single_open, a sysctl, an attribute of sysfs): what fits into the reader's buffer comes
  // with one read, so a read that leaves space in the buffer was all of it, and the second system call is not needed.
  one_record,
  // As `records`, of kShortRecord bytes at most: a read that leaves more than that of a page was all of it.
  short_records,
};

// Reads until what is not on this machine is looked for again: a quarter of an hour at a scrape every 15 seconds.
inline constexpr int kReadsUntilRecheck = 60;

// A file of a fixed path, kept open. For files that the kernel makes anew at each read (procfs, most of sysfs).
class KeptFile {
 public:
  explicit KeptFile(std::string path, Shape shape = Shape::records) : path_(std::move(path)), shape_(shape) {}

  // All of it, valid until the next read. Opened at the first read, and again if a read fails (ENODEV: the device has
  // gone and may have come back). The error names the path.
  Result<std::string_view> read();
  // As read(), but makes no text of the error (failure() does): for a file that not every machine has.
  std::optional<std::string_view> try_read();
  // As try_read(); after a failure the file is left alone for kReadsUntilRecheck reads.
  std::optional<std::string_view> read_if_there();
  // Of the last read, if it failed.
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

// A file that is read once or seldom: opened, read, closed. `buffer` is used again, and holds the text. Fails as
// KeptFile does.
Result<std::string_view> read_file(const std::string& path, std::string& buffer);
// Without a text for the failure: errno tells.
std::optional<std::string_view> try_read_file(const std::string& path, std::string& buffer);

}  // namespace weir
