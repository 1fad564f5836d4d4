// Thousands of exporters of one model announce the same templates: what was compiled of a layout is kept once and
// shared by all sessions that use it.
#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>

#include "base/keyed_hash.h"
#include "decode/template/compiled_template.h"
#include "flow/schema.h"

namespace weir::decode {

class TemplatePool {
 public:
  explicit TemplatePool(flow::SchemaPtr schema = flow::Schema::flows()) : schema_(std::move(schema)) {}

  // Of the rows that plans compiled from now on will make.
  void set_schema(flow::SchemaPtr schema);
  const flow::SchemaPtr& schema() const { return schema_; }
  // The layout, compiled if one like it is that somebody still uses.
  TemplatePtr hold(Template layout);
  // Its compiled form, of the schema there is now.
  TemplatePtr compile(const Template& layout);
  // Of all that somebody still uses, in bytes.
  size_t memory() const { return memory_->load(std::memory_order_relaxed); }

 private:
  using Known = std::weak_ptr<const CompiledTemplate>;
  Known& known(const Template& layout);
  TemplatePtr keep(Known& known, CompiledTemplate made);
  void forget_unused();

  flow::SchemaPtr schema_;
  std::shared_ptr<std::atomic<size_t>> memory_ = std::make_shared<std::atomic<size_t>>(0);
  // By a hash of the layout, which an exporter may make collide: a different layout under the same hash is compiled for
  // itself, so that a collision costs memory, but neither time nor correctness.
  boost::unordered_flat_map<uint64_t, Known, KeyedHash> known_;
  size_t forget_at_ = 1024;  // entries at which unused ones are looked for
};

}  // namespace weir::decode
