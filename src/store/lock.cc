#include "store/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <random>
#include <string>
#include <string_view>
#include <thread>

#include "base/text.h"

#include "base/file_access.h"

namespace weir::store {
namespace {

// The text of the file; a process id and the id of a run at most.
std::string read_text(int fd) {
  std::array<char, 64> text{};
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  return std::string(text.data(), n > 0 ? static_cast<size_t>(n) : 0);
}

StoreWriter parse_writer(std::string_view text) {
  StoreWriter writer{.there = true};
  writer.pid = parse_number<int64_t>(next_line(text)).value_or(0);
  writer.run_id = next_line(text);
  return writer;
}

std::string make_run_id() {
  std::random_device chance;
  return fmt::format("{:08x}{:08x}", chance(), chance());
}

// A reader that looks whether somebody writes has the lock for some microseconds: find_writer().
bool lock(int fd) {
  constexpr int kTries = 4;
  constexpr std::chrono::milliseconds kPause{5};
  for (int i = 1; ::flock(fd, LOCK_EX | LOCK_NB) != 0; ++i) {
    if (errno != EWOULDBLOCK || i == kTries) return false;
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

// Written over what is there, so that no disk is too full for it once there was a lock.
bool tell(int fd, std::string_view text) {
  return ::pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) &&
         ::ftruncate(fd, static_cast<off_t>(text.size())) == 0;
}

}  // namespace

Result<StoreLock> StoreLock::take(const std::filesystem::path& store) {
  const auto path = store / "lock";
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kGroupFile));
  if (!file) return fail_errno("cannot write to the store: cannot open " + path.string());
  if (!lock(file.get())) {
    if (errno != EWOULDBLOCK) return fail_errno("cannot lock " + path.string());
    const StoreWriter other = parse_writer(read_text(file.get()));
    return fail("process {} already writes to the store {}: stop it first, or choose another folder with --store",
                other.pid == 0 ? "of unknown id" : std::to_string(other.pid), store.string());
  }
  std::string run_id = make_run_id();
  // A full disk must not keep the collector from starting: only the text would be missing. What another one wrote there
  // must not stay, as this one would seem to be that one.
  if (!tell(file.get(), fmt::format("{}\n{}\n", ::getpid(), run_id))) {
    [[maybe_unused]] const bool emptied = ::ftruncate(file.get(), 0) == 0;
  }
  return StoreLock(std::move(file), std::move(run_id));
}

StoreWriter find_writer(const std::filesystem::path& store) {
  const Fd file(::open((store / "lock").c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return {};
  // The shared lock goes with the descriptor.
  if (::flock(file.get(), LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) return {};
  return parse_writer(read_text(file.get()));
}

}  // namespace weir::store
