// Requests of the NFS client, and requests to the NFS server.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "host/collectors/collector.h"

namespace weir::host {

// Writes the families of the text of /proc/net/rpc/nfs (nfsd). False if it is something else.
bool write_nfs(std::string_view text, telemetry::Exposition& out);
bool write_nfsd(std::string_view text, telemetry::Exposition& out);

Result<std::unique_ptr<Collector>> make_nfs(const Options& options);
Result<std::unique_ptr<Collector>> make_nfsd(const Options& options);

}  // namespace weir::host
