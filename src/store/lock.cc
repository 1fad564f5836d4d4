#include "store/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "base/file_access.h"

namespace weir::store {
namespace {

// The decimal number that the file begins with, empty if there is none.
std::string read_pid(int fd) {
  std::array<char, 32> text{};
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  const std::string_view content(text.data(), n > 0 ? static_cast<size_t>(n) : 0);
  return std::string(content.substr(0, content.find_first_not_of("0123456789")));
}

}  // namespace

Result<StoreLock> StoreLock::take(const std::filesystem::path& store) {
  const auto path = store / "lock";
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kGroupFile));
  if (!file) return fail_errno("cannot write to the store: cannot open " + path.string());
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail_errno("cannot lock " + path.string());
    const std::string pid = read_pid(file.get());
    return fail("process {} already writes to the store {}: stop it first, or choose another folder with --store",
                pid.empty() ? "of unknown id" : pid, store.string());
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  // A full disk must not keep the collector from starting: only the text would be missing.
  [[maybe_unused]] const bool told =
      ::ftruncate(file.get(), 0) == 0 && ::pwrite(file.get(), pid.data(), pid.size(), 0) >= 0;
  return StoreLock(std::move(file));
}

}  // namespace weir::store
