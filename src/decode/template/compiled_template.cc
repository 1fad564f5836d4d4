#include "decode/template/compiled_template.h"

#include <utility>

#include "decode/template/structured_data.h"

namespace weir::decode {

CompiledTemplate::CompiledTemplate(Template announced, flow::SchemaPtr rows)
    : layout(std::move(announced)), schema(std::move(rows)), plan(layout, *schema) {
  if (layout.options) options = std::make_unique<const OptionsFields>(layout);
  for (size_t i = 0; i < layout.fields.size(); ++i) {
    const flow::AbstractType type = flow::element_type(layout.fields[i].enterprise, layout.fields[i].element);
    if (is_list(type)) lists.push_back({i, type});
  }
}

size_t CompiledTemplate::memory_of(const Template& layout) {
  // With the labels of fields that have no column, and with what the allocator adds.
  constexpr size_t kOfField = sizeof(FieldSpec) + sizeof(Step) + 4;
  constexpr size_t kBlocks = 4 * 16;
  return sizeof(CompiledTemplate) + layout.fields.size() * kOfField + kBlocks;
}

}  // namespace weir::decode
