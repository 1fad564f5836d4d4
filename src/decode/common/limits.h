// Every size that an exporter chooses, and the limit that we chose for it, with the reason. Passing one evicts the
// least recently used or skips, and counts an anomaly; it never fails.
#pragma once

#include <chrono>
#include <cstddef>

namespace weir::decode {

struct Limits {
  // All that is remembered of exporters: sessions, streams, templates, rates, names, data that wait. 10,000 exporters
  // with 20 templates each that nobody else has take some 230 MiB. One exporter gets no more than half of it.
  size_t memory = size_t{256} << 20;
  // 10,000 exporters of a large network with a few domains each; a flood of forged sources stays at some tens of MiB.
  size_t sessions = 65536;
  // Of each source over UDP that is not proven (ExporterTable). 0: no limit, as an honest one that is new must lose
  // nothing by default.
  size_t datagrams_per_second = 0;
  // Cisco ASA sends 13, large routers some 50.
  size_t templates_per_session = 1024;
  size_t templates = 1'000'000;
  // The longest templates in the field have some 100 fields.
  size_t fields_per_template = 512;
  // Data held until its template comes: exporters resend templates every 20 datagrams to 30 minutes.
  size_t early_bytes_per_session = size_t{1} << 20;
  size_t early_bytes = size_t{64} << 20;
  std::chrono::seconds early_age{1800};
  // Rates by sampler, interface or template: a chassis has some thousand interfaces, Cisco's highest sampler id is 255.
  size_t rates_per_session = 8192;
  // Names of interfaces, VRFs, applications: NBAR alone has some 1,500 applications with a description each, a router
  // that ends subscribers' lines some ten thousand interfaces.
  size_t names_per_session = 32768;
  // RFC 2863 lets an interface's alias have 64 characters; NBAR describes applications in 55.
  size_t name_length = 255;
  // Domains of an exporter that send options only, for its other domains: Cisco IOS XE has one.
  size_t options_only_domains = 8;
  // Lists in lists (RFC 6313): YAF nests two deep.
  size_t list_depth = 8;
  // Values in all lists of one field: YAF has some hundred in a record of many DNS answers.
  size_t list_values = 4096;
  // RFC 7011 section 8.4 wants a lifetime; routers refresh between 1 minute and some hours.
  std::chrono::seconds template_lifetime{24 * 3600};
  // sFlow agents and sub-agents whose sequence numbers are watched: one for each exporter, line card or hypervisor.
  size_t sflow_agents = 65536;
  // Data sources of all agents whose count of drops is watched: the interfaces of large switches, some 1000 each.
  size_t sflow_sources_per_agent = 4096;
  size_t sflow_sources = 1'000'000;
  // Numbers of an AS path, and communities of a route: as goflow2 has it; real paths have below 100.
  size_t route_numbers = 1000;
  // Bytes of one text that an exporter sends, of IPFIX and NetFlow v9 as it is stored, with escapes. Those of sFlow
  // have at most 255 by their specifications, some URLs more; IPFIX allows 65,535, and escapes make four of one.
  size_t text_length = 4096;
  // Bytes of the column `other` of one row: a record of 512 fields of one byte becomes 10,000, by their names.
  size_t other_length = 32768;
};

// Entries of a list that becomes the text of a column: BGP speakers in the field have some 50 communities.
inline constexpr size_t kListTextEntries = 1000;
// Text of a column that fields of the same record add to: what is longer takes no more of them.
inline constexpr size_t kAppendedBytes = 1024;

}  // namespace weir::decode
