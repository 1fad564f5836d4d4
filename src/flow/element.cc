#include "flow/element.h"

#include <algorithm>
#include <utility>

namespace weir::flow {
namespace {

constexpr uint32_t kCertEnterprise = 6871;
constexpr uint16_t kCertReverseBit = 0x4000;
constexpr uint32_t kNtopEnterprise = 35632;
constexpr uint16_t kNtopFirstV9Number = 57472;

struct Resolved {
  const ElementName* element;  // nullptr if unknown
  bool reverse;
};

Resolved resolve(uint32_t enterprise, uint16_t number) {
  if (enterprise == kReverseEnterprise) return {find_element(0, number), true};
  if (enterprise == kCertEnterprise && (number & kCertReverseBit) != 0) {
    return {find_element(kCertEnterprise, static_cast<uint16_t>(number - kCertReverseBit)), true};
  }
  if (enterprise == 0 && number >= kNtopFirstV9Number) {
    return {find_element(kNtopEnterprise, static_cast<uint16_t>(number - kNtopFirstV9Number)), false};
  }
  return {find_element(enterprise, number), false};
}

}  // namespace

const ElementName* find_element(uint32_t enterprise, uint16_t number) {
  const std::pair key{enterprise, number};
  const auto key_of = [](const ElementName& element) { return std::pair{element.enterprise, element.number}; };
  const auto found = std::ranges::lower_bound(kElementNames, key, {}, key_of);
  return found != kElementNames.end() && key_of(*found) == key ? &*found : nullptr;
}

AbstractType element_type(uint32_t enterprise, uint16_t number) {
  const ElementName* element = resolve(enterprise, number).element;
  return element != nullptr ? element->type : AbstractType::octetArray;
}

std::string element_label(uint32_t enterprise, uint16_t number) {
  const auto [element, reverse] = resolve(enterprise, number);
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
