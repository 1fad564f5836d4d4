#include "app/weir/commands.h"

namespace weir::app {

void add_send(CLI::App&, Run&) {}

}  // namespace weir::app
