// Every size that an exporter chooses, and the limit that we chose for it, with the reason. Passing one evicts the
// least recently used or skips, and counts an anomaly; it never fails.
#pragma once

#include <chrono>
#include <cstddef>

namespace weir::decode {

struct Limits {
  // 10,000 exporters of a large network with a few domains each; a flood of forged sources stays at some tens of MiB.
  size_t sessions = 65536;
  // Cisco ASA sends 13, large routers some 50.
  size_t templates_per_session = 1024;
  size_t templates = 1'000'000;
  // The longest templates in the field have some 100 fields.
  size_t fields_per_template = 512;
  // Data held until its template comes: exporters resend templates every 20 datagrams to 30 minutes.
  size_t early_bytes_per_session = size_t{1} << 20;
  size_t early_bytes = size_t{64} << 20;
  std::chrono::seconds early_age{1800};
  // RFC 7011 section 8.4 wants a lifetime; routers refresh between 1 minute and some hours.
  std::chrono::seconds template_lifetime{24 * 3600};
};

}  // namespace weir::decode
