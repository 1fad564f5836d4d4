// Finds the IP packet in a captured frame.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace weir::net {

struct NetworkPacket {
  uint16_t ether_type;  // kEtypeIpv4, kEtypeIpv6 or another
  ByteView bytes;       // from the IP header on; padding of the link layer may follow the packet
};

// Whether frames of this link layer (a DLT_ number of libpcap) can be read.
bool link_layer_known(int link_type);

// nullopt if the frame is too short for its link layer. link_type must be known.
std::optional<NetworkPacket> strip_link_layer(int link_type, ByteView frame);

}  // namespace weir::net
