// Sampling rates, as exporters announce them: "one packet in N". A rate comes in the flow record itself, in options
// records (decode/template/options_state.h), or from the operator.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "decode/template/template.h"

namespace weir::decode {

// Positions of the fields of a record that speak of sampling. Elements 34, 50, 305, 306, 309 and 310 make a rate; 48
// and 302 name the sampler. 35, 49 and 304 say how packets are chosen, which changes the rate only where an exporter
// sends two of them: of random n-out-of-N sampling (304 is 3, RFC 5477 section 8.2.1) 309 and 310 say the rate.
class SamplingFields {
 public:
  SamplingFields() = default;
  explicit SamplingFields(const Template& layout);

  bool any_rate() const { return any_rate_; }
  // The rate can be had from the column's own elements, 34 and 50, alone.
  bool simple() const { return packet_interval_ == kNone && (size_ == kNone || population_ == kNone); }
  // Position of the field that names the sampler; negative if there is none.
  int selector_field() const { return selector_ == kNone ? -1 : selector_; }
  // The announced rate, 0 if there is none. fields: the record's values in wire order.
  uint32_t rate(std::span<const ByteView> fields) const;
  std::optional<uint64_t> selector(std::span<const ByteView> fields) const;

 private:
  static constexpr uint16_t kNone = UINT16_MAX;
  uint64_t value(std::span<const ByteView> fields, uint16_t position) const;

  bool any_rate_ = false;
  uint16_t interval_ = kNone;         // 34 samplingInterval
  uint16_t random_interval_ = kNone;  // 50 samplerRandomInterval
  uint16_t packet_interval_ = kNone;  // 305 samplingPacketInterval
  uint16_t packet_space_ = kNone;     // 306 samplingPacketSpace
  uint16_t size_ = kNone;             // 309 samplingSize
  uint16_t population_ = kNone;       // 310 samplingPopulation
  uint16_t algorithm_ = kNone;        // 304 selectorAlgorithm
  uint16_t selector_ = kNone;         // 302 selectorId, 48 samplerId
};

}  // namespace weir::decode
