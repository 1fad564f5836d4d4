#include "app/weir/record_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "flow/element.h"

namespace weir::app {
namespace {

// RFC 3954 section 6.1: the scope of NetFlow v9 options has types of its own, 1 to 5.
constexpr std::array<std::string_view, 6> kV9Scopes = {"", "system", "interface", "lineCard", "cache", "template"};

FieldSlot slot_of(const decode::FieldView& field, flow::FlowType type) {
  FieldSlot slot{.label = {}, .type = flow::AbstractType::unsigned64, .scope = field.scope, .repeats_earlier = false};
  if (field.scope && type == flow::FlowType::netflow_v9) {
    const bool known = field.element > 0 && field.element < kV9Scopes.size();
    slot.label = known ? std::string(kV9Scopes[field.element]) : fmt::format("scope:{}", field.element);
  } else {
    slot.label = flow::element_label(field.enterprise, field.element);
    slot.type = flow::element_type(field.enterprise, field.element);
  }
  return slot;
}

}  // namespace

std::span<const FieldSlot> RecordLayout::slots(const decode::RecordView& record) {
  if (!matches(record)) rebuild(record);
  return slots_;
}

bool RecordLayout::matches(const decode::RecordView& record) const {
  const auto same = [](const Key& key, const decode::FieldView& field) {
    return key == Key{field.enterprise, field.element, field.scope};
  };
  return record.type == type_ && std::ranges::equal(keys_, record.fields, same);
}

void RecordLayout::rebuild(const decode::RecordView& record) {
  type_ = record.type;
  keys_.clear();
  slots_.clear();
  for (const decode::FieldView& field : record.fields) {
    const Key key{field.enterprise, field.element, field.scope};
    FieldSlot slot = slot_of(field, record.type);
    // From the back: the nearest earlier field of the same name.
    for (size_t earlier = keys_.size(); earlier-- > 0;) {
      if (keys_[earlier] != key) continue;
      slots_[earlier].next = keys_.size();
      slot.repeats_earlier = true;
      break;
    }
    keys_.push_back(key);
    slots_.push_back(std::move(slot));
  }
}

}  // namespace weir::app
