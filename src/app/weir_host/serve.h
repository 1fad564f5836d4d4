// The life of the program: listens, gives up what it does not need, answers until a signal ends it.
#pragma once

#include "app/weir_host/settings.h"
#include "base/result.h"

namespace weir::app {

Result<> serve(const Settings& settings);

}  // namespace weir::app
