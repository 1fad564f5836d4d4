#include "pipeline/memory_watch.h"

#include <fcntl.h>
#include <malloc.h>

#include <array>
#include <charconv>
#include <string_view>

#include "base/fd.h"
#include "base/log.h"

namespace weir::pipeline {
namespace {

// Refusing ends this far below the limit, so that it does not begin again at once.
constexpr uint64_t kEnoughPercent = 95;
constexpr uint64_t kMiB = uint64_t{1} << 20;

}  // namespace

Result<uint64_t> resident_bytes() {
  const Fd file(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  std::array<char, 128> buffer;
  const ssize_t got = file ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
  if (got < 0) return fail_errno("/proc/self/statm");
  const std::string_view text(buffer.data(), static_cast<size_t>(got));
  const size_t second = text.find(' ') + 1;  // after the size of the program
  uint64_t pages = 0;
  const auto parsed = std::from_chars(text.data() + second, text.data() + text.size(), pages);
  if (second == 0 || parsed.ec != std::errc()) return fail("/proc/self/statm is not what it should be: {}", text);
  return pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

void MemoryWatch::check() {
  const uint64_t limit = this->limit();
  const auto measure = [&]() -> uint64_t {
    const Result<uint64_t> measured = measure_();
    return measured ? *measured : resident();
  };
  uint64_t now = measure();
  if (limit != 0 && now > limit) {
    // What is free already but still ours goes first.
    ::malloc_trim(0);
    now = measure();
  }
  resident_ = now;
  const bool above = limit != 0 && now > limit;
  const bool enough = limit == 0 || now <= limit / 100 * kEnoughPercent;
  if (above && !refusing()) {
    refusing_ = true;
    log::error(
        "memory: {} MiB are in use, limits.memory allows {} MiB: datagrams are refused and counted as memory_limit "
        "until "
        "there is less",
        now / kMiB, limit / kMiB);
  } else if (enough && refusing()) {
    refusing_ = false;
    log::info("memory: {} MiB are in use: receiving goes on", now / kMiB);
  }
}

}  // namespace weir::pipeline
