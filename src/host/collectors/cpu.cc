#include "host/collectors/cpu.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/cpu_ticks.h"
#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"
#include "host/select/selection.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;
using telemetry::Exposition;

constexpr std::array<std::string_view, 8> kModes{"user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"};
constexpr size_t kGuestField = 8;

// A number as the value of a label.
class Digits {
 public:
  explicit Digits(uint64_t value) {
    end_ = std::to_chars(text_.data(), text_.data() + text_.size(), value).ptr - text_.data();
  }
  std::string_view text() const { return {text_.data(), static_cast<size_t>(end_)}; }

 private:
  std::array<char, 20> text_;
  ptrdiff_t end_ = 0;
};

// One core or package with a thermal sensor; the CPUs of a core share its counter.
struct Throttle {
  std::string package;
  std::string core;
  Attribute count;
};

class Cpu : public Collector {
 public:
  Cpu(const Options& options, Selector flags, Selector bugs)
      : options_(options),
        flags_(std::move(flags)),
        bugs_(std::move(bugs)),
        stat_(options.shared->get(options.procfs + "/stat", Shape::one_record)),
        online_(options.sysfs + "/devices/system/cpu/online", Shape::one_record),
        cpus_(options.sysfs + "/devices/system/cpu", "cpu") {}

  Result<> collect(Exposition& out) override {
    write_info(out);
    const std::string_view stat = TRY(stat_->read(SharedFile::Reader::cpu));
    const auto& cpus = ticks_.update(stat);
    if (cpus.empty()) return fail("{}: no line of a CPU", stat_->path());
    write_seconds(out, cpus);
    if (cpus_.changed()) find_throttles();
    write_isolated(out);
    write_throttles(out);
    write_online(out);
    return {};
  }

 private:
  void write_seconds(Exposition& out, const std::vector<CpuTicks>& cpus) {
    if (options_.cpu_guest) {
      out.family("node_cpu_guest_seconds_total", counter, "Seconds the CPUs spent in guests (VMs) for each mode.");
      for (const CpuTicks& cpu : cpus) {
        const Digits number(cpu.cpu);
        for (size_t i = 0; i < 2; ++i)
          out.sample({{"cpu", number.text()}, {"mode", kModes[i]}},
                     static_cast<double>(cpu.ticks[kGuestField + i]) / kTicksPerSecond);
      }
    }
    out.family("node_cpu_seconds_total", counter, "Seconds the CPUs spent in each mode.");
    for (const CpuTicks& cpu : cpus) {
      const Digits number(cpu.cpu);
      for (size_t i = 0; i < kModes.size(); ++i)
        out.sample({{"cpu", number.text()}, {"mode", kModes[i]}}, static_cast<double>(cpu.ticks[i]) / kTicksPerSecond);
    }
  }

  void write_isolated(Exposition& out) {
    out.family("node_cpu_isolated", gauge,
               "Whether each core is isolated, information from /sys/devices/system/cpu/isolated.");
    for (const uint32_t cpu : isolated_) out.sample({{"cpu", Digits(cpu).text()}}, 1);
  }

  // A CPU that is present but not online was taken offline.
  void write_online(Exposition& out) {
    const auto online = online_.read_if_there();
    if (!online) return;
    if (*online != online_text_) {
      online_text_ = *online;
      online_cpus_ = parse_cpu_list(*online);
    }
    out.family("node_cpu_online", gauge, "CPUs that are online and being scheduled.");
    for (const uint32_t cpu : present_cpus_)
      out.sample({{"cpu", Digits(cpu).text()}}, std::ranges::binary_search(online_cpus_, cpu));
  }

  // Read once for each set of CPUs: the core and package of a CPU do not change.
  void find_throttles() {
    // A CPU that is plugged in gets a folder of its own.
    present_cpus_ = parse_cpu_list(attribute_text(cpus_.path() + "/present"));
    isolated_ = parse_cpu_list(attribute_text(cpus_.path() + "/isolated"));
    cores_.clear();
    packages_.clear();
    for (const std::string& name : cpus_.names()) {
      if (!parse_number<uint32_t>(std::string_view(name).substr(3))) continue;
      const std::string directory = cpus_.path() + "/" + name;
      const std::string package = attribute_text(directory + "/topology/physical_package_id");
      const std::string core = attribute_text(directory + "/topology/core_id");
      if (!parse_number<uint64_t>(package) || !parse_number<uint64_t>(core)) continue;
      const auto add = [&](std::vector<Throttle>& list, const std::string& file, const std::string& of_core) {
        const bool known =
            std::ranges::any_of(list, [&](const Throttle& t) { return t.package == package && t.core == of_core; });
        const std::string path = directory + "/thermal_throttle/" + file;
        if (known || attribute_text(path).empty()) return;
        list.push_back({package, of_core, Attribute(path)});
      };
      add(cores_, "core_throttle_count", core);
      add(packages_, "package_throttle_count", "");
    }
  }

  void write_throttles(Exposition& out) {
    out.family("node_cpu_core_throttles_total", counter, "Number of times this CPU core has been throttled.");
    for (Throttle& core : cores_)
      if (const auto count = core.count.number(buffer_))
        out.sample({{"core", core.core}, {"package", core.package}}, *count);
    out.family("node_cpu_package_throttles_total", counter, "Number of times this CPU package has been throttled.");
    for (Throttle& package : packages_)
      if (const auto count = package.count.number(buffer_)) out.sample({{"package", package.package}}, *count);
  }

  // It changes only with a microcode update, and reading it is slow: the kernel asks each CPU for its frequency.
  void write_info(Exposition& out) {
    const bool wanted = options_.cpu_info || !options_.cpu_info_flags.empty() || !options_.cpu_info_bugs.empty();
    if (!wanted) return;
    if (info_age_++ % kReadsUntilRecheck == 0) {
      std::string text;
      if (const auto read = read_file(options_.procfs + "/cpuinfo", text)) info_ = parse_cpuinfo(*read);
    }
    if (info_.empty()) return;
    const auto write_list = [&](std::string_view name, std::string_view help, std::string_view label,
                                const std::vector<std::string>& values, const Selector& selector) {
      out.family(name, gauge, help);
      for (const std::string& value : values)
        if (selector.selects(value)) out.sample({{label, value}}, 1);
    };
    if (!options_.cpu_info_bugs.empty())
      write_list("node_cpu_bug_info",
                 "The `bugs` field of CPU information from /proc/cpuinfo taken from the first core.", "bug",
                 info_[0].bugs, bugs_);
    if (!options_.cpu_info_flags.empty())
      write_list("node_cpu_flag_info",
                 "The `flags` field of CPU information from /proc/cpuinfo taken from the first core.", "flag",
                 info_[0].flags, flags_);
    out.family("node_cpu_info", gauge, "CPU information from /proc/cpuinfo.");
    for (const CpuInfo& cpu : info_)
      out.sample({{"cachesize", cpu.cache_size},
                  {"core", cpu.core},
                  {"cpu", cpu.cpu},
                  {"family", cpu.family},
                  {"microcode", cpu.microcode},
                  {"model", cpu.model},
                  {"model_name", cpu.model_name},
                  {"package", cpu.package},
                  {"stepping", cpu.stepping},
                  {"vendor", cpu.vendor}},
                 1);
  }

  const Options options_;
  Selector flags_;
  Selector bugs_;
  std::shared_ptr<SharedFile> stat_;
  SteadyTicks ticks_;
  KeptFile online_;
  std::string online_text_;
  std::vector<uint32_t> online_cpus_;
  std::vector<uint32_t> present_cpus_;
  std::vector<uint32_t> isolated_;
  DirectoryWatch cpus_;
  std::vector<Throttle> cores_;
  std::vector<Throttle> packages_;
  std::vector<CpuInfo> info_;
  unsigned info_age_ = 0;
  AttributeBuffer buffer_;
};

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (true) {
    const std::string_view word = next_word(text);
    if (word.empty()) return words;
    words.emplace_back(word);
  }
}

}  // namespace

std::vector<CpuInfo> parse_cpuinfo(std::string_view text) {
  std::vector<CpuInfo> cpus;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = trimmed(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (key == "processor" && cpus.size() < kMaxCpus) {
      cpus.emplace_back().cpu = value;
      continue;
    }
    if (cpus.empty()) continue;
    CpuInfo& cpu = cpus.back();
    const std::array<std::pair<std::string_view, std::string*>, 9> fields{{
        {"physical id", &cpu.package},
        {"core id", &cpu.core},
        {"vendor_id", &cpu.vendor},
        {"cpu family", &cpu.family},
        {"model", &cpu.model},
        {"model name", &cpu.model_name},
        {"microcode", &cpu.microcode},
        {"stepping", &cpu.stepping},
        {"cache size", &cpu.cache_size},
    }};
    for (const auto& [name, field] : fields)
      if (name == key) *field = value;
    // ARM calls them features. Only the first CPU's are reported.
    if (cpus.size() == 1 && (key == "flags" || key == "Features")) cpu.flags = words_of(value);
    if (cpus.size() == 1 && key == "bugs") cpu.bugs = words_of(value);
  }
  return cpus;
}

Result<std::unique_ptr<Collector>> make_cpu(const Options& options) {
  auto flags = TRY(Selector::only(options.cpu_info_flags, "--collector.cpu.info.flags-include"));
  auto bugs = TRY(Selector::only(options.cpu_info_bugs, "--collector.cpu.info.bugs-include"));
  return std::make_unique<Cpu>(options, std::move(flags), std::move(bugs));
}

}  // namespace weir::host
