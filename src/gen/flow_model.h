// Invents flows as the border router of an access network sees them: 50 thousand customers, 2 million remote addresses,
// both used unevenly (Zipf), with the usual applications and heavy-tailed sizes.
#pragma once

#include <cstdint>

#include "base/ip_address.h"
#include "gen/random.h"

namespace weir::gen {

struct Flow {
  IpAddress source;
  IpAddress destination;
  IpAddress next_hop;
  uint64_t packets = 0;
  uint64_t bytes = 0;  // of IP packets
  uint32_t source_as = 0;
  uint32_t destination_as = 0;
  uint32_t input_interface = 0;
  uint32_t output_interface = 0;
  uint32_t duration_ms = 0;
  uint32_t ended_ms_ago = 0;  // before the export
  uint16_t source_port = 0;
  uint16_t destination_port = 0;  // ICMP: type * 256 + code
  uint8_t protocol = 0;
  uint8_t tos = 0;
  uint8_t tcp_flags = 0;
  uint8_t source_mask = 0;
  uint8_t destination_mask = 0;
  uint8_t direction = 0;  // 0 ingress, 1 egress

  bool is_v4() const { return source.is_v4(); }
};

class FlowModel {
 public:
  FlowModel(uint64_t seed, uint32_t ipv6_percent) : random_(seed), ipv6_percent_(ipv6_percent) {}
  Flow next();

 private:
  struct Application;
  struct Remote;
  void choose_application(Flow& flow, bool from_remote);
  void choose_size(Flow& flow, const Application& application, bool from_remote);
  void choose_addresses(Flow& flow, bool from_remote);

  Random random_;
  uint32_t ipv6_percent_;
};

}  // namespace weir::gen
