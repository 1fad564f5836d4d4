#include "app/weir/commands.h"

namespace weir::app {

void add_gen(CLI::App&, Run&) {}

}  // namespace weir::app
