// Metrics that other programs leave in files: *.prom of some folders (host/collectors/textfile_parser.h).
//
// A file that has not changed is not read again. A file with an error is left out as a whole.
// node_textfile_scrape_error and the log tell of it.
#pragma once

#include <memory>

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_textfile(const Options& options);

}  // namespace weir::host
