#include "host/collectors/vmstat.h"

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/line_families.h"
#include "host/collectors/options.h"
#include "host/select/selection.h"

namespace weir::host {
namespace {

class Vmstat : public Collector {
 public:
  Vmstat(const Options& options, Selector fields) : fields_(std::move(fields)), file_(options.procfs + "/vmstat") {}

  Result<> collect(telemetry::Exposition& out) override {
    std::string_view text = TRY(file_.read());
    for (size_t i = 0; !text.empty(); ++i) {
      std::string_view line = next_line(text);
      const std::string_view field = next_word(line);
      const LineFamily& family = families_.at(i, field, [this](LineFamily& made) { learn(made); });
      if (family.name.empty()) continue;
      const auto value = parse_number<uint64_t>(next_word(line));
      if (!value) return fail("{}: field {} has no number", file_.path(), shortened(field));
      out.single(family.name, telemetry::MetricType::untyped, family.help, *value);
    }
    fields_.shrink();
    return {};
  }

 private:
  void learn(LineFamily& family) const {
    if (!is_name(family.field) || !fields_.selects(family.field)) return;
    family.name = "node_vmstat_" + family.field;
    family.help = fmt::format("/proc/vmstat information field {}.", family.field);
  }

  Selector fields_;
  KeptFile file_;
  LineFamilies families_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_vmstat(const Options& options) {
  auto fields = TRY(Selector::only(options.vmstat_fields, "--collector.vmstat.fields"));
  return std::make_unique<Vmstat>(options, std::move(fields));
}

}  // namespace weir::host
