#include "flow/element.h"

#include <algorithm>
#include <utility>

namespace weir::flow {

const ElementName* find_element(uint32_t enterprise, uint16_t number) {
  const std::pair key{enterprise, number};
  const auto key_of = [](const ElementName& element) { return std::pair{element.enterprise, element.number}; };
  const auto found = std::ranges::lower_bound(kElementNames, key, {}, key_of);
  return found != kElementNames.end() && key_of(*found) == key ? &*found : nullptr;
}

AbstractType element_type(uint32_t enterprise, uint16_t number) {
  const ElementName* element = find_element(enterprise == kReverseEnterprise ? 0 : enterprise, number);
  return element != nullptr ? element->type : AbstractType::octetArray;
}

std::string element_label(uint32_t enterprise, uint16_t number) {
  const bool reverse = enterprise == kReverseEnterprise;
  const ElementName* element = find_element(reverse ? 0 : enterprise, number);
  if (element == nullptr) return std::to_string(enterprise) + ":" + std::to_string(number);
  std::string label(element->name);
  if (reverse) {
    // RFC 5103 section 6.1: "reverse", then the name with its first letter as a capital.
    if (label[0] >= 'a' && label[0] <= 'z') label[0] = static_cast<char>(label[0] - 'a' + 'A');
    label.insert(0, "reverse");
  }
  return label;
}

}  // namespace weir::flow
