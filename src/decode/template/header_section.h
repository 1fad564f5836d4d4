// Fields that carry the first bytes of a packet (RFC 7133, RFC 5477): 315 dataLinkFrameSection, 313
// ipHeaderPacketSection, and 104 layer2packetSectionData, which Cisco used before there was 315. The columns that the
// record itself leaves null are filled from the headers in there.
//
//   408 dataLinkFrameType               1 Ethernet; anything else is not read. Absent: Ethernet
//   409 sectionOffset, 102              a section that does not begin with the packet's first header is not read
//   410 sectionExportedOctets           how much of a section of fixed length was filled
//   312 dataLinkFrameSize, 103          bytes of the whole frame
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "decode/packet/packet.h"
#include "decode/template/template.h"
#include "flow/batch.h"

namespace weir::decode {

class HeaderSection {
 public:
  explicit HeaderSection(const Template& layout);

  bool present() const { return !sections_.empty(); }

  // field_of(position in the template): the bytes of that field of the record of `row`. `scratch` is overwritten.
  template <class FieldOf>
  void put(const FieldOf& field_of, packet::Packet& scratch, flow::FlowBatch& batch, size_t row) const {
    Values values;
    for (size_t i = 0; i < kDetails; ++i) {
      if (details_[i] >= 0) values[i] = field_of(static_cast<size_t>(details_[i]));
    }
    for (const Section& section : sections_) put(section, field_of(section.field), values, scratch, batch, row);
  }

 private:
  enum Detail : uint8_t { frame_type, offset, exported_bytes, frame_size, layer2_size };
  static constexpr size_t kDetails = layer2_size + 1;
  using Values = std::array<ByteView, kDetails>;
  struct Section {
    uint16_t field;
    packet::Link link;
  };

  static void put(const Section& section, ByteView bytes, const Values& values, packet::Packet& scratch,
                  flow::FlowBatch& batch, size_t row);

  std::vector<Section> sections_;
  std::array<int, kDetails> details_{-1, -1, -1, -1, -1};  // position in the template, -1: not there
};

}  // namespace weir::decode
