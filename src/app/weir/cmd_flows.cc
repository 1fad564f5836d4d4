#include "app/weir/commands.h"

namespace weir::app {

void add_flows(CLI::App&, Run&) {}

}  // namespace weir::app
