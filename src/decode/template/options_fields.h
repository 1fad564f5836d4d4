// What an options template's records say that we understand: compiled from the template, once.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "decode/template/options_state.h"
#include "decode/template/sampling.h"
#include "decode/template/template.h"

namespace weir::decode {

// Positions of the fields of options records that name something, or say what a rate or a name belongs to. A NetFlow v9
// scope has types of its own (RFC 3954 section 6.1): 1 system, 3 line card and 4 cache stand for the whole domain here,
// as flow records do not say which of them they come from; 2 is an interface, 5 a template.
class OptionsFields {
 public:
  OptionsFields() = default;
  explicit OptionsFields(const Template& layout);

  const SamplingFields& sampling() const { return sampling_; }
  // SNMP indices that the record speaks about; 0 if none.
  uint32_t in_if(std::span<const ByteView> fields) const { return index(fields, in_if_); }
  uint32_t out_if(std::span<const ByteView> fields) const { return index(fields, out_if_); }
  // Id of the data template that the record speaks about; 0 if none.
  TemplateId data_template(std::span<const ByteView> fields) const;
  // systemInitTimeMilliseconds; 0 if it is not there.
  uint64_t start_ms(std::span<const ByteView> fields) const;

  // Calls learn(NameKind, key, bytes) for every name in the record.
  template <class Learn>
  void each_name(std::span<const ByteView> fields, Learn learn) const;

 private:
  static constexpr uint16_t kNone = UINT16_MAX;
  uint64_t number(std::span<const ByteView> fields, uint16_t position) const;
  uint32_t index(std::span<const ByteView> fields, uint16_t position) const;
  std::optional<uint64_t> key(std::span<const ByteView> fields, NameKind kind) const;

  SamplingFields sampling_;
  uint16_t in_if_ = kNone;          // 10, 252, v9 scope 2
  uint16_t out_if_ = kNone;         // 14, 253
  uint16_t data_template_ = kNone;  // scope 145 templateId, v9 scope 5
  uint16_t start_ = kNone;          // 160 systemInitTimeMilliseconds
  uint16_t vrf_ = kNone;            // 234, 235
  uint16_t application_ = kNone;    // 95
  std::array<uint16_t, kNameKinds> names_{kNone, kNone, kNone, kNone, kNone, kNone};
  bool any_name_ = false;
};

template <class Learn>
void OptionsFields::each_name(std::span<const ByteView> fields, Learn learn) const {
  if (!any_name_) return;
  for (size_t i = 0; i < kNameKinds; ++i) {
    if (names_[i] == kNone) continue;
    const auto kind = static_cast<NameKind>(i);
    if (const std::optional<uint64_t> id = key(fields, kind)) learn(kind, *id, fields[names_[i]]);
  }
}

}  // namespace weir::decode
