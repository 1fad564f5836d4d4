// A synthetic exporter: invents flows and exports them as a router does, in NetFlow v5, NetFlow v9, IPFIX or sFlow v5.
// The same options and times give the same bytes on every platform. It knows exactly what it has exported.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "gen/flow_model.h"

namespace weir::gen {

enum class Protocol : uint8_t { v5, v9, ipfix, sflow };

std::string_view to_string(Protocol protocol);
std::optional<Protocol> parse_protocol(std::string_view text);

// The payload of UDP over IPv6 in an Ethernet frame.
constexpr size_t kMaxDatagramBytes = 1452;

struct ExporterOptions {
  Protocol protocol = Protocol::v9;
  uint64_t seed = 1;
  // Observation domain id, source id, engine id (its low 8 bits) or sub-agent id.
  uint32_t domain = 0;
  // The agent address of sFlow.
  IpAddress agent = IpAddress::from_v4(0x7f000001);
  uint32_t sampling_interval = 1;        // one of so many packets; 1 to kMaxSamplingV5 in v5
  size_t flows_per_datagram = 24;        // at most; fewer where they do not fit
  Micros template_interval{60'000'000};  // v9 and IPFIX: templates and options come first, and again after this time
  uint32_t ipv6_percent = 15;            // v5 knows IPv4 only
  bool sflow_expanded = false;           // samples in their expanded forms
  uint32_t sflow_counters_every = 0;     // sFlow: one datagram of so many has a counter sample; 0: none has
  // About the time between two events: the exporter changes its templates, restarts, or its clock jumps. 0: none.
  Micros event_interval{0};
};

constexpr uint32_t kMaxSamplingV5 = 0x3fff;  // 14 bits

struct FlowCounts {
  uint64_t flows = 0;  // sFlow: sampled packets
  uint64_t packets = 0;
  uint64_t bytes = 0;  // as exported, not multiplied by the sampling interval; sFlow: frame lengths
  void add(uint64_t packet_count, uint64_t byte_count) {
    ++flows;
    packets += packet_count;
    bytes += byte_count;
  }
  void add(const FlowCounts& other) {
    flows += other.flows;
    packets += other.packets;
    bytes += other.bytes;
  }
  bool operator==(const FlowCounts&) const = default;
};

struct Totals {
  uint64_t datagrams = 0;
  uint64_t datagram_bytes = 0;  // UDP payload
  uint64_t option_records = 0;
  FlowCounts all;
  std::array<FlowCounts, 256> by_ip_protocol{};
  void add(const Totals& other);
};

class SyntheticExporter {
 public:
  explicit SyntheticExporter(const ExporterOptions& options);
  SyntheticExporter(SyntheticExporter&&) noexcept;
  SyntheticExporter& operator=(SyntheticExporter&&) noexcept;
  ~SyntheticExporter();

  // The next datagram, exported at `now`, with at most max_flows flows (and at least one). Valid until the next call.
  ByteView next_datagram(Timestamp now, size_t max_flows = SIZE_MAX);

  const Totals& totals() const;
  const ExporterOptions& options() const;

  // The observer is called for each exported flow. flow.packets and flow.bytes are those of the totals.
  void on_flow(std::function<void(const Flow&)> observer);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::gen
