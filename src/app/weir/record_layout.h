// The names of a record's fields as keys of a JSON object, worked out once for records of the same template.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "decode/decoder.h"
#include "flow/elements.gen.h"

namespace weir::app {

// One field of a record. An element that a template names several times becomes one key with an array: `next` leads
// from the first of them to the last.
struct FieldSlot {
  static constexpr size_t kNone = static_cast<size_t>(-1);

  std::string label;
  flow::AbstractType type;
  bool scope;
  bool repeats_earlier;  // its value is printed with the first field of the same name
  size_t next = kNone;   // the next field of the same name
};

class RecordLayout {
 public:
  // One slot a field; valid until the next call.
  std::span<const FieldSlot> slots(const decode::RecordView& record);

 private:
  struct Key {
    uint32_t enterprise;
    uint16_t element;
    bool scope;
    bool operator==(const Key&) const = default;
  };

  bool matches(const decode::RecordView& record) const;
  void rebuild(const decode::RecordView& record);

  flow::FlowType type_ = flow::FlowType::unknown;
  std::vector<Key> keys_;
  std::vector<FieldSlot> slots_;
};

}  // namespace weir::app
