// A template and all that is made of it when it is announced, so that a record costs as little as possible.
#pragma once

#include <memory>
#include <vector>

#include "decode/template/options_fields.h"
#include "decode/template/plan.h"
#include "decode/template/template.h"
#include "flow/element.h"
#include "flow/schema.h"

namespace weir::decode {

// Immutable. Shared by all sessions with this layout, and by sets that are being decoded while a datagram redefines it.
struct CompiledTemplate {
  CompiledTemplate(Template announced, flow::SchemaPtr rows);
  // The plan looks at the fields of the layout, which stay where they are.
  CompiledTemplate(CompiledTemplate&&) = default;
  CompiledTemplate& operator=(CompiledTemplate&&) = default;
  // Memory in all, in bytes.
  size_t memory() const;

  Template layout;
  flow::SchemaPtr schema;  // of the rows that the plan makes
  DecodePlan plan;
  std::unique_ptr<const OptionsFields> options;  // only of an options template
  struct List {
    size_t field;
    flow::AbstractType type;
  };
  std::vector<List> lists;  // fields of structured data
};
using TemplatePtr = std::shared_ptr<const CompiledTemplate>;

}  // namespace weir::decode
