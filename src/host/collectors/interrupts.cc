#include "host/collectors/interrupts.h"

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"
#include "host/select/selection.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

class Interrupts : public Collector {
 public:
  Interrupts(const Options& options, Selector names)
      : names_(std::move(names)), zeros_(options.interrupts_zeros), file_(options.procfs + "/interrupts") {}

  Result<> collect(telemetry::Exposition& out) override {
    const std::string_view read = TRY(file_.read());
    std::string_view text = read;
    const auto cpus = parse_interrupt_cpus(next_line(text));
    if (cpus.empty()) return fail("{} does not begin with the CPUs: {}", file_.path(), shortened(read));
    out.family("node_interrupts_total", counter, "Interrupt details.");
    while (!text.empty()) {
      if (!parse_interrupt_line(next_line(text), cpus.size(), interrupt_)) continue;
      key_.assign(interrupt_.name).append(";").append(interrupt_.info).append(";").append(interrupt_.devices);
      if (!names_.selects(key_)) continue;
      for (size_t i = 0; i < cpus.size(); ++i) {
        const auto count = parse_number<uint64_t>(interrupt_.counts[i]);
        if (!count || (*count == 0 && !zeros_)) continue;
        out.sample(
            {{"cpu", cpus[i]}, {"devices", interrupt_.devices}, {"info", interrupt_.info}, {"type", interrupt_.name}},
            *count);
      }
    }
    return {};
  }

 private:
  Selector names_;
  bool zeros_;
  KeptFile file_;
  Interrupt interrupt_;
  std::string key_;
};

void append_words(std::string& out, std::string_view text) {
  for (auto word = next_word(text); !word.empty(); word = next_word(text)) {
    if (!out.empty()) out += ' ';
    out += word;
  }
}

}  // namespace

std::vector<std::string_view> parse_interrupt_cpus(std::string_view line) {
  std::vector<std::string_view> cpus;
  for (auto word = next_word(line); !word.empty(); word = next_word(line)) {
    if (!word.starts_with("CPU") || !parse_number<uint32_t>(word.substr(3))) return {};
    cpus.push_back(word.substr(3));
  }
  return cpus;
}

bool parse_interrupt_line(std::string_view line, size_t cpus, Interrupt& interrupt) {
  // On ARM there need not be a space behind the colon.
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  interrupt.name = trimmed(line.substr(0, colon));
  line.remove_prefix(colon + 1);
  interrupt.counts.clear();
  interrupt.info.clear();
  interrupt.devices.clear();
  for (size_t i = 0; i < cpus; ++i) {
    interrupt.counts.push_back(next_word(line));
    if (!parse_number<uint64_t>(interrupt.counts.back())) return false;
  }
  if (trimmed(line).empty()) return false;
  if (parse_number<uint32_t>(interrupt.name)) {
    interrupt.info = next_word(line);
    append_words(interrupt.devices, line);
  } else {
    append_words(interrupt.info, line);
  }
  return true;
}

Result<std::unique_ptr<Collector>> make_interrupts(const Options& options) {
  auto names = TRY(Selector::compile(options.interrupts_name, "--collector.interrupts.name"));
  return std::make_unique<Interrupts>(options, std::move(names));
}

}  // namespace weir::host
