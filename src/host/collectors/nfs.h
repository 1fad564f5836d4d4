// What the NFS client has asked, and the NFS server was asked.
#pragma once

#include <span>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

// Writes what the text of /proc/net/rpc/nfs (nfsd) tells; false if it is not that.
bool write_nfs(std::string_view text, telemetry::Exposition& out);
bool write_nfsd(std::string_view text, telemetry::Exposition& out);

Result<std::unique_ptr<Collector>> make_nfs(const Options& options);
Result<std::unique_ptr<Collector>> make_nfsd(const Options& options);

}  // namespace weir::host
