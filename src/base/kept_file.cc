#include "base/kept_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace weir {
namespace {

constexpr size_t kFirstSize = 4096;
// No file of the kernel is longer. A file that grows while it is read ends here.
constexpr size_t kMaxSize = size_t{64} << 20;

std::unexpected<Error> cannot_read(const std::string& path, int error) {
  return fail("{}: {}", path, std::strerror(error));
}

// A line of /proc/net/udp6 has 170 bytes, one of /proc/diskstats up to 450.
constexpr size_t kShortRecord = 512;
// The kernel fills at least this much with records, if it has them, before a read returns.
constexpr size_t kPage = 4096;

// Whether a read of `got` bytes, into room for `room`, was the last one.
bool is_all(Shape shape, size_t got, size_t room) {
  switch (shape) {
    case Shape::records:
      return got == 0;
    case Shape::one_record:
      return got < room;
    case Shape::short_records:
      return got + kShortRecord < std::min(room, kPage);
  }
  return got == 0;
}

// Reads the whole file into `buffer`, which never shrinks. Returns the number of bytes, or -1 (errno).
ssize_t read_from_begin(int fd, std::string& buffer, Shape shape) {
  size_t filled = 0;
  if (buffer.size() < kFirstSize) buffer.resize(kFirstSize);
  while (true) {
    const size_t room = buffer.size() - filled;
    const ssize_t got = ::pread(fd, buffer.data() + filled, room, static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    filled += static_cast<size_t>(got);
    if (got == 0 || is_all(shape, static_cast<size_t>(got), room)) return static_cast<ssize_t>(filled);
    if (filled >= kMaxSize) {
      errno = EFBIG;
      return -1;
    }
    if (filled == buffer.size()) buffer.resize(buffer.size() * 2);
  }
}

}  // namespace

std::optional<std::string_view> KeptFile::try_read() {
  for (int attempt = 0; attempt < 2; ++attempt) {
    const bool fresh = !fd_;
    if (fresh) fd_ = Fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd_) {
      errno_ = errno;
      return std::nullopt;
    }
    const ssize_t got = read_from_begin(fd_.get(), buffer_, shape_);
    if (got >= 0) return std::string_view(buffer_).substr(0, static_cast<size_t>(got));
    errno_ = errno;
    fd_ = Fd();
    if (fresh) break;
  }
  return std::nullopt;
}

Result<std::string_view> KeptFile::read() {
  if (const auto text = try_read()) return *text;
  return failure();
}

std::unexpected<Error> KeptFile::failure() const { return cannot_read(path_, errno_); }

std::optional<std::string_view> KeptFile::read_if_there() {
  if (skip_ > 0) {
    --skip_;
    return std::nullopt;
  }
  const auto text = try_read();
  if (!text) skip_ = kReadsUntilRecheck - 1;
  return text;
}

std::optional<std::string_view> try_read_file(const std::string& path, std::string& buffer) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  const ssize_t got = read_from_begin(fd.get(), buffer, Shape::records);
  if (got < 0) return std::nullopt;
  return std::string_view(buffer).substr(0, static_cast<size_t>(got));
}

Result<std::string_view> read_file(const std::string& path, std::string& buffer) {
  if (const auto text = try_read_file(path, buffer)) return *text;
  return cannot_read(path, errno);
}

}  // namespace weir
