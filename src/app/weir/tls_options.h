// Options of the commands that send over TLS.
#pragma once

#include "app/weir/commands.h"
#include "net/sender.h"

namespace weir::app {

void add_tls_options(CLI::App& command, net::TlsClientOptions& options);

// Wrong usage: TLS options without tls://, or a certificate without its key.
Result<> check_tls_options(const net::TlsClientOptions& options, const net::SendTarget& target);

}  // namespace weir::app
