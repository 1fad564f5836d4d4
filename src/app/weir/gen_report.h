// What `weir gen` prints at its end: exact totals of what it exported, as text or JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "gen/exporter.h"

namespace weir::app {

// Bytes by address, for --top.
class Talkers {
 public:
  void add(const gen::Flow& flow);
  struct Talker {
    IpAddress address;
    gen::FlowCounts counts;
  };
  std::vector<Talker> top_sources(size_t count) const { return top(sources_, count); }
  std::vector<Talker> top_destinations(size_t count) const { return top(destinations_, count); }

 private:
  using Map = std::unordered_map<IpAddress, gen::FlowCounts, IpAddressHash>;
  static std::vector<Talker> top(const Map& map, size_t count);
  Map sources_;
  Map destinations_;
};

struct GenReport {
  struct Exporter {
    IpAddress address;
    gen::Protocol protocol;
    uint32_t domain;
    gen::Totals totals;
  };
  std::vector<Exporter> exporters;
  uint64_t seed = 0;
  uint32_t sampling_interval = 1;
  Micros elapsed{0};  // of the clock; of the capture's time with --write
  // With --to: datagrams that were sent and not refused, and those that were refused; their flows are in the totals.
  std::optional<uint64_t> sent_datagrams{};
  uint64_t refused = 0;
  const Talkers* talkers = nullptr;
  size_t top = 0;
};

void print_text(const GenReport& report);
void print_json(const GenReport& report);

}  // namespace weir::app
