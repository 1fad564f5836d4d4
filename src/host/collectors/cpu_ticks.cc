#include "host/collectors/cpu_ticks.h"

#include <algorithm>

#include "base/text.h"

namespace weir::host {

std::optional<CpuTicks> parse_cpu_ticks(std::string_view line) {
  const std::string_view name = next_word(line);
  if (!name.starts_with("cpu")) return std::nullopt;
  const auto cpu = parse_number<uint32_t>(name.substr(3));
  if (!cpu || *cpu >= kMaxCpus) return std::nullopt;
  CpuTicks parsed{.cpu = *cpu};
  for (size_t i = 0; i < kTickFields; ++i) {
    const std::string_view word = next_word(line);
    const auto value = parse_number<uint64_t>(word);
    if (!value) {
      // OpenVZ and old kernels have fewer fields; user to idle were always there.
      if (word.empty() && i > kIdleField) break;
      return std::nullopt;
    }
    parsed.ticks[i] = *value;
  }
  return parsed;
}

const std::vector<CpuTicks>& SteadyTicks::update(std::string_view stat) {
  now_.clear();
  while (!stat.empty()) {
    const auto parsed = parse_cpu_ticks(next_line(stat));
    if (!parsed) {
      if (!now_.empty()) break;  // they stand together at the start
      continue;
    }
    now_.push_back(*parsed);
  }
  for (size_t i = 0; i < now_.size(); ++i) {
    CpuTicks& now = now_[i];
    // The same place as before unless a CPU came or went.
    auto before = i < held_.size() && held_[i].cpu == now.cpu ? held_.begin() + static_cast<ptrdiff_t>(i)
                                                              : std::ranges::find(held_, now.cpu, &CpuTicks::cpu);
    if (before == held_.end()) continue;
    if (before->ticks[kIdleField] >= now.ticks[kIdleField] + kOfflineTicks) continue;
    for (size_t field = 0; field < kTickFields; ++field)
      now.ticks[field] = std::max(now.ticks[field], before->ticks[field]);
  }
  held_ = now_;
  return held_;
}

std::vector<uint32_t> parse_cpu_list(std::string_view text) {
  std::vector<uint32_t> cpus;
  text = trimmed(text);
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    const std::string_view range = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t dash = range.find('-');
    const auto first = parse_number<uint32_t>(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_number<uint32_t>(range.substr(dash + 1));
    if (!first || !last || *last >= kMaxCpus) continue;
    for (uint32_t cpu = *first; cpu <= *last && cpus.size() < kMaxCpus; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

}  // namespace weir::host
