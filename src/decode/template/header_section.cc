#include "decode/template/header_section.h"

#include <algorithm>

#include "base/big_endian.h"

namespace weir::decode {
namespace {

using flow::Column;

uint64_t number(ByteView bytes) { return bytes.size() <= 8 ? load_be_sized(bytes) : 0; }

// A sampled packet, unless the record has counters of its own: those of a whole flow.
void put_counters(uint64_t bytes, flow::FlowBatch& batch, size_t row) {
  if (batch.is_valid(Column::bytes, row) || batch.is_valid(Column::packets, row)) return;
  batch.values<Column::packets>()[row] = 1;
  batch.set_valid(Column::packets, row, 1);
  if (bytes == 0) return;
  batch.values<Column::bytes>()[row] = bytes;
  batch.set_valid(Column::bytes, row, 1);
}

}  // namespace

HeaderSection::HeaderSection(const Template& layout) {
  const auto note = [this](Detail detail, uint16_t field) {
    if (details_[detail] < 0) details_[detail] = field;
  };
  for (uint16_t i = 0; i < layout.fields.size(); ++i) {
    const FieldSpec& field = layout.fields[i];
    if (field.enterprise != 0 || field.scope || field.length == 0) continue;
    switch (field.element) {
      case 104:
      case 315:
        sections_.push_back({i, packet::Link::ethernet});
        break;
      case 313:
        sections_.push_back({i, packet::Link::ip});
        break;
      case 102:
      case 409:
        note(offset, i);
        break;
      case 103:
        note(layer2_size, i);
        break;
      case 312:
        note(frame_size, i);
        break;
      case 408:
        note(frame_type, i);
        break;
      case 410:
        note(exported_bytes, i);
        break;
      default:
        break;
    }
  }
}

void HeaderSection::put(const Section& section, ByteView bytes, const Values& values, packet::Packet& scratch,
                        flow::FlowBatch& batch, size_t row) {
  constexpr uint64_t kEthernet = 1;
  const bool frame = section.link == packet::Link::ethernet;
  if (number(values[offset]) != 0 || bytes.empty()) return;
  if (frame && !values[frame_type].empty() && number(values[frame_type]) != kEthernet) return;

  // The registry calls 103 the forerunner of 312, its own description the size of the section.
  uint64_t size = number(values[frame_size]);
  const uint64_t layer2_size_value = number(values[layer2_size]);
  if (size == 0 && layer2_size_value != bytes.size()) size = layer2_size_value;
  const uint64_t exported = number(values[exported_bytes]);
  if (exported != 0) bytes = bytes.first(std::min<uint64_t>(exported, bytes.size()));
  if (frame && size != 0) bytes = bytes.first(std::min<uint64_t>(size, bytes.size()));

  packet::dissect(bytes, section.link, scratch);
  packet::put_columns(scratch, batch, row);
  const packet::Headers& network = scratch.outer.ip ? scratch.outer : scratch.inner;
  put_counters(size != 0 ? size : network.ip_length, batch, row);
}

}  // namespace weir::decode
