// StoreCounters that the writing side and the background work add to.
#pragma once

#include <mutex>

#include "store/store.h"

namespace weir::store {

class SharedCounters {
 public:
  template <class Change>
  void update(Change change) {
    const std::lock_guard lock(mutex_);
    change(counters_);
  }
  StoreCounters get() const {
    const std::lock_guard lock(mutex_);
    return counters_;
  }

 private:
  mutable std::mutex mutex_;
  StoreCounters counters_;
};

}  // namespace weir::store
