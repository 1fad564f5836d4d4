#include "app/weir/commands.h"

namespace weir::app {

void add_sql(CLI::App&, Run&) {}

}  // namespace weir::app
