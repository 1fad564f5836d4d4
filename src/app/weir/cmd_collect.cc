#include "app/weir/commands.h"

namespace weir::app {

void add_collect(CLI::App&, Run&) {}

}  // namespace weir::app
