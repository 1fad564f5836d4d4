#include "app/weir/commands.h"

namespace weir::app {

void add_decode(CLI::App&, Run&) {}

}  // namespace weir::app
