#include "decode/template/template_pool.h"

#include <algorithm>
#include <utility>

namespace weir::decode {
namespace {

uint64_t hash_of(const Template& layout) {
  uint64_t hash = std::to_underlying(layout.id) * 2U + (layout.options ? 1U : 0U);
  for (const FieldSpec& field : layout.fields) {
    const uint64_t what = uint64_t{field.enterprise} << 32 | uint32_t{field.element} << 16 | field.length;
    hash = keyed_hash(hash + (field.scope ? 1 : 0), what);
  }
  return hash;
}

bool is(const CompiledTemplate& known, const Template& layout) {
  return known.layout.id == layout.id && known.layout.same_layout(layout);
}

}  // namespace

void TemplatePool::set_schema(flow::SchemaPtr schema) {
  if (schema == schema_) return;
  schema_ = std::move(schema);
  known_.clear();
}

TemplatePool::Known& TemplatePool::known(const Template& layout) {
  if (known_.size() >= forget_at_) forget_unused();
  return known_[hash_of(layout)];
}

// Another layout of the same hash that is known already stays known.
TemplatePtr TemplatePool::keep(Known& known, CompiledTemplate made) {
  made.memory = {memory_, CompiledTemplate::memory_of(made.layout)};
  auto kept = std::make_shared<const CompiledTemplate>(std::move(made));
  const TemplatePtr before = known.lock();
  if (!before || is(*before, kept->layout)) known = kept;
  return kept;
}

TemplatePtr TemplatePool::hold(Template layout) {
  Known& like = known(layout);
  if (TemplatePtr shared = like.lock(); shared && is(*shared, layout)) return shared;
  return keep(like, CompiledTemplate(std::move(layout)));
}

TemplatePtr TemplatePool::compile(const Template& layout) {
  Known& like = known(layout);
  if (TemplatePtr shared = like.lock(); shared && shared->schema == schema_ && is(*shared, layout)) return shared;
  return keep(like, CompiledTemplate(layout, schema_));
}

// The next time when twice as many have gathered: on average this costs a new layout a constant time.
void TemplatePool::forget_unused() {
  boost::unordered::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
  forget_at_ = std::max<size_t>(1024, known_.size() * 2);
}

}  // namespace weir::decode
