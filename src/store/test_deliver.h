// For tests: a batch to a store, as an outlet gives it.
#pragma once

#include <utility>

#include "flow/ledger.h"
#include "store/store.h"

namespace weir::store {

inline void deliver(Store& store, flow::Ledger& ledger, flow::SealedBatch batch) {
  flow::Receipt receipt(ledger.outlet(store.name()), *batch);
  store.add(std::move(batch), std::move(receipt));
}

}  // namespace weir::store
