#include "app/weir/flow_export.h"

#include "base/big_endian.h"

namespace weir::app {

bool looks_like_flow_export(ByteView datagram) {
  const auto version = ByteReader(datagram).read<Be16>();
  if (!version) return false;
  constexpr struct {
    uint16_t version;
    size_t header_bytes;
  } kHeaders[] = {{1, 16}, {5, 24}, {7, 24}, {9, 20}, {10, 16}};
  for (const auto& header : kHeaders) {
    if (*version == header.version) return datagram.size() >= header.header_bytes;
  }
  // sFlow has a version of 32 bits, then the family of the agent's address: 1 IPv4, 2 IPv6.
  ByteReader sflow(datagram);
  const auto sflow_version = sflow.read<Be32>();
  const auto family = sflow.read<Be32>();
  return family && *sflow_version == 5 && (*family == 1 || *family == 2) && datagram.size() >= 28;
}

}  // namespace weir::app
