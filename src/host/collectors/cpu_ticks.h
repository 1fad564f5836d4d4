// The lines "cpuN" of /proc/stat (proc(5)): how many ticks of 1/100 s each CPU spent in each mode.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::host {

// USER_HZ is part of the kernel's interface, whatever HZ is inside (on every architecture but alpha).
inline constexpr double kTicksPerSecond = 100;

// user nice system idle iowait irq softirq steal guest guest_nice. One that the kernel lacks is 0.
inline constexpr size_t kTickFields = 10;
inline constexpr size_t kIdleField = 3;

struct CpuTicks {
  uint32_t cpu = 0;
  std::array<uint64_t, kTickFields> ticks{};
};

// Parses "cpu3 1 2 3 ...". Nothing for the sum ("cpu 1 2 ...") and for any other line.
std::optional<CpuTicks> parse_cpu_ticks(std::string_view line);

// Makes the counters monotonic. The kernel's idle and iowait go back by a few ticks at times; such a value is ignored.
// If idle goes back by 3 s or more, the CPU was offline in between and its counters start again.
class SteadyTicks {
 public:
  // The CPUs in the text of /proc/stat, in its order. Forgets those that have gone.
  const std::vector<CpuTicks>& update(std::string_view stat);

 private:
  static constexpr uint64_t kOfflineTicks = 300;
  std::vector<CpuTicks> held_;
  std::vector<CpuTicks> now_;
};

// The numbers of "0-3,8", ascending, at most kMaxCpus. Damaged parts are left out.
std::vector<uint32_t> parse_cpu_list(std::string_view text);

// Larger than any NR_CPUS.
inline constexpr uint32_t kMaxCpus = 65'536;

}  // namespace weir::host
