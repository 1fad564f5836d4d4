// Names and abstract types of information elements, by enterprise and number: the tables of schema/iana_elements.csv
// and schema/enterprise_elements.csv, and three families of numbers that follow from a rule:
//
//   29305:N         the reverse direction of the IANA element N (RFC 5103 section 6.1)
//   6871:N + 16384  the reverse direction of the CERT (YAF) element N
//   0:57472 + N     NetFlow v9 has no enterprises; nProbe numbers its element 35632:N like this there
#pragma once

#include <cstdint>
#include <string>

#include "flow/elements.gen.h"

namespace weir::flow {

inline constexpr uint32_t kReverseEnterprise = 29305;

// The table's row for exactly this number, or nullptr.
const ElementName* find_element(uint32_t enterprise, uint16_t number);

// The type of the element, by table or rule; octetArray if it is not known.
AbstractType element_type(uint32_t enterprise, uint16_t number);

// The element's name, by table or rule: "octetDeltaCount", "reverseOctetDeltaCount", or "ENTERPRISE:NUMBER" if it is
// not known. Never empty; different elements have different names.
std::string element_label(uint32_t enterprise, uint16_t number);

}  // namespace weir::flow
