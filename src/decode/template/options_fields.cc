#include "decode/template/options_fields.h"

#include <algorithm>

#include "base/big_endian.h"

namespace weir::decode {
namespace {

constexpr uint16_t kV9ScopeInterface = 2;
constexpr uint16_t kV9ScopeTemplate = 5;
constexpr uint16_t kV9LastScope = 5;

}  // namespace

OptionsFields::OptionsFields(const Template& layout) : sampling_(layout) {
  struct Position {
    uint16_t element;
    uint16_t& at;
    bool scope_only = false;
  };
  const auto name = [this](NameKind kind) -> uint16_t& { return names_[static_cast<size_t>(kind)]; };
  // Of several for the same place, the first in this list wins.
  const Position positions[] = {{10, in_if_},
                                {252, in_if_},
                                {14, out_if_},
                                {253, out_if_},
                                {145, data_template_, true},
                                {160, start_},
                                {234, vrf_},
                                {235, vrf_},
                                {95, application_},
                                {82, name(NameKind::interface_name)},
                                {83, name(NameKind::interface_description)},
                                {236, name(NameKind::vrf)},
                                {96, name(NameKind::application)},
                                {94, name(NameKind::application_description)},
                                {335, name(NameKind::selector)},
                                {84, name(NameKind::selector)}};
  for (const Position& position : positions) {
    for (uint16_t i = 0; i < layout.fields.size() && position.at == kNone; ++i) {
      const FieldSpec& field = layout.fields[i];
      if (field.enterprise == 0 && field.element == position.element && (field.scope || !position.scope_only)) {
        position.at = i;
      }
    }
  }
  // IPFIX elements 1 to 5 mean nothing as a scope: whoever sends them, converters among them, means NetFlow v9's.
  for (uint16_t i = 0; i < layout.fields.size(); ++i) {
    const FieldSpec& field = layout.fields[i];
    if (!field.scope || field.enterprise != 0 || field.element > kV9LastScope) continue;
    if (field.element == kV9ScopeInterface) in_if_ = i;
    if (field.element == kV9ScopeTemplate) data_template_ = i;
  }
  any_name_ = std::ranges::any_of(names_, [](uint16_t position) { return position != kNone; });
}

uint64_t OptionsFields::number(std::span<const ByteView> fields, uint16_t position) const {
  return position == kNone || fields[position].size() > 8 ? 0 : load_be_sized(fields[position]);
}

uint32_t OptionsFields::index(std::span<const ByteView> fields, uint16_t position) const {
  const uint64_t value = number(fields, position);
  return value <= UINT32_MAX ? static_cast<uint32_t>(value) : 0;
}

TemplateId OptionsFields::data_template(std::span<const ByteView> fields) const {
  const uint64_t value = number(fields, data_template_);
  return value <= UINT16_MAX ? TemplateId{static_cast<uint16_t>(value)} : TemplateId{};
}

uint64_t OptionsFields::start_ms(std::span<const ByteView> fields) const { return number(fields, start_); }

std::optional<uint64_t> OptionsFields::key(std::span<const ByteView> fields, NameKind kind) const {
  switch (kind) {
    case NameKind::interface_name:
    case NameKind::interface_description: {
      const uint32_t in = in_if(fields);
      const uint32_t any = in != 0 ? in : out_if(fields);
      return any != 0 ? std::optional<uint64_t>(any) : std::nullopt;
    }
    case NameKind::vrf:
      return vrf_ == kNone || fields[vrf_].empty() ? std::nullopt : std::optional(number(fields, vrf_));
    case NameKind::application:
    case NameKind::application_description:
      return application_ == kNone ? std::nullopt : application_key(fields[application_]);
    case NameKind::selector:
      return sampling_.selector(fields);
  }
  return std::nullopt;
}

}  // namespace weir::decode
