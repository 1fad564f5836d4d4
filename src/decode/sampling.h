// Sampling rates, as exporters announce them: "one packet in N". A rate comes in the flow record itself, in options
// records about a sampler or about the whole observation domain, or from the operator.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "decode/template.h"

namespace weir::decode {

// Positions of the fields of a record that speak of sampling. Elements 34, 50, 305, 306, 309 and 310 make a rate; 48
// and 302 name the sampler.
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
  uint16_t selector_ = kNone;         // 302 selectorId, 48 samplerId
};

// What options records of one observation domain said.
class SamplingState {
 public:
  // Samplers a device can have; Cisco's highest sampler id is 255. More are ignored: it is no use to forget others.
  static constexpr size_t kMaxSelectors = 256;

  void set_domain_rate(uint32_t rate) { domain_rate_ = rate; }
  void set_selector_rate(uint64_t selector, uint32_t rate);
  void clear() { *this = {}; }

  // The rate of a record: that of its sampler if it names one we know, else the domain's. A record that names none, of
  // a domain with one sampler only, was sampled by that one. 0: not announced.
  uint32_t rate_for(std::optional<uint64_t> selector) const;

 private:
  uint32_t domain_rate_ = 0;
  std::map<uint64_t, uint32_t> selectors_;
};

}  // namespace weir::decode
