// Names and abstract types of information elements, by enterprise and number: the tables of schema/iana_elements.csv
// and schema/enterprise_elements.csv.
#pragma once

#include <cstdint>
#include <string>

#include "flow/elements.gen.h"

namespace weir::flow {

// RFC 5103 section 6.1: an IANA element of the reverse direction of a biflow has its own number under this enterprise.
inline constexpr uint32_t kReverseEnterprise = 29305;

// nullptr if the element is not known. An element of kReverseEnterprise is not in the table: look its number up under
// 0.
const ElementName* find_element(uint32_t enterprise, uint16_t number);

// What the element's octets mean; octetArray if nobody told us. A reverse element has the type of its forward element.
AbstractType element_type(uint32_t enterprise, uint16_t number);

// The element's name for people, never empty and different for different elements: "octetDeltaCount",
// "reverseOctetDeltaCount", or "ENTERPRISE:NUMBER" if it is not known.
std::string element_label(uint32_t enterprise, uint16_t number);

}  // namespace weir::flow
