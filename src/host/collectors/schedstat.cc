#include "host/collectors/schedstat.h"

#include <vector>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

class Schedstat : public Collector {
 public:
  explicit Schedstat(const Options& options) : file_(options.procfs + "/schedstat") {}

  Result<> collect(telemetry::Exposition& out) override {
    const auto read = file_.read_if_there();
    if (!read) return no_data();
    cpus_.clear();
    std::string_view text = *read;
    while (!text.empty())
      if (const auto cpu = parse_schedstat_line(next_line(text))) cpus_.push_back(*cpu);

    out.family("node_schedstat_running_seconds_total", counter, "Number of seconds CPU spent running a process.");
    for (const auto& cpu : cpus_) out.sample({{"cpu", cpu.cpu}}, static_cast<double>(cpu.running_ns) / 1e9);
    out.family("node_schedstat_timeslices_total", counter, "Number of timeslices executed by CPU.");
    for (const auto& cpu : cpus_) out.sample({{"cpu", cpu.cpu}}, cpu.timeslices);
    out.family("node_schedstat_waiting_seconds_total", counter,
               "Number of seconds spent by processing waiting for this CPU.");
    for (const auto& cpu : cpus_) out.sample({{"cpu", cpu.cpu}}, static_cast<double>(cpu.waiting_ns) / 1e9);
    if (cpus_.empty()) return fail("{} has no line of a CPU: {}", file_.path(), shortened(*read));
    return {};
  }

 private:
  KeptFile file_;
  std::vector<CpuSchedstat> cpus_;
};

}  // namespace

std::optional<CpuSchedstat> parse_schedstat_line(std::string_view line) {
  const std::string_view name = next_word(line);
  if (!name.starts_with("cpu") || !parse_number<uint32_t>(name.substr(3))) return std::nullopt;
  for (int i = 0; i < 6; ++i) next_word(line);
  const auto running = parse_number<uint64_t>(next_word(line));
  const auto waiting = parse_number<uint64_t>(next_word(line));
  const auto timeslices = parse_number<uint64_t>(next_word(line));
  if (!running || !waiting || !timeslices) return std::nullopt;
  return CpuSchedstat{name.substr(3), *running, *waiting, *timeslices};
}

Result<std::unique_ptr<Collector>> make_schedstat(const Options& options) {
  return std::make_unique<Schedstat>(options);
}

}  // namespace weir::host
