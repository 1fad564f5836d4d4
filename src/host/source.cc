#include "host/source.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

namespace weir::host {
namespace {

constexpr size_t kFirstSize = 4096;
// No file of the kernel is that long; a file that grows while we read must end some time.
constexpr size_t kMaxSize = size_t{64} << 20;

std::unexpected<Error> cannot_read(const std::string& path, int error) {
  return fail("{}: {}", path, std::strerror(error));
}

// The whole file from its begin into `buffer`, which stays as large as it is. Octets, or -1 (errno).
ssize_t read_from_begin(int fd, std::string& buffer) {
  size_t filled = 0;
  if (buffer.size() < kFirstSize) buffer.resize(kFirstSize);
  while (true) {
    const ssize_t got = ::pread(fd, buffer.data() + filled, buffer.size() - filled, static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    filled += static_cast<size_t>(got);
    // Until nothing comes: the kernel gives files of many records by the page, whatever the buffer holds.
    if (got == 0) return static_cast<ssize_t>(filled);
    if (filled >= kMaxSize) {
      errno = EFBIG;
      return -1;
    }
    if (filled == buffer.size()) buffer.resize(buffer.size() * 2);
  }
}

}  // namespace

Result<std::string_view> KeptFile::read() {
  for (int attempt = 0; attempt < 2; ++attempt) {
    const bool fresh = !fd_;
    if (fresh) fd_ = Fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd_) break;
    const ssize_t got = read_from_begin(fd_.get(), buffer_);
    if (got >= 0) return std::string_view(buffer_).substr(0, static_cast<size_t>(got));
    errno_ = errno;
    fd_ = Fd();
    if (fresh) return cannot_read(path_, errno_);
  }
  errno_ = errno;
  return cannot_read(path_, errno_);
}

Result<std::string_view> read_file(const std::string& path, std::string& buffer) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return cannot_read(path, errno);
  const ssize_t got = read_from_begin(fd.get(), buffer);
  if (got < 0) return cannot_read(path, errno);
  return std::string_view(buffer).substr(0, static_cast<size_t>(got));
}

}  // namespace weir::host
