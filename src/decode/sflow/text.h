// Lists of sFlow records as text, the same in columns and in what people read.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "decode/sflow/layout.h"

namespace weir::decode::sflow {

struct AsPathEnds {
  bool any = false;
  uint32_t first = 0;
  uint32_t last = 0;
};

// "64496 64497 {64500,64501}": an AS set in braces. as_path: as read_fields leaves it. At most `limit` numbers; what
// was cut is still looked at for the ends. Returns false if something was cut.
bool append_as_path(ByteView as_path, size_t limit, std::string& text, AsPathEnds& ends);
// "64496:100 64496:200"; false if something was cut.
bool append_communities(ByteView communities, size_t limit, std::string& text);

// RFC 3032 section 2.1
struct Label {
  uint32_t label;
  uint8_t traffic_class;
  uint8_t ttl;
};
constexpr Label label_of(uint32_t entry) {
  return {entry >> 12, static_cast<uint8_t>(entry >> 9 & 7), static_cast<uint8_t>(entry & 0xff)};
}

// TPID and TCI of IEEE 802.1Q.
struct Tag {
  uint16_t tpid;
  uint16_t vlan;
  uint8_t priority;
};
constexpr Tag tag_of(uint32_t entry) {
  return {static_cast<uint16_t>(entry >> 16), static_cast<uint16_t>(entry & 0xfff),
          static_cast<uint8_t>(entry >> 13 & 7)};
}

inline size_t word_count(ByteView words) { return words.size() / 4; }

}  // namespace weir::decode::sflow
