// Pass: one step of enrichment. It adds values to the columns of a batch that is full and not sealed yet; names of
// interfaces, networks, AS numbers come this way.
//
//   builder -> FullBatch -> pass, pass, ... -> seal -> FanOut
//
// The passes of a collector are an explicit list, in the order in which they build on each other. They run in a thread
// of their own (pipeline/enrich_stage.h), which is absent when the list is empty. A pass leaves a value null that it
// does not know: no row is ever dropped, delayed or guessed for a missing name. To add a pass, implement this interface
// in src/enrich/ and add it to CollectorOptions::passes in settings() (src/app/weir/settings.cc).
#pragma once

#include <string_view>

#include "flow/batch.h"

namespace weir::enrich {

class Pass {
 public:
  virtual ~Pass() = default;

  // As in the configuration and in metrics. One word.
  virtual std::string_view name() const = 0;

  // Fills columns of the batch, of any table. Does not wait for anything: what is not known yet stays null.
  virtual void apply(flow::FlowBatch& batch) = 0;
};

}  // namespace weir::enrich
