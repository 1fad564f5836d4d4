#include "app/weir/tls_options.h"

namespace weir::app {

void add_tls_options(CLI::App& command, net::TlsClientOptions& options) {
  command.add_option("--ca", options.ca,
                     "With tls://: authorities of the collector's certificate, a PEM file (default: the system's)");
  command.add_option("--cert", options.certificate, "With tls://: our certificate, a PEM file");
  command.add_option("--key", options.key, "With tls://: its private key, a PEM file");
  command.add_flag("--insecure", options.insecure, "With tls://: do not ask who the collector is");
}

Result<> check_tls_options(const net::TlsClientOptions& options, const net::SendTarget& target) {
  const bool any = !options.ca.empty() || !options.certificate.empty() || !options.key.empty() || options.insecure;
  if (any && target.transport != net::Transport::tls) {
    return fail("--ca, --cert, --key and --insecure are for --to tls://HOST:PORT");
  }
  if (options.certificate.empty() != options.key.empty()) return fail("--cert and --key need each other");
  if (options.insecure && !options.ca.empty()) return fail("--insecure and --ca contradict each other");
  return {};
}

}  // namespace weir::app
