#include "host/collectors/softirqs.h"

#include <vector>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/interrupts.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

class Softirqs : public Collector {
 public:
  explicit Softirqs(const Options& options) : file_(options.procfs + "/softirqs", Shape::one_record) {}

  Result<> collect(telemetry::Exposition& out) override {
    const std::string_view read = TRY(file_.read());
    std::string_view text = read;
    const auto cpus = parse_interrupt_cpus(next_line(text));
    if (cpus.empty()) return fail("{} does not begin with the CPUs: {}", file_.path(), shortened(read));
    out.family("node_softirqs_functions_total", telemetry::MetricType::counter, "Softirq counts per CPU.");
    while (!text.empty()) {
      std::string_view line = next_line(text);
      const size_t colon = line.find(':');
      if (colon == std::string_view::npos) continue;
      const std::string_view type = trimmed(line.substr(0, colon));
      line.remove_prefix(colon + 1);
      for (const std::string_view cpu : cpus)
        if (const auto count = parse_number<uint64_t>(next_word(line)))
          out.sample({{"cpu", cpu}, {"type", type}}, *count);
    }
    return {};
  }

 private:
  KeptFile file_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_softirqs(const Options& options) { return std::make_unique<Softirqs>(options); }

}  // namespace weir::host
