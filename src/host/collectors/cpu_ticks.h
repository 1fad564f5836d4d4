// The lines "cpuN" of /proc/stat (proc(5)): ticks of 1/100 s that each CPU spent, and the numbers made steady.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::host {

// USER_HZ, which is part of the kernel's interface whatever its own HZ is (all architectures that we know of but
// alpha).
inline constexpr double kTicksPerSecond = 100;

// user nice system idle iowait irq softirq steal guest guest_nice; a kernel without one of the last gives 0 for it.
inline constexpr size_t kTickFields = 10;
inline constexpr size_t kIdleField = 3;

struct CpuTicks {
  uint32_t cpu = 0;
  std::array<uint64_t, kTickFields> ticks{};
};

// "cpu3 1 2 3 ..." and nothing else: nothing for the sum ("cpu 1 2 ...") and for any other line.
std::optional<CpuTicks> parse_cpu_ticks(std::string_view line);

// Counters may not go back, but the kernel's idle and iowait do by a few ticks: what goes back stays as it was. If idle
// goes back by 3 s the CPU was offline in between and its counters begin anew.
class SteadyTicks {
 public:
  // The CPUs as they are now, in the order of the text of /proc/stat; those that have gone are forgotten.
  const std::vector<CpuTicks>& update(std::string_view stat);

 private:
  static constexpr uint64_t kOfflineTicks = 300;
  std::vector<CpuTicks> held_;
  std::vector<CpuTicks> now_;
};

// "0-3,8" as numbers in ascending order; what is damaged is left out. At most kMaxCpus.
std::vector<uint32_t> parse_cpu_list(std::string_view text);

// Larger than the kernel's NR_CPUS can be.
inline constexpr uint32_t kMaxCpus = 65'536;

}  // namespace weir::host
