#include "pipeline/cpu_affinity.h"

#include <sched.h>
#include <unistd.h>

#include <string>

#include "base/log.h"

namespace weir::pipeline {
namespace {

// The processors of a set, as people write them: "0-3, 8".
std::string listed(const cpu_set_t& set) {
  std::string out;
  for (size_t first = 0; first < CPU_SETSIZE; ++first) {
    if (!CPU_ISSET(first, &set)) continue;
    size_t last = first;
    while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set)) ++last;
    if (!out.empty()) out += ", ";
    out += last == first ? fmt::to_string(first) : fmt::format("{}-{}", first, last);
    first = last;
  }
  return out;
}

}  // namespace

Result<> check_cpus(std::span<const size_t> cpus) {
  if (cpus.empty()) return {};
  cpu_set_t permitted;
  CPU_ZERO(&permitted);
  if (sched_getaffinity(0, sizeof permitted, &permitted) != 0) return fail_errno("cannot ask for permitted processors");
  const long present = sysconf(_SC_NPROCESSORS_CONF);
  for (const size_t cpu : cpus) {
    if (cpu < CPU_SETSIZE && CPU_ISSET(cpu, &permitted)) continue;
    if (present > 0 && cpu >= static_cast<size_t>(present)) {
      return fail("collect.cpus: there is no processor {}: this machine has {}, numbered from 0", cpu, present);
    }
    return fail(
        "collect.cpus: processor {} is not permitted to this process (taskset, CPUAffinity= or the cpuset of "
        "its control group), or is offline; it may use {}",
        cpu, listed(permitted));
  }
  return {};
}

void pin_this_thread(size_t cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set) == 0) return;
  log::warn("{}; it runs on any",
            fail_errno(fmt::format("a receiving thread cannot stay on processor {}", cpu)).error().message);
}

}  // namespace weir::pipeline
