#include "pipeline/store_loop.h"

#include <chrono>

namespace weir::pipeline {

void run_store_loop(BatchQueue& queue, store::Store& store) {
  constexpr std::chrono::milliseconds timeout{100};  // how late a flush may be
  while (!queue.finished()) {
    if (auto batch = queue.pop(timeout)) store.add(*std::move(batch));
    store.flush(wall_clock_now());
  }
  store.close(wall_clock_now());
}

}  // namespace weir::pipeline
