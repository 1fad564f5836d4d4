#include "decode/template/template_pool.h"

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <utility>

namespace weir::decode {
namespace {

uint64_t hash_of(const Template& layout) {
  size_t hash = std::to_underlying(layout.id) * 2U + (layout.options ? 1U : 0U);
  for (const FieldSpec& field : layout.fields) {
    boost::hash_combine(hash, uint64_t{field.enterprise} << 32 | uint32_t{field.element} << 16 | field.length);
    boost::hash_combine(hash, field.scope);
  }
  return hash;
}

}  // namespace

void TemplatePool::set_schema(flow::SchemaPtr schema) {
  if (schema == schema_) return;
  schema_ = std::move(schema);
  known_.clear();
}

TemplatePtr TemplatePool::compile(Template layout) {
  if (known_.size() >= forget_at_) forget_unused();
  std::weak_ptr<const CompiledTemplate>& known = known_[hash_of(layout)];
  if (TemplatePtr shared = known.lock()) {
    if (shared->layout.id == layout.id && shared->layout.same_layout(layout)) return shared;
    return std::make_shared<const CompiledTemplate>(std::move(layout), schema_);
  }
  auto compiled = std::make_shared<const CompiledTemplate>(std::move(layout), schema_);
  known = compiled;
  return compiled;
}

// The next time when twice as many have gathered: on average this costs a new layout a constant time.
void TemplatePool::forget_unused() {
  boost::unordered::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
  forget_at_ = std::max<size_t>(1024, known_.size() * 2);
}

}  // namespace weir::decode
