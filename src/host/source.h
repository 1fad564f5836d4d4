// Files of /proc and /sys, read with as few system calls as can be: one pread for a file that was read before. What is
// kept open can still be read when the process may not open anything more.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace weir::host {

// How the kernel makes the text of a file.
enum class Shape : uint8_t {
  // By the page, as many whole records as fit: only a read that brings nothing tells the end.
  records,
  // All at once (seq_file's single_open, a sysctl, an attribute of sysfs): what fits into the reader's buffer comes
  // with
  // one read, so a read that leaves space in the buffer was all of it, and the second system call is not needed.
  one_record,
  // As `records`, of kShortRecord octets at most: a read that leaves more than that of a page was all of it. For files
  // whose every read walks a large table of the kernel.
  short_records,
};

// Reads until what is not on this machine is looked for again: a quarter of an hour at a scrape every 15 seconds.
inline constexpr int kReadsUntilRecheck = 60;

// A file of a fixed path, kept open. For files that the kernel makes anew at each read (procfs, most of sysfs).
class KeptFile {
 public:
  explicit KeptFile(std::string path, Shape shape = Shape::records) : path_(std::move(path)), shape_(shape) {}

  // All of it, valid until the next read. Opened at the first read, and again if a read fails (ENODEV: the device has
  // gone and may have come back). The error names the path; errno() is the cause (ENOENT: not on this machine).
  Result<std::string_view> read();
  // As read(), for a file that not every machine has: no error text is made, and after a failure it is left alone for
  // kReadsUntilRecheck reads.
  std::optional<std::string_view> read_if_there();
  const std::string& path() const { return path_; }
  int last_errno() const { return errno_; }

 private:
  std::optional<std::string_view> load();

  std::string path_;
  Shape shape_;
  Fd fd_;
  std::string buffer_;
  int errno_ = 0;
  int skip_ = 0;
};

// A file that several collectors of one scrape read: the kernel is asked once. A reader gets the text that another has
// read before if that was a moment ago, and never the same text twice.
class SharedFile {
 public:
  enum class Reader : uint8_t { cpu, stat };

  explicit SharedFile(std::string path, Shape shape) : file_(std::move(path), shape) {}
  Result<std::string_view> read(Reader reader);
  const std::string& path() const { return file_.path(); }

 private:
  KeptFile file_;
  std::string_view text_;
  unsigned seen_ = 0;  // a bit for each reader that had text_
  std::chrono::steady_clock::time_point read_at_;
};

// The shared files of all collectors that are made with the same options.
class SharedFiles {
 public:
  std::shared_ptr<SharedFile> get(const std::string& path, Shape shape);

 private:
  std::vector<std::shared_ptr<SharedFile>> files_;
};

// A file that is read once or seldom: opened, read, closed. Fails as KeptFile does; `buffer` is used again.
Result<std::string_view> read_file(const std::string& path, std::string& buffer);

}  // namespace weir::host
