#include "telemetry/process_metrics.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <limits>

#include "base/text.h"

namespace weir::telemetry {
namespace {

// "No limit" as the Go client writes it.
double limit(int resource) {
  rlimit value{};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &value) != 0 || value.rlim_cur == RLIM_INFINITY)
    return static_cast<double>(std::numeric_limits<uint64_t>::max());
  return static_cast<double>(value.rlim_cur);
}

// When the machine started, in seconds since 1970: the line "btime" of /proc/stat.
std::optional<double> boot_time() {
  std::string buffer;
  const auto text = read_file("/proc/stat", buffer);
  if (!text) return std::nullopt;
  for (std::string_view rest = *text; !rest.empty();) {
    std::string_view line = next_line(rest);
    if (next_word(line) == "btime") return parse_number<double>(next_word(line));
  }
  return std::nullopt;
}

// The entries of an open folder without "." and "..". A record of getdents64(2) has its length at byte 16.
uint64_t entries(int folder) {
  std::array<char, 4096> records;
  uint64_t count = 0;
  if (::lseek(folder, 0, SEEK_SET) != 0) return 0;
  for (ssize_t got = 0; (got = ::getdents64(folder, records.data(), records.size())) > 0;) {
    std::string_view rest(records.data(), static_cast<size_t>(got));
    while (rest.size() >= 18) {
      uint16_t length = 0;
      std::memcpy(&length, rest.substr(16).data(), sizeof length);
      if (length < 18 || length > rest.size()) break;
      rest.remove_prefix(length);
      ++count;
    }
  }
  return count > 2 ? count - 2 : 0;
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  // PID (NAME) STATE ...: fields are counted behind the last bracket, since NAME may hold brackets and spaces.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  text.remove_prefix(name_end + 1);
  ProcessStat stat;
  for (int field = 3; field <= 24; ++field) {  // as proc(5) numbers them
    const std::string_view word = next_word(text);
    if (field != 14 && field != 15 && field != 22 && field != 23 && field != 24) continue;
    const auto value = parse_number<uint64_t>(word);
    if (!value) return std::nullopt;
    if (field == 14 || field == 15) stat.cpu_ticks += *value;
    if (field == 22) stat.start_ticks = *value;
    if (field == 23) stat.virtual_bytes = *value;
    if (field == 24) stat.resident_pages = *value;
  }
  return stat;
}

uint64_t ProcessMetrics::open_files() {
  if (!files_) files_ = Fd(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat status{};
  // Since Linux 6.2 the size of the folder is the number of its entries.
  if (files_ && ::fstat(files_.get(), &status) == 0 && status.st_size > 0) return static_cast<uint64_t>(status.st_size);
  return files_ ? entries(files_.get()) : 0;
}

void ProcessMetrics::write(Exposition& out) {
  using enum MetricType;
  static const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  static const auto page_bytes = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const auto text = stat_.read();
  const auto stat = text ? parse_process_stat(*text) : std::nullopt;
  if (!boot_seconds_) boot_seconds_ = boot_time();
  if (stat)
    out.single("process_cpu_seconds_total", counter, "Total user and system CPU time spent in seconds.",
               static_cast<double>(stat->cpu_ticks) / ticks_per_second);
  out.single("process_max_fds", gauge, "Maximum number of open file descriptors.", limit(RLIMIT_NOFILE));
  out.single("process_open_fds", gauge, "Number of open file descriptors.", open_files());
  if (stat) {
    out.single("process_resident_memory_bytes", gauge, "Resident memory size in bytes.",
               stat->resident_pages * page_bytes);
    if (boot_seconds_)
      out.single("process_start_time_seconds", gauge, "Start time of the process since unix epoch in seconds.",
                 *boot_seconds_ + static_cast<double>(stat->start_ticks) / ticks_per_second);
    out.single("process_virtual_memory_bytes", gauge, "Virtual memory size in bytes.", stat->virtual_bytes);
  }
  out.single("process_virtual_memory_max_bytes", gauge, "Maximum amount of virtual memory available in bytes.",
             limit(RLIMIT_AS));
}

}  // namespace weir::telemetry
