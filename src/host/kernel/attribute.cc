#include "host/kernel/attribute.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

#include "base/kept_file.h"

namespace weir::host {
namespace {

// The kernel gives out the lowest free descriptor, so the number itself tells how many are open. The limit leaves half
// of the descriptors that the process may have to its clients.
bool may_be_kept(int fd) {
  constexpr int kMost = 1024;
  static const int limit = [] {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
    return static_cast<int>(std::min<rlim_t>(files.rlim_cur / 2, kMost));
  }();
  return fd < limit;
}

}  // namespace

std::optional<std::string_view> Attribute::read(AttributeBuffer& buffer) {
  if (skip_ > 0) {
    --skip_;
    return std::nullopt;
  }
  for (int attempt = 0; attempt < 2; ++attempt) {
    const bool kept = static_cast<bool>(fd_);
    if (!kept) fd_ = Fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd_) {
      skip_ = kReadsUntilRecheck - 1;
      return std::nullopt;
    }
    ssize_t got = -1;
    do {
      got = ::pread(fd_.get(), buffer.data(), buffer.size(), 0);
    } while (got < 0 && errno == EINTR);
    const int error = errno;
    // ENODEV: the device has gone. Another one of the same name may have come.
    if (got < 0 ? error == ENODEV : !may_be_kept(fd_.get())) fd_ = Fd();
    if (got >= 0) return trimmed(std::string_view(buffer.data(), static_cast<size_t>(got)));
    if (!kept || error != ENODEV) return std::nullopt;
  }
  return std::nullopt;
}

std::string attribute_text(const std::string& path) {
  AttributeBuffer buffer;
  return std::string(Attribute(path).read(buffer).value_or(""));
}

}  // namespace weir::host
