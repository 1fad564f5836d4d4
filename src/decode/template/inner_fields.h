// Which fields of a template are about the inner packet of a tunnel.
//
// A template with a repeated element describes two packets, the outer first: Cisco IOS XR does so for SRv6, where the
// outer addresses are IPv6 (27, 28) and the inner ones may be IPv4 (8, 12). But both families in a template that has
// one protocol are those of one packet, with the unused ones zero.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "decode/template/template.h"
#include "flow/columns.gen.h"

namespace weir::decode {

struct InnerFields {
  std::vector<bool> inner;  // of each field
  uint16_t etype = 0;       // of the inner packet by the family of its addresses, 0 if there are none
};

InnerFields find_inner_fields(const Template& layout);

// The column of an inner field; nullopt if there is none for its element.
std::optional<flow::Column> inner_column(const FieldSpec& field);

}  // namespace weir::decode
