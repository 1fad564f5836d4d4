#include "decode/template/record_cutter.h"

#include "base/big_endian.h"

namespace weir::decode {
namespace {

constexpr uint8_t kLongLength = 255;

// RFC 7011 section 7: one octet of length, or 255 and two octets.
std::optional<ByteView> take_variable(ByteReader& in) {
  const auto first = in.read<BigEndian<uint8_t>>();
  if (!first) return std::nullopt;
  size_t length = *first;
  if (length == kLongLength) {
    const auto longer = in.read<Be16>();
    if (!longer) return std::nullopt;
    length = *longer;
  }
  return in.take(length);
}

}  // namespace

ByteView RecordCutter::next(std::vector<ByteView>& fields) {
  // Padding is shorter than any record (RFC 7011 section 3.3.1).
  if (in_.remaining() < layout_.min_length) return {};
  const size_t before = fields.size();
  ByteReader reader = in_;
  for (const FieldSpec& field : layout_.fields) {
    const auto value = field.length == kVariableLength ? take_variable(reader) : reader.take(field.length);
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
