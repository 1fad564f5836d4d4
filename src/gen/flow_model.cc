#include "gen/flow_model.h"

#include <algorithm>
#include <array>

namespace weir::gen {
namespace {

constexpr uint32_t kLocalAddresses = 50'000;
constexpr uint32_t kLocalBits = 16;   // octaves of popularity; ranks beyond the pool are folded back into it
constexpr uint32_t kRemoteBits = 21;  // 2 million
constexpr uint32_t kActiveTimeoutMs = 60'000;

constexpr uint8_t kIcmp = 1;
constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;
constexpr uint8_t kGre = 47;
constexpr uint8_t kEsp = 50;
constexpr uint8_t kIcmpv6 = 58;

constexpr std::array<uint8_t, 16> kRemoteFirstBytes = {8,  13, 17, 23,  31,  34,  45,  52,
                                                       64, 81, 91, 104, 142, 151, 173, 203};
// Large content networks, in the order of their popularity here.
constexpr std::array<uint32_t, 16> kContentAs = {15169, 2906,  20940, 32934, 16509, 13335, 8075,  54113,
                                                 714,   46489, 22822, 14618, 60068, 32590, 36459, 396982};
constexpr uint32_t kLocalAs = 64500;  // RFC 5398
constexpr IpAddress kNextHopV6{{0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff}};

IpAddress local_address(uint32_t rank, bool v6) {
  const uint32_t host = rank * 40503 % 65536;             // an odd factor: every rank has its own address
  if (!v6) return IpAddress::from_v4(0x64400000 | host);  // 100.64.0.0/16 (RFC 6598)
  IpAddress address;
  address.bytes = {0x20, 0x01, 0x0d, 0xb8, 0x00, 0x64, static_cast<uint8_t>(host >> 8), static_cast<uint8_t>(host)};
  address.bytes[15] = static_cast<uint8_t>(1 + rank % 7);
  return address;
}

IpAddress remote_address(uint32_t rank, bool v6) {
  const uint64_t hash = mix(rank);
  if (!v6) return IpAddress::from_v4(uint32_t{kRemoteFirstBytes[hash % 16]} << 24 | static_cast<uint32_t>(hash >> 40));
  IpAddress address;
  address.bytes = {0x26, static_cast<uint8_t>(hash % 8)};
  for (size_t i = 2; i < 8; ++i) address.bytes[i] = static_cast<uint8_t>(hash >> 8 * i);
  for (size_t i = 8; i < 16; ++i) address.bytes[i] = static_cast<uint8_t>(mix(hash) >> 8 * (i - 8));
  return address;
}

uint32_t remote_as(uint32_t rank) {
  if (rank < 4096) return kContentAs[mix(rank) % 16];
  const uint64_t hash = mix(uint64_t{rank} | uint64_t{1} << 40);
  return static_cast<uint32_t>(hash % 4 == 0 ? 196'608 + hash % 70'000 : 174 + hash % 64'000);
}

}  // namespace

// A kind of traffic: `weight` flows of every 1000.
struct FlowModel::Application {
  uint32_t weight;
  uint8_t protocol;
  uint16_t server_port;      // 0: both ports are ephemeral
  uint16_t packet_bytes[2];  // the usual range from the server
  uint32_t packet_octaves;   // flows have up to 2^octaves packets
};

Flow FlowModel::next() {
  Flow flow;
  const bool from_remote = random_.percent(55);
  choose_addresses(flow, from_remote);
  choose_application(flow, from_remote);
  flow.ended_ms_ago = random_.below(15'000);
  flow.duration_ms = flow.packets == 1 ? 0 : std::min(random_.zipf(17), kActiveTimeoutMs);
  return flow;
}

void FlowModel::choose_addresses(Flow& flow, bool from_remote) {
  const bool v6 = random_.percent(ipv6_percent_);
  const uint32_t local_rank = random_.zipf(kLocalBits) % kLocalAddresses;
  const uint32_t remote_rank = random_.zipf(kRemoteBits);
  const IpAddress local = local_address(local_rank, v6);
  const IpAddress remote = remote_address(remote_rank, v6);
  const uint32_t customer_interface = 1 + local_rank % 24;
  const uint32_t uplink = 101 + remote_rank % 4;
  const auto local_mask = static_cast<uint8_t>(v6 ? 56 : 24);
  const auto remote_mask = static_cast<uint8_t>((v6 ? 32 : 13) + remote_rank % 12);
  flow.source = from_remote ? remote : local;
  flow.destination = from_remote ? local : remote;
  flow.source_as = from_remote ? remote_as(remote_rank) : kLocalAs;
  flow.destination_as = from_remote ? kLocalAs : remote_as(remote_rank);
  flow.source_mask = from_remote ? remote_mask : local_mask;
  flow.destination_mask = from_remote ? local_mask : remote_mask;
  flow.input_interface = from_remote ? uplink : customer_interface;
  flow.output_interface = from_remote ? customer_interface : uplink;
  flow.direction = from_remote ? 0 : 1;
  const uint32_t hop = from_remote ? customer_interface : uplink;
  flow.next_hop = v6 ? kNextHopV6 : IpAddress::from_v4(0xc6120000);  // 198.18.0.0 (RFC 2544)
  flow.next_hop.bytes[15] = static_cast<uint8_t>(hop);
}

void FlowModel::choose_application(Flow& flow, bool from_remote) {
  static constexpr std::array<Application, 16> kApplications = {{
      {380, kTcp, 443, {200, 1460}, 12},
      {160, kUdp, 443, {200, 1350}, 13},
      {130, kUdp, 53, {70, 300}, 1},
      {80, kTcp, 80, {200, 1460}, 11},
      {60, kTcp, 0, {60, 1460}, 14},
      {50, kUdp, 0, {60, 1200}, 12},
      {30, kUdp, 123, {76, 76}, 1},
      {25, kIcmp, 0, {84, 84}, 4},
      {20, kTcp, 22, {60, 400}, 10},
      {15, kTcp, 993, {80, 1200}, 8},
      {12, kTcp, 25, {80, 1400}, 8},
      {10, kUdp, 3478, {100, 1200}, 12},
      {10, kTcp, 8080, {100, 1460}, 10},
      {8, kUdp, 5060, {400, 900}, 3},
      {7, kEsp, 0, {100, 1400}, 13},
      {3, kGre, 0, {80, 1400}, 12},
  }};
  uint32_t ticket = random_.below(1000);
  size_t chosen = 0;
  while (ticket >= kApplications[chosen].weight) ticket -= kApplications[chosen++].weight;
  const Application& application = kApplications[chosen];

  flow.protocol = application.protocol == kIcmp && !flow.is_v4() ? kIcmpv6 : application.protocol;
  if (application.protocol == kTcp || application.protocol == kUdp) {
    const auto ephemeral = static_cast<uint16_t>(random_.between(32'768, 60'999));
    const auto server =
        application.server_port != 0 ? application.server_port : static_cast<uint16_t>(random_.between(1024, 65'535));
    flow.source_port = from_remote ? server : ephemeral;
    flow.destination_port = from_remote ? ephemeral : server;
  } else if (application.protocol == kIcmp) {
    const uint16_t echo = flow.is_v4() ? (from_remote ? 0 : 8) : (from_remote ? 129 : 128);
    flow.destination_port = static_cast<uint16_t>(echo << 8);
  }
  if (random_.percent(6)) flow.tos = random_.percent(50) ? 0xb8 : 0x28;  // EF, AF11
  choose_size(flow, application, from_remote);
}

void FlowModel::choose_size(Flow& flow, const Application& application, bool from_remote) {
  const uint32_t overhead = flow.is_v4() ? 0 : 20;  // the longer header
  const bool scan = application.protocol == kTcp && random_.percent(7);
  if (scan) {
    flow.packets = 1;
    flow.bytes = 44 + overhead;
    flow.tcp_flags = from_remote && random_.percent(60) ? 0x02 : 0x14;  // SYN, or RST and ACK
    return;
  }
  // Two draws make the long flows rare: many mice, few elephants.
  const uint32_t octaves = 1 + random_.below(application.packet_octaves);
  flow.packets = 1 + random_.zipf(octaves);
  uint32_t size = random_.between(application.packet_bytes[0], application.packet_bytes[1]);
  if (!from_remote && application.server_port != 0) size = std::max(size / 4, uint32_t{40});  // requests are smaller
  flow.bytes = flow.packets * (size + overhead);
  if (application.protocol == kTcp) {
    constexpr std::array<uint8_t, 4> kFlags = {0x1b, 0x1b, 0x18,
                                               0x1e};  // whole connections, parts of longer ones, resets
    flow.tcp_flags = flow.packets < 3 ? 0x10 : kFlags[random_.below(4)];
  }
}

}  // namespace weir::gen
