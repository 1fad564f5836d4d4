#include "host/collectors/loadavg.h"

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

class Loadavg : public Collector {
 public:
  explicit Loadavg(const Options& options) : file_(options.procfs + "/loadavg", Shape::one_record) {}

  Result<> collect(telemetry::Exposition& out) override {
    using enum telemetry::MetricType;
    const std::string_view text = TRY(file_.read());
    const auto averages = parse_loadavg(text);
    if (!averages) return fail("{} is not what it should be: {}", file_.path(), shortened(text));
    out.single("node_load1", gauge, "1m load average.", (*averages)[0]);
    out.single("node_load5", gauge, "5m load average.", (*averages)[1]);
    out.single("node_load15", gauge, "15m load average.", (*averages)[2]);
    return {};
  }

 private:
  KeptFile file_;
};

}  // namespace

std::optional<std::array<double, 3>> parse_loadavg(std::string_view text) {
  std::array<double, 3> averages;
  for (double& average : averages) {
    const auto value = parse_number<double>(next_word(text));
    if (!value) return std::nullopt;
    average = *value;
  }
  return averages;
}

Result<std::unique_ptr<Collector>> make_loadavg(const Options& options) { return std::make_unique<Loadavg>(options); }

}  // namespace weir::host
