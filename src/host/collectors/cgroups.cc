#include "host/collectors/cgroups.h"

#include <array>
#include <string>
#include <vector>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"
#include "host/kernel/key_value.h"
#include "host/kernel/psi.h"
#include "host/select/selection.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;
using telemetry::Exposition;

enum File : size_t {
  kCpuStat,
  kCpuPressure,
  kIoStat,
  kIoPressure,
  kMemoryCurrent,
  kMemoryMax,
  kMemorySwap,
  kMemoryEvents,
  kMemoryPressure,
  kPidsCurrent,
  kPidsMax,
  kFiles
};
constexpr std::array<std::string_view, kFiles> kFileNames{
    "cpu.stat",   "cpu.pressure",        "io.stat",       "io.pressure",     "memory.current",
    "memory.max", "memory.swap.current", "memory.events", "memory.pressure", "pids.current",
    "pids.max"};

struct Group {
  std::string path;  // below the root, "/system.slice"
  std::vector<Attribute> files;

  // Values of this scrape.
  std::optional<uint64_t> cpu_usage_us, cpu_user_us, cpu_system_us, cpu_throttled_us, cpu_periods, cpu_throttled;
  std::optional<CgroupIo> io;
  std::optional<uint64_t> memory, memory_limit, swap, oom_kills, pids, pids_limit;
  Psi cpu_pressure, io_pressure, memory_pressure;
};

class Cgroups : public Collector {
 public:
  Cgroups(const Options& options, Selector paths)
      : paths_(std::move(paths)),
        depth_(options.cgroups_depth),
        limit_(options.cgroups_limit),
        sysfs_(options.sysfs),
        summary_(options.procfs + "/cgroups", Shape::one_record) {}

  Result<> collect(Exposition& out) override {
    const auto summary = summary_.read_if_there();
    if (!summary) return no_data();
    write_summary(out, *summary);
    if (age_++ % kScrapesUntilWalk == 0) walk();
    for (Group& group : groups_) read(group);
    write_groups(out);
    return {};
  }

 private:
  // Groups come and go with services. A new one is seen after this many scrapes at most.
  static constexpr unsigned kScrapesUntilWalk = 5;

  // "#subsys_name hierarchy num_cgroups enabled", and a line for each.
  void write_summary(Exposition& out, std::string_view summary) {
    for (const auto& [name, column] : {std::pair{"node_cgroups_cgroups", 1}, std::pair{"node_cgroups_enabled", 2}}) {
      out.family(name, gauge, "Current cgroup number of the subsystem.");
      std::string_view text = summary;
      while (!text.empty()) {
        std::string_view line = next_line(text);
        const std::string_view subsystem = next_word(line);
        if (subsystem.empty() || subsystem.starts_with('#')) continue;
        for (int i = 0; i < column; ++i) next_word(line);
        if (const auto value = parse_number<uint64_t>(next_word(line)))
          out.sample({{"subsys_name", subsystem}}, *value);
      }
    }
  }

  void walk() {
    std::string root = sysfs_ + "/fs/cgroup";
    // Together with version 1 ("hybrid"), the unified hierarchy has a directory of its own.
    if (attribute_text(root + "/cgroup.controllers").empty() && Directory(root + "/unified")) root += "/unified";
    std::vector<std::string> found;
    find(root, "", 0, found);
    // Known groups keep their descriptors.
    std::vector<Group> groups;
    for (std::string& path : found) {
      Group* known = nullptr;
      for (Group& group : groups_)
        if (group.path == path) known = &group;
      if (known != nullptr) {
        groups.push_back(std::move(*known));
        known->path.clear();
        continue;
      }
      Group& group = groups.emplace_back();
      for (const std::string_view file : kFileNames) group.files.emplace_back(fmt::format("{}{}/{}", root, path, file));
      group.path = std::move(path);
    }
    groups_ = std::move(groups);
  }

  void find(const std::string& root, const std::string& path, uint32_t level, std::vector<std::string>& found) {
    if (level > 0 && paths_.selects(path)) found.push_back(path);
    if (level == depth_) return;
    for (const std::string& name : list_directory(root + path)) {
      if (found.size() >= limit_) return;
      const std::string below = path + "/" + name;
      // Attributes have a dot in their name, too, but they are files.
      if (Directory(root + below)) find(root, below, level + 1, found);
    }
  }

  void read(Group& group) {
    const auto text = [&](File file) { return group.files[file].read(buffer_).value_or(""); };
    const std::string_view cpu = text(kCpuStat);
    group.cpu_usage_us = keyed_value(cpu, "usage_usec");
    group.cpu_user_us = keyed_value(cpu, "user_usec");
    group.cpu_system_us = keyed_value(cpu, "system_usec");
    group.cpu_periods = keyed_value(cpu, "nr_periods");
    group.cpu_throttled = keyed_value(cpu, "nr_throttled");
    group.cpu_throttled_us = keyed_value(cpu, "throttled_usec");
    const auto io = group.files[kIoStat].read(buffer_);
    group.io = io ? std::optional(parse_cgroup_io(*io)) : std::nullopt;
    // "max" is not a number: no limit, no series.
    group.memory = parse_number<uint64_t>(text(kMemoryCurrent));
    group.memory_limit = parse_number<uint64_t>(text(kMemoryMax));
    group.swap = parse_number<uint64_t>(text(kMemorySwap));
    group.oom_kills = keyed_value(text(kMemoryEvents), "oom_kill");
    group.pids = parse_number<uint64_t>(text(kPidsCurrent));
    group.pids_limit = parse_number<uint64_t>(text(kPidsMax));
    group.cpu_pressure = parse_psi(text(kCpuPressure));
    group.io_pressure = parse_psi(text(kIoPressure));
    group.memory_pressure = parse_psi(text(kMemoryPressure));
  }

  template <class Value>
  void write(Exposition& out, std::string_view name, telemetry::MetricType type, std::string_view help, Value&& value) {
    out.family(name, type, help);
    for (const Group& group : groups_)
      if (const auto found = value(group)) out.sample({{"cgroup", group.path}}, *found);
  }

  void write_groups(Exposition& out) {
    const auto seconds = [](std::optional<uint64_t> Group::* field) {
      return [field](const Group& group) -> std::optional<double> {
        if (!(group.*field)) return std::nullopt;
        return static_cast<double>(*(group.*field)) / 1e6;
      };
    };
    const auto plain = [](std::optional<uint64_t> Group::* field) {
      return [field](const Group& group) { return group.*field; };
    };
    const auto io = [](uint64_t CgroupIo::* field) {
      return [field](const Group& group) -> std::optional<uint64_t> {
        if (!group.io) return std::nullopt;
        return (*group.io).*field;
      };
    };
    write(out, "weir_cgroup_cpu_periods_total", counter, "Periods in which the CPU bandwidth of the group was limited.",
          plain(&Group::cpu_periods));
    write(out, "weir_cgroup_cpu_seconds_total", counter, "CPU time of the group.", seconds(&Group::cpu_usage_us));
    write(out, "weir_cgroup_cpu_system_seconds_total", counter, "CPU time of the group in the kernel.",
          seconds(&Group::cpu_system_us));
    write(out, "weir_cgroup_cpu_throttled_periods_total", counter,
          "Periods in which the group had to wait for its quota.", plain(&Group::cpu_throttled));
    write(out, "weir_cgroup_cpu_throttled_seconds_total", counter, "Time that the group waited for its quota.",
          seconds(&Group::cpu_throttled_us));
    write(out, "weir_cgroup_cpu_user_seconds_total", counter, "CPU time of the group outside the kernel.",
          seconds(&Group::cpu_user_us));
    write(out, "weir_cgroup_io_read_bytes_total", counter, "What the group read from all devices.",
          io(&CgroupIo::read_bytes));
    write(out, "weir_cgroup_io_reads_total", counter, "Read operations of the group on all devices.",
          io(&CgroupIo::reads));
    write(out, "weir_cgroup_io_writes_total", counter, "Write operations of the group on all devices.",
          io(&CgroupIo::writes));
    write(out, "weir_cgroup_io_written_bytes_total", counter, "What the group wrote to all devices.",
          io(&CgroupIo::written_bytes));
    write(out, "weir_cgroup_memory_bytes", gauge, "Memory of the group.", plain(&Group::memory));
    write(out, "weir_cgroup_memory_limit_bytes", gauge, "What the group may have of memory, if there is a limit.",
          plain(&Group::memory_limit));
    write(out, "weir_cgroup_oom_kills_total", counter, "Processes of the group killed for want of memory.",
          plain(&Group::oom_kills));
    write(out, "weir_cgroup_pids", gauge, "Processes and threads of the group.", plain(&Group::pids));
    write(out, "weir_cgroup_pids_limit", gauge,
          "What the group may have of processes and threads, if there is a limit.", plain(&Group::pids_limit));
    write_pressure(out, "weir_cgroup_pressure_stalled_seconds_total",
                   "Time in which no task of the group could make progress for want of the resource.", &Psi::full_us);
    write_pressure(out, "weir_cgroup_pressure_waiting_seconds_total",
                   "Time in which some task of the group waited for the resource.", &Psi::some_us);
    write(out, "weir_cgroup_swap_bytes", gauge, "Swap space of the group.", plain(&Group::swap));
  }

  void write_pressure(Exposition& out, std::string_view name, std::string_view help,
                      std::optional<uint64_t> Psi::* field) {
    out.family(name, counter, help);
    for (const Group& group : groups_)
      for (const auto& [resource, psi] : {std::pair{"cpu", &group.cpu_pressure}, std::pair{"io", &group.io_pressure},
                                          std::pair{"memory", &group.memory_pressure}})
        if (psi->*field)
          out.sample({{"cgroup", group.path}, {"resource", resource}}, static_cast<double>(*(psi->*field)) / 1e6);
  }

  Selector paths_;
  uint32_t depth_;
  uint32_t limit_;
  std::string sysfs_;
  KeptFile summary_;
  std::vector<Group> groups_;
  unsigned age_ = 0;
  AttributeBuffer buffer_;
};

}  // namespace

CgroupIo parse_cgroup_io(std::string_view text) {
  CgroupIo sum;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    for (auto word = next_word(line); !word.empty(); word = next_word(line)) {
      const size_t equal = word.find('=');
      if (equal == std::string_view::npos) continue;
      const std::string_view key = word.substr(0, equal);
      const uint64_t value = parse_number<uint64_t>(word.substr(equal + 1)).value_or(0);
      if (key == "rbytes") sum.read_bytes += value;
      if (key == "wbytes") sum.written_bytes += value;
      if (key == "rios") sum.reads += value;
      if (key == "wios") sum.writes += value;
    }
  }
  return sum;
}

Result<std::unique_ptr<Collector>> make_cgroups(const Options& options) {
  auto paths = TRY(Selector::compile(options.cgroups, "--collector.cgroups.path"));
  return std::make_unique<Cgroups>(options, std::move(paths));
}

}  // namespace weir::host
