#include "decode/template/sampling.h"

#include "base/big_endian.h"

namespace weir::decode {
namespace {

constexpr uint64_t kRandomNOutOfN = 3;  // IANA: PSAMP parameters, selectorAlgorithm

}  // namespace

SamplingFields::SamplingFields(const Template& layout) {
  struct Position {
    uint16_t element;
    uint16_t& at;
  };
  uint16_t sampler_id = kNone;
  const Position positions[] = {{34, interval_},      {50, random_interval_}, {305, packet_interval_},
                                {306, packet_space_}, {309, size_},           {310, population_},
                                {302, selector_},     {48, sampler_id},       {304, algorithm_}};
  for (uint16_t i = 0; i < layout.fields.size(); ++i) {
    const FieldSpec& field = layout.fields[i];
    // The scope types of NetFlow v9 are no elements: 1 to 5 only.
    if (field.enterprise != 0) continue;
    for (const Position& position : positions) {
      if (field.element == position.element && position.at == kNone) position.at = i;
    }
  }
  if (selector_ == kNone) selector_ = sampler_id;
  any_rate_ = interval_ != kNone || random_interval_ != kNone || packet_interval_ != kNone ||
              (size_ != kNone && population_ != kNone);
}

uint64_t SamplingFields::value(std::span<const ByteView> fields, uint16_t position) const {
  return position == kNone || fields[position].size() > 8 ? 0 : load_be_sized(fields[position]);
}

uint32_t SamplingFields::rate(std::span<const ByteView> fields) const {
  uint64_t rate = value(fields, interval_);
  if (rate == 0) rate = value(fields, random_interval_);
  const uint64_t size = value(fields, size_);
  const uint64_t random = size == 0 ? 0 : value(fields, population_) / size;
  if (rate == 0 && value(fields, algorithm_) == kRandomNOutOfN) rate = random;
  // RFC 5477 section 8.2: `interval` packets are taken, then `space` packets are not. Exporters that send no space mean
  // one packet in `interval`.
  const uint64_t taken = value(fields, packet_interval_);
  const uint64_t space = value(fields, packet_space_);
  if (rate == 0 && packet_space_ == kNone) rate = taken;
  if (rate == 0 && taken != 0 && taken <= UINT32_MAX && space <= UINT32_MAX) rate = (taken + space) / taken;
  if (rate == 0) rate = random;
  return rate <= UINT32_MAX ? static_cast<uint32_t>(rate) : 0;
}

std::optional<uint64_t> SamplingFields::selector(std::span<const ByteView> fields) const {
  if (selector_ == kNone || fields[selector_].empty()) return std::nullopt;
  return value(fields, selector_);
}

}  // namespace weir::decode
