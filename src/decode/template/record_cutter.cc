#include "decode/template/record_cutter.h"

#include "base/big_endian.h"

namespace weir::decode {
std::optional<ByteView> take_value(ByteReader& in, uint16_t length) {
  if (length != kVariableLength) return in.take(length);
  constexpr uint8_t kLongLength = 255;
  const auto first = in.read<BigEndian<uint8_t>>();
  if (!first || *first < kLongLength) return first ? in.take(*first) : std::nullopt;
  const auto longer = in.read<Be16>();
  return longer ? in.take(*longer) : std::nullopt;
}

ByteView RecordCutter::next(std::vector<ByteView>& fields) {
  // Padding is shorter than any record (RFC 7011 section 3.3.1).
  if (in_.remaining() < layout_.min_length) return {};
  if (!layout_.variable && layout_.min_length <= UINT16_MAX) {
    const ByteView record = *in_.take(layout_.min_length);
    for (const FieldSpec& field : layout_.fields) fields.push_back(record.subspan(field.offset, field.length));
    return record;
  }
  const size_t before = fields.size();
  ByteReader reader = in_;
  for (const FieldSpec& field : layout_.fields) {
    const auto value = take_value(reader, field.length);
    if (!value) {
      fields.resize(before);
      overran_ = true;
      return {};
    }
    fields.push_back(*value);
  }
  const ByteView record = in_.rest().first(in_.remaining() - reader.remaining());
  in_ = reader;
  return record;
}

}  // namespace weir::decode
