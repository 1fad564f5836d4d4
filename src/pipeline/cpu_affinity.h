// Processors that threads stay on.
#pragma once

#include <span>

#include "base/result.h"

namespace weir::pipeline {

// Fails, with the processor, if this machine does not have one of them or this process may not use it.
Result<> check_cpus(std::span<const size_t> cpus);

// From now on the calling thread runs on this processor only. One that went away meanwhile is a warning.
void pin_this_thread(size_t cpu);

}  // namespace weir::pipeline
