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

size_t CompiledTemplate::memory() const {
  return sizeof(*this) + layout.fields.capacity() * sizeof(FieldSpec) + plan.memory() +
         lists.capacity() * sizeof(List) + (options ? sizeof(OptionsFields) : 0);
}

}  // namespace weir::decode
