// Metrics that other programs leave in files: *.prom of some folders (host/collectors/textfile_parser.h).
//
// A file that has not changed is not read again. A file with anything wrong in it counts as not there but for
// node_textfile_scrape_error, and for a line in the log when that begins, changes or ends.
#pragma once

#include "host/collectors/collector.h"

namespace weir::host {

Result<std::unique_ptr<Collector>> make_textfile(const Options& options);

}  // namespace weir::host
