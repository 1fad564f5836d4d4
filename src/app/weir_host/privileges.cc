#include "app/weir_host/privileges.h"

#include "base/kept_file.h"
#include "base/log.h"
#include "base/text.h"

namespace weir::app {
namespace {

// What the collectors that want more want, in all: to read what only root may read (CAP_DAC_READ_SEARCH, bit 2; a
// folder of others is what CAP_DAC_OVERRIDE, bit 1, opens too), and to ask the network's tables (CAP_NET_ADMIN, bit
// 12).
bool has_all(uint64_t capabilities) {
  const auto has = [&](unsigned bit) { return (capabilities >> bit & 1U) != 0; };
  return (has(1) || has(2)) && has(12);
}

void append(std::string& list, std::string_view name) {
  if (!list.empty()) list += ", ";
  list += name;
}

}  // namespace

std::optional<uint64_t> effective_capabilities(std::string_view status) {
  while (!status.empty()) {
    std::string_view line = next_line(status);
    if (next_word(line) == "CapEff:") return parse_number<uint64_t>(next_word(line), 16);
  }
  return std::nullopt;
}

void tell_of_privileges(const Settings& settings) {
  std::string buffer;
  const auto status = read_file("/proc/self/status", buffer);
  const auto capabilities = status ? effective_capabilities(*status) : std::nullopt;
  if (capabilities && has_all(*capabilities)) return;
  std::string nothing;
  std::string less;
  for (const host::CollectorEntry& entry : settings.collectors) {
    if (entry.privilege == host::Privilege::root) append(nothing, entry.name);
    if (entry.privilege == host::Privilege::some) append(less, entry.name);
  }
  if (nothing.empty() && less.empty()) return;
  log::info("without more privileges (docs/weir-host.md) these collectors may say nothing: {}; less: {}",
            nothing.empty() ? "none" : nothing, less.empty() ? "none" : less);
}

}  // namespace weir::app
