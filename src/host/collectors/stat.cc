#include "host/collectors/stat.h"

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

class StatCollector : public Collector {
 public:
  explicit StatCollector(const Options& options)
      : file_(options.shared->get(options.procfs + "/stat", Shape::one_record)), softirq_(options.stat_softirq) {}

  Result<> collect(telemetry::Exposition& out) override {
    const std::string_view text = TRY(file_->read(SharedFile::Reader::stat));
    const Stat stat = parse_stat(text);
    const auto write = [&](std::string_view name, telemetry::MetricType type, std::string_view help,
                           const std::optional<uint64_t>& value) {
      if (value) out.single(name, type, help, *value);
    };
    write("node_boot_time_seconds", gauge, "Node boot time, in unixtime.", stat.boot_time);
    write("node_context_switches_total", counter, "Total number of context switches.", stat.context_switches);
    write("node_forks_total", counter, "Total number of forks.", stat.forks);
    write("node_intr_total", counter, "Total number of interrupts serviced.", stat.interrupts);
    write("node_procs_blocked", gauge, "Number of processes blocked waiting for I/O to complete.", stat.blocked);
    write("node_procs_running", gauge, "Number of processes in runnable state.", stat.running);
    if (softirq_ && stat.softirqs) {
      out.family("node_softirqs_total", counter, "Number of softirq calls.");
      for (size_t i = 0; i < kSoftirqVectors.size(); ++i)
        out.sample({{"vector", kSoftirqVectors[i]}}, (*stat.softirqs)[i]);
    }
    if (!stat.boot_time) return fail("{} has no line btime", file_->path());
    return {};
  }

 private:
  std::shared_ptr<SharedFile> file_;
  bool softirq_;
};

std::optional<std::array<uint64_t, kSoftirqVectors.size()>> parse_softirqs(std::string_view line) {
  next_word(line);  // the sum
  std::array<uint64_t, kSoftirqVectors.size()> values;
  for (uint64_t& value : values) {
    const auto number = parse_number<uint64_t>(next_word(line));
    if (!number) return std::nullopt;
    value = *number;
  }
  return values;
}

}  // namespace

Stat parse_stat(std::string_view text) {
  Stat stat;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    if (line.starts_with("cpu")) continue;
    const std::string_view key = next_word(line);
    if (key == "softirq") {
      stat.softirqs = parse_softirqs(line);
      continue;
    }
    std::optional<uint64_t>* field = key == "intr"            ? &stat.interrupts
                                     : key == "ctxt"          ? &stat.context_switches
                                     : key == "btime"         ? &stat.boot_time
                                     : key == "processes"     ? &stat.forks
                                     : key == "procs_running" ? &stat.running
                                     : key == "procs_blocked" ? &stat.blocked
                                                              : nullptr;
    if (field != nullptr) *field = parse_number<uint64_t>(next_word(line));
  }
  return stat;
}

Result<std::unique_ptr<Collector>> make_stat(const Options& options) {
  return std::make_unique<StatCollector>(options);
}

}  // namespace weir::host
