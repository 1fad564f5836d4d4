#include "app/weir/commands.h"

namespace weir::app {

void add_top(CLI::App&, Run&) {}

}  // namespace weir::app
