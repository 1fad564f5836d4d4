// A template and all that is made of it when data of it come, so that a record costs as little as possible.
#pragma once

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "decode/template/options_fields.h"
#include "decode/template/plan.h"
#include "decode/template/template.h"
#include "flow/element.h"
#include "flow/schema.h"

namespace weir::decode {

// Memory of all templates of a pool, wherever they are held.
class TemplateMemory {
 public:
  TemplateMemory() = default;
  TemplateMemory(std::shared_ptr<std::atomic<size_t>> total, size_t bytes) : total_(std::move(total)), bytes_(bytes) {
    *total_ += bytes_;
  }
  TemplateMemory(TemplateMemory&&) = default;
  TemplateMemory& operator=(TemplateMemory&&) = default;
  ~TemplateMemory() {
    if (total_) *total_ -= bytes_;
  }

 private:
  std::shared_ptr<std::atomic<size_t>> total_;
  size_t bytes_ = 0;
};

// Immutable. Shared by all sessions with this layout, and by sets that are being decoded while a datagram redefines it.
struct CompiledTemplate {
  CompiledTemplate(Template announced, flow::SchemaPtr rows);
  // Only held: most templates of a flood never see data, and compiling is the most of what they cost.
  explicit CompiledTemplate(Template announced) : layout(std::move(announced)) {}
  // The plan looks at the fields of the layout, which stay where they are.
  CompiledTemplate(CompiledTemplate&&) = default;
  CompiledTemplate& operator=(CompiledTemplate&&) = default;
  // Memory of one that is compiled, about, in bytes.
  static size_t memory_of(const Template& layout);

  Template layout;
  flow::SchemaPtr schema;  // of the rows that the plan makes; nullptr: not compiled
  DecodePlan plan;
  std::unique_ptr<const OptionsFields> options;  // only of an options template
  struct List {
    size_t field;
    flow::AbstractType type;
  };
  std::vector<List> lists;  // fields of structured data
  TemplateMemory memory;
};
using TemplatePtr = std::shared_ptr<const CompiledTemplate>;

}  // namespace weir::decode
