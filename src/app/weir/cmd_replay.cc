#include "app/weir/commands.h"

namespace weir::app {

void add_replay(CLI::App&, Run&) {}

}  // namespace weir::app
