#include "app/weir/commands.h"

namespace weir::app {

void add_check(CLI::App&, Run&) {}

}  // namespace weir::app
