#include "host/source.h"

#include <fcntl.h>

#include <algorithm>
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

// Longer than a scrape needs from the first reader to the last, shorter than two scrapes are apart.
constexpr std::chrono::milliseconds kShared{50};

// Of the kernel's files of short records; a line of /proc/net/udp6 has 170 octets.
constexpr size_t kShortRecord = 512;
// The least that the kernel fills with records before it gives them.
constexpr size_t kPage = 4096;

// Whether a read into `room` octets that brought `got` tells that there is no more.
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

// The whole file from its begin into `buffer`, which stays as large as it is. Octets, or -1 (errno).
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

std::optional<std::string_view> KeptFile::load() {
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
  if (const auto text = load()) return *text;
  return cannot_read(path_, errno_);
}

std::optional<std::string_view> KeptFile::read_if_there() {
  if (skip_ > 0) {
    --skip_;
    return std::nullopt;
  }
  const auto text = load();
  if (!text) skip_ = kReadsUntilRecheck - 1;
  return text;
}

Result<std::string_view> SharedFile::read(Reader reader) {
  const unsigned bit = 1U << static_cast<unsigned>(reader);
  const auto now = std::chrono::steady_clock::now();
  if (seen_ == 0 || (seen_ & bit) != 0 || now - read_at_ > kShared) {
    seen_ = 0;
    const auto text = file_.read();
    if (!text) return text;
    text_ = *text;
    read_at_ = now;
  }
  seen_ |= bit;
  return text_;
}

std::shared_ptr<SharedFile> SharedFiles::get(const std::string& path, Shape shape) {
  for (const auto& file : files_)
    if (file->path() == path) return file;
  return files_.emplace_back(std::make_shared<SharedFile>(path, shape));
}

Result<std::string_view> read_file(const std::string& path, std::string& buffer) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return cannot_read(path, errno);
  const ssize_t got = read_from_begin(fd.get(), buffer, Shape::records);
  if (got < 0) return cannot_read(path, errno);
  return std::string_view(buffer).substr(0, static_cast<size_t>(got));
}

}  // namespace weir::host
