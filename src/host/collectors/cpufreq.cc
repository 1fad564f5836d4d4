#include "host/collectors/cpufreq.h"

#include <array>
#include <vector>

#include "base/text.h"
#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

struct Family {
  std::string_view name;
  std::string_view help;
  std::string_view file;
  bool slow;  // a setting, which is read now and then only
};
constexpr std::array<Family, 6> kFamilies{{
    {"node_cpu_frequency_hertz", "Current cpu thread frequency in hertz.", "cpuinfo_cur_freq", false},
    {"node_cpu_frequency_max_hertz", "Maximum cpu thread frequency in hertz.", "cpuinfo_max_freq", true},
    {"node_cpu_frequency_min_hertz", "Minimum cpu thread frequency in hertz.", "cpuinfo_min_freq", true},
    {"node_cpu_scaling_frequency_hertz", "Current scaled CPU thread frequency in hertz.", "scaling_cur_freq", false},
    {"node_cpu_scaling_frequency_max_hertz", "Maximum scaled CPU thread frequency in hertz.", "scaling_max_freq", true},
    {"node_cpu_scaling_frequency_min_hertz", "Minimum scaled CPU thread frequency in hertz.", "scaling_min_freq", true},
}};

// How often settings are read: every two minutes at a scrape every 15 seconds.
constexpr unsigned kSlowEvery = 8;

struct FrequencyCpu {
  std::string number;
  std::vector<Attribute> frequencies;  // as kFamilies
  std::array<std::optional<uint64_t>, kFamilies.size()> kilohertz;
  Attribute governor;
  std::string governor_now;
  std::vector<std::string> governors;
};

class Cpufreq : public Collector {
 public:
  explicit Cpufreq(const Options& options) : watch_(options.sysfs + "/devices/system/cpu", "cpu") {}

  Result<> collect(telemetry::Exposition& out) override {
    if (watch_.changed()) find_cpus();
    const bool slow = age_++ % kSlowEvery == 0;
    for (size_t i = 0; i < kFamilies.size(); ++i) {
      out.family(kFamilies[i].name, gauge, kFamilies[i].help);
      for (FrequencyCpu& cpu : cpus_) {
        if (!kFamilies[i].slow || slow) cpu.kilohertz[i] = cpu.frequencies[i].number(buffer_);
        if (cpu.kilohertz[i]) out.sample({{"cpu", cpu.number}}, *cpu.kilohertz[i] * 1000);
      }
    }
    out.family("node_cpu_scaling_governor", gauge, "Current enabled CPU frequency governor.");
    for (FrequencyCpu& cpu : cpus_) {
      if (slow) cpu.governor_now = cpu.governor.read(buffer_).value_or("");
      if (cpu.governor_now.empty()) continue;
      for (const std::string& governor : cpu.governors)
        out.sample({{"cpu", cpu.number}, {"governor", governor}}, governor == cpu.governor_now);
    }
    return {};
  }

 private:
  void find_cpus() {
    age_ = 0;
    cpus_.clear();
    for (const std::string& name : watch_.names()) {
      const std::string number = name.substr(3);
      if (!parse_number<uint32_t>(number)) continue;
      const std::string directory = watch_.path() + "/" + name + "/cpufreq";
      if (!Directory(directory)) continue;
      FrequencyCpu cpu{.number = number,
                       .frequencies = {},
                       .kilohertz = {},
                       .governor = Attribute(directory + "/scaling_governor"),
                       .governor_now = {},
                       .governors = {}};
      for (const Family& family : kFamilies) cpu.frequencies.emplace_back(fmt::format("{}/{}", directory, family.file));
      const std::string available = attribute_text(directory + "/scaling_available_governors");
      std::string_view names = available;
      for (auto word = next_word(names); !word.empty(); word = next_word(names)) cpu.governors.emplace_back(word);
      cpus_.push_back(std::move(cpu));
    }
  }

  DirectoryWatch watch_;
  std::vector<FrequencyCpu> cpus_;
  unsigned age_ = 0;
  AttributeBuffer buffer_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_cpufreq(const Options& options) { return std::make_unique<Cpufreq>(options); }

}  // namespace weir::host
