// What the storing thread does: batches from the queue into the store, and the store to the disk.
#pragma once

#include "pipeline/receive_loop.h"
#include "store/store.h"

namespace weir::pipeline {

// Until the queue is closed and empty; then closes the store. A disk that fails does not end it: the store keeps what
// it can, tries again, and counts what it had to give up.
void run_store_loop(BatchQueue& queue, store::Store& store);

}  // namespace weir::pipeline
