// [[columns]]: columns that the operator adds to those of flows.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "flow/schema.h"

namespace weir::config {

// An information element, written "ENTERPRISE:NUMBER"; enterprise 0 is IANA. A vendor's number from 32768 is the one
// with the enterprise bit, as vendors list them for NetFlow v9: "9:44940" is 44940 of NetFlow v9 and 9:12172 of IPFIX.
struct Element {
  uint32_t enterprise = 0;
  uint16_t number = 0;
  bool operator==(const Element&) const = default;
};

struct Column {
  std::string name;
  Element element;
  std::string type;
  std::string conversion;  // empty: the usual one of the type
  bool operator==(const Column&) const = default;
};

// The words for types and conversions, separated by one space.
inline constexpr std::string_view kTypeNames = "u8 u16 u32 u64 text address mac timestamp f64";
inline constexpr std::string_view kConversionNames =
    "uint text address mac real seconds milliseconds ntp delta_us uptime_ms mpls_label high_byte low_byte "
    "forwarding_status application_id";

std::optional<Element> parse_element(std::string_view text);
std::string to_string(const Element& element);

// The columns of flows with these; fails as flow::Schema::flows_with. Types and conversions are of the words above.
Result<flow::SchemaPtr> flow_schema(std::span<const Column> columns);

}  // namespace weir::config
