#include "app/weir/commands.h"

namespace weir::app {

void add_exporters(CLI::App&, Run&) {}

}  // namespace weir::app
