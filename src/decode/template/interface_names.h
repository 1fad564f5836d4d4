// Which interface a name in a record belongs to: element 82 interfaceName (or 83 interfaceDescription) does not say.
//
//   ingressInterface interfaceName egressInterface interfaceName    each of the one before it (Open vSwitch)
//   interfaceName interfaceName                                     the input's, then the output's
//   egressInterface interfaceName                                   of the only one
//   ingressInterface egressInterface interfaceName                  nobody can tell
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "decode/template/template.h"
#include "flow/columns.gen.h"

namespace weir::decode {

struct InterfaceName {
  uint16_t field;  // position in the template
  flow::Column column;
  bool description;  // a name goes first
};

std::vector<InterfaceName> find_interface_names(const Template& layout);

}  // namespace weir::decode
