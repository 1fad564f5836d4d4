#include "host/vmstat.h"

#include "host/options.h"
#include "host/selection.h"
#include "host/source.h"
#include "host/text.h"

namespace weir::host {
namespace {

class Vmstat : public Collector {
 public:
  Vmstat(const Options& options, Selector fields) : fields_(std::move(fields)), file_(options.procfs + "/vmstat") {}

  Result<> collect(telemetry::Exposition& out) override {
    const Result<std::string_view> read = file_.read();
    if (!read) return std::unexpected(read.error());
    std::string_view text = *read;
    while (!text.empty()) {
      std::string_view line = next_line(text);
      const std::string_view field = next_word(line);
      if (!is_name(field) || !fields_.selects(field)) continue;
      const auto value = parse_number<uint64_t>(next_word(line));
      if (!value) return fail("{}: field {} has no number", file_.path(), shortened(field));
      name_.assign("node_vmstat_").append(field);
      help_.assign("/proc/vmstat information field ").append(field).append(".");
      out.single(name_, telemetry::MetricType::untyped, help_, *value);
    }
    return {};
  }

 private:
  Selector fields_;
  KeptFile file_;
  std::string name_;
  std::string help_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_vmstat(const Options& options) {
  auto fields = Selector::only(options.vmstat_fields, "--collector.vmstat.fields");
  if (!fields) return std::unexpected(fields.error());
  return std::make_unique<Vmstat>(options, std::move(*fields));
}

}  // namespace weir::host
