// What is in the records of sFlow samples: one table, with the names of the specifications' structures in snake case.
// It is enough to print every record, to fill the columns that a field has, and to make counter rows.
//
// Sources: sflow_version_5.txt, sflow_80211.txt, sflow_lag.txt, sflow_host.txt, sflow_host_ip.txt, sflow_http.txt,
// sflow_memcache.txt, sflow_application.txt, sflow_jvm.txt, sflow_openflow.txt, sflow_tunnels.txt, sflow_pnat.txt,
// sflow_drops.txt, sflow_transit.txt, sflow_optics.txt, sflow_broadcom_tables.txt of sflow.org; records 0:1041 and
// 0:1042 and enterprise 5703 are those of host-sflow.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "decode/sflow/sample.h"
#include "flow/columns.gen.h"

namespace weir::decode::sflow {

enum class Kind : uint8_t {
  u32,
  i32,
  u64,
  percent,      // u32, hundredths of a percent
  real,         // IEEE 754 single precision
  mac,          // opaque[6], padded
  ipv4,         // opaque[4]
  ipv6,         // opaque[16]
  address,      // union address: a type, then 0, 4 or 16 bytes
  uuid,         // opaque[16]
  text,         // string<>
  bytes,        // opaque<>
  labels,       // MPLS label stack entries (RFC 3032), top first
  tags,         // TPID and TCI of 802.1Q tags, outermost first
  communities,  // BGP communities
  as_path,      // segments of AS numbers
  adapters,     // interface indexes with their MAC addresses
  lanes,        // of an optical module
};

struct Field {
  std::string_view name;
  Kind kind;
  // That the value goes to as it is, unless the row has one already.
  std::optional<flow::Column> column = std::nullopt;
};

struct Layout {
  uint32_t format;
  std::string_view name;
  std::span<const Field> fields;
  size_t required;  // fields that must be there; older agents leave out later ones
};

inline constexpr uint32_t kRawHeader = format_of(0, 1);

inline constexpr size_t kMaxFields = 36;
// Words of a lane of an optical module, and their names.
extern const std::array<std::string_view, 10> kLaneFields;

// nullptr: not known.
const Layout* flow_layout(uint32_t format);
const Layout* counter_layout(uint32_t format);

struct Value {
  uint64_t number = 0;  // of numbers, and of a MAC address; a percentage in hundredths
  double real = 0;
  IpAddress address;
  bool has_address = false;
  ByteView bytes;  // texts, bytes and lists; lists without their count, except as_path and adapters
};

using Values = std::array<Value, kMaxFields>;

// Reads the fields of a record. The number of fields that are there, at least layout.required; 0 if the record is
// damaged. Bytes behind the last field are nobody's business: later versions of a structure add fields.
size_t read_fields(const Layout& layout, ByteView body, Values& values);

// What the specifications use for "not known": all bits set, for reals anything negative or not a number.
bool is_unknown(Kind kind, const Value& value);

// Segments of an AS path, one after the other; as_path has been read by read_fields, so that it is whole.
struct AsSegment {
  bool set = false;  // AS_SET: no order
  ByteView numbers;  // 4 bytes each
};
bool next_segment(XdrReader& as_path, AsSegment& segment);

struct Adapter {
  uint32_t if_index = 0;
  ByteView macs;  // 8 bytes each, 6 of them used
};
bool next_adapter(XdrReader& adapters, Adapter& adapter);

// Why a packet was dropped, as sflow_drops.txt names it; empty if the code is not known.
std::string_view drop_reason_name(uint32_t reason);

}  // namespace weir::decode::sflow
