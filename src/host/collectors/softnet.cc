#include "host/collectors/softnet.h"

#include <string>
#include <vector>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

struct Family {
  std::string_view name;
  telemetry::MetricType type;
  std::string_view help;
  uint32_t Softnet::* field;
};
constexpr std::array<Family, 7> kFamilies{{
    {"node_softnet_backlog_len", gauge, "Softnet backlog status", &Softnet::backlog_len},
    {"node_softnet_cpu_collision_total", counter,
     "Number of collision occur while obtaining device lock while transmitting", &Softnet::cpu_collision},
    {"node_softnet_dropped_total", counter, "Number of dropped packets", &Softnet::dropped},
    {"node_softnet_flow_limit_count_total", counter, "Number of times flow limit has been reached",
     &Softnet::flow_limit_count},
    {"node_softnet_processed_total", counter, "Number of processed packets", &Softnet::processed},
    {"node_softnet_received_rps_total", counter, "Number of times cpu woken up received_rps", &Softnet::received_rps},
    {"node_softnet_times_squeezed_total", counter, "Number of times processing packets ran out of quota",
     &Softnet::times_squeezed},
}};

class SoftnetCollector : public Collector {
 public:
  explicit SoftnetCollector(const Options& options)
      : file_(options.procfs + "/net/softnet_stat", Shape::short_records) {}

  Result<> collect(telemetry::Exposition& out) override {
    const std::string_view read = TRY(file_.read());
    cpus_.clear();
    std::string_view text = read;
    while (!text.empty()) {
      const std::string_view line = next_line(text);
      const auto cpu = parse_softnet_line(line);
      if (!cpu) return fail("{}: cannot read \"{}\"", file_.path(), shortened(line));
      cpus_.push_back(*cpu);
    }
    while (labels_.size() < cpus_.size()) labels_.emplace_back();
    for (size_t i = 0; i < cpus_.size(); ++i) {
      const uint32_t cpu = cpus_[i].cpu.value_or(static_cast<uint32_t>(i));
      if (labels_[i].text.empty() || labels_[i].cpu != cpu) labels_[i] = {cpu, std::to_string(cpu)};
    }
    for (const Family& family : kFamilies) {
      out.family(family.name, family.type, family.help);
      for (size_t i = 0; i < cpus_.size(); ++i) out.sample({{"cpu", labels_[i].text}}, cpus_[i].*family.field);
    }
    return {};
  }

 private:
  struct Label {
    uint32_t cpu = 0;
    std::string text;
  };
  KeptFile file_;
  std::vector<Softnet> cpus_;
  std::vector<Label> labels_;
};

}  // namespace

std::optional<Softnet> parse_softnet_line(std::string_view line) {
  constexpr size_t kFewest = 9;
  std::array<uint32_t, 13> columns{};
  size_t count = 0;
  while (count < columns.size()) {
    const std::string_view word = next_word(line);
    if (word.empty()) break;
    const auto value = parse_number<uint32_t>(word, 16);
    if (!value) return std::nullopt;
    columns[count++] = *value;
  }
  if (count < kFewest) return std::nullopt;
  Softnet cpu{.processed = columns[0],
              .dropped = columns[1],
              .times_squeezed = columns[2],
              .cpu_collision = columns[8],
              .received_rps = columns[9],
              .flow_limit_count = columns[10],
              .backlog_len = columns[11],
              .cpu = std::nullopt};
  if (count == columns.size()) cpu.cpu = columns[12];
  return cpu;
}

Result<std::unique_ptr<Collector>> make_softnet(const Options& options) {
  return std::make_unique<SoftnetCollector>(options);
}

}  // namespace weir::host
