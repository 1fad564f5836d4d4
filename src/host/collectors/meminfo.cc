#include "host/collectors/meminfo.h"

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/line_families.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

class Meminfo : public Collector {
 public:
  explicit Meminfo(const Options& options) : file_(options.procfs + "/meminfo", Shape::one_record) {}

  Result<> collect(telemetry::Exposition& out) override {
    const std::string_view read = TRY(file_.read());
    std::string_view text = read;
    bool any = false;
    for (size_t i = 0; !text.empty(); ++i) {
      const auto field = parse_meminfo_line(next_line(text));
      if (!field) continue;
      any = true;
      const LineFamily& family = families_.at(i, field->name, [&](LineFamily& made) { learn(made, *field); });
      out.single(family.name, telemetry::MetricType::gauge, family.help, field->value);
    }
    if (!any) return fail("{} has no field: {}", file_.path(), shortened(read));
    return {};
  }

 private:
  static void learn(LineFamily& family, const MeminfoField& field) {
    std::string name;
    append_meminfo_name(name, field);
    family.name = "node_memory_" + name;
    family.help = fmt::format("Memory information field {}.", name);
  }

  KeptFile file_;
  LineFamilies families_;
};

}  // namespace

std::optional<MeminfoField> parse_meminfo_line(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  MeminfoField field{.name = trimmed(line.substr(0, colon))};
  line.remove_prefix(colon + 1);
  const auto value = parse_number<uint64_t>(next_word(line));
  const std::string_view unit = next_word(line);
  if (!value || field.name.empty() || (!unit.empty() && unit != "kB")) return std::nullopt;
  field.bytes = !unit.empty();
  field.value = field.bytes ? *value * 1024 : *value;
  return field;
}

void append_meminfo_name(std::string& out, const MeminfoField& field) {
  for (const char c : field.name) {
    if (c == ')') continue;
    const bool fits = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    out += fits ? c : '_';
  }
  if (field.bytes) out += "_bytes";
}

Result<std::unique_ptr<Collector>> make_meminfo(const Options& options) { return std::make_unique<Meminfo>(options); }

}  // namespace weir::host
