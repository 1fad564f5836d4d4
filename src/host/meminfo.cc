#include "host/meminfo.h"

#include "host/options.h"
#include "host/source.h"
#include "host/text.h"

namespace weir::host {
namespace {

class Meminfo : public Collector {
 public:
  explicit Meminfo(const Options& options) : file_(options.procfs + "/meminfo", Shape::one_record) {}

  Result<> collect(telemetry::Exposition& out) override {
    const Result<std::string_view> read = file_.read();
    if (!read) return std::unexpected(read.error());
    std::string_view text = *read;
    bool any = false;
    while (!text.empty()) {
      const auto field = parse_meminfo_line(next_line(text));
      if (!field) continue;
      any = true;
      name_.assign("node_memory_");
      append_meminfo_name(name_, *field);
      help_.assign("Memory information field ").append(std::string_view(name_).substr(12)).append(".");
      out.single(name_, telemetry::MetricType::gauge, help_, field->value);
    }
    if (!any) return fail("{} has no field: {}", file_.path(), shortened(*read));
    return {};
  }

 private:
  KeptFile file_;
  std::string name_;
  std::string help_;
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
