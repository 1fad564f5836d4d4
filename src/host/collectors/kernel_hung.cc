#include "host/collectors/kernel_hung.h"

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

class KernelHung : public Collector {
 public:
  explicit KernelHung(const Options& options)
      : file_(options.procfs + "/sys/kernel/hung_task_detect_count", Shape::one_record) {}

  Result<> collect(telemetry::Exposition& out) override {
    const auto text = file_.read_if_there();
    if (!text) return no_data();
    const auto count = parse_number<uint64_t>(trimmed(*text));
    if (!count) return fail("{} is not a number: {}", file_.path(), shortened(*text));
    out.single("node_kernel_hung_tasks_total", telemetry::MetricType::counter,
               "Total number of tasks that have been detected as hung since the system booted.", *count);
    return {};
  }

 private:
  KeptFile file_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_kernel_hung(const Options& options) {
  return std::make_unique<KernelHung>(options);
}

}  // namespace weir::host
