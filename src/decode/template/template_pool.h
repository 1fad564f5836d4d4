// Thousands of exporters of one model announce the same templates: what was compiled of a layout is kept once and
// shared by all sessions that use it.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>

#include "decode/template/compiled_template.h"
#include "flow/schema.h"

namespace weir::decode {

class TemplatePool {
 public:
  explicit TemplatePool(flow::SchemaPtr schema = flow::Schema::flows()) : schema_(std::move(schema)) {}

  // Of the rows that plans compiled from now on will make.
  void set_schema(flow::SchemaPtr schema);
  const flow::SchemaPtr& schema() const { return schema_; }
  // The compiled form of the layout: one that somebody still uses, or a new one.
  TemplatePtr compile(Template layout);

 private:
  void forget_unused();

  flow::SchemaPtr schema_;
  // By a hash of the layout, which an exporter may make collide: a different layout under the same hash is compiled for
  // itself, so that a collision costs memory, but neither time nor correctness.
  boost::unordered_flat_map<uint64_t, std::weak_ptr<const CompiledTemplate>> known_;
  size_t forget_at_ = 1024;  // entries at which unused ones are looked for
};

}  // namespace weir::decode
