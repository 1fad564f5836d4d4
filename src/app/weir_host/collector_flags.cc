#include "app/weir_host/collector_flags.h"

namespace weir::app {

void add_collector_flags([[maybe_unused]] std::vector<Flag>& flags, [[maybe_unused]] host::Options& options) {}

}  // namespace weir::app
