// Where each key goes. This does not compile unless every member of the configuration is here, in the same order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/weir/bindings.h"
#include "app/weir/settings.h"

namespace weir::app {

// Addresses of a list, as the part reads them.
inline Result<> set_addresses(std::vector<net::ListenAddress>& option, const std::vector<std::string>& texts) {
  option.clear();
  for (const std::string& text : texts) option.push_back(TRY(net::ListenAddress::parse(text)));
  return {};
}

// The parser has refused what is none.
inline std::vector<IpPrefix> prefixes(const std::vector<config::Network>& networks) {
  std::vector<IpPrefix> all;
  for (const config::Network& network : networks) all.push_back(*IpPrefix::parse(network.text));
  return all;
}

inline void set_rates(const std::vector<config::Sampling>& sampling, Settings& s) {
  for (const auto& [exporter, rate] : sampling) {
    s.collector.decoder.sampling_rates[exporter] = static_cast<uint32_t>(rate);
  }
}

inline void set_schema(const std::vector<config::Column>& columns, Settings& s) {
  // The parser has refused every list that does not make a schema.
  s.collector.decoder.schema = config::flow_schema(columns).value_or(flow::Schema::flows());
}

inline constexpr auto kCollectBindings = [] {
  using config::Collect;
  return bindings_of<Collect>(
      to<&Collect::listen>([](const auto& list, Settings& s) { return set_addresses(s.collector.listen, list); }),
      to<&Collect::listen_tcp>(
          [](const auto& list, Settings& s) { return set_addresses(s.collector.listen_tcp, list); }),
      to<&Collect::listen_tls>(
          [](const auto& list, Settings& s) { return set_addresses(s.collector.listen_tls, list); }),
      to<&Collect::threads>([](Settings& s) -> auto& { return s.collector.threads; }),
      to<&Collect::spread>([](const std::string& word, Settings& s) {
        s.collector.receiver.spread = word == "datagram" ? net::Spread::datagram : net::Spread::exporter;
      }),
      to<&Collect::cpus>([](Settings& s) -> auto& { return s.collector.cpus; }),
      to<&Collect::socket_buffer>([](Settings& s) -> auto& { return s.collector.receiver.socket_buffer_bytes; }),
      to<&Collect::gro>([](Settings& s) -> auto& { return s.collector.receiver.gro; }),
      to<&Collect::queue>([](Settings& s) -> auto& { return s.collector.queue_batches; }),
      to<&Collect::queue_bytes>([](Settings& s) -> auto& { return s.collector.queue_bytes; }),
      to<&Collect::other>([](Settings& s) -> auto& { return s.collector.decoder.other; }),
      to<&Collect::several_messages>([](Settings& s) -> auto& { return s.collector.decoder.several_messages; }));
}();

inline constexpr auto kHttpBindings =
    bindings_of<config::Http>(to<&config::Http::listen>([](Settings& s) -> auto& { return s.http.listen; }),
                              to<&config::Http::web_config>([](Settings& s) -> auto& { return s.http.web_config; }));

inline constexpr auto kTlsBindings =
    bindings_of<config::Tls>(to<&config::Tls::certificate>([](Settings& s) -> auto& { return s.tls.certificate; }),
                             to<&config::Tls::key>([](Settings& s) -> auto& { return s.tls.key; }),
                             to<&config::Tls::client_ca>([](Settings& s) -> auto& { return s.tls.client_ca; }));

inline constexpr auto kStoreBindings = [] {
  using config::Store;
  return bindings_of<Store>(
      to<&Store::directory>([](const std::string& folder, Settings& s) { s.collector.store.directory = folder; }),
      to<&Store::flush_interval>([](Settings& s) -> auto& { return s.collector.store.flush_interval; }),
      to<&Store::rows_per_segment>([](Settings& s) -> auto& { return s.collector.store.rows_per_segment; }),
      to<&Store::pending_rows>([](Settings& s) -> auto& { return s.collector.store.pending_rows_limit; }),
      to<&Store::compact>([](Settings& s) -> auto& { return s.collector.store.compact; }),
      to<&Store::compact_after>([](Settings& s) -> auto& { return s.collector.store.compact_after; }),
      to<&Store::delete_grace>([](Settings& s) -> auto& { return s.collector.store.delete_grace; }),
      to<&Store::scrub_rate>([](Settings& s) -> auto& { return s.collector.store.scrub.bytes_per_second; }),
      to<&Store::journal>([](Settings& s) -> auto& { return s.collector.journal; }),
      to<&Store::journal_size>([](Settings& s) -> auto& { return s.collector.journal_bytes; }),
      to<&Store::journal_sync>([](Settings& s) -> auto& { return s.collector.sync_journal_every; }));
}();

inline constexpr auto kRetentionBindings = bindings_of<config::Retention>(
    to<&config::Retention::max_age>([](Settings& s) -> auto& { return s.collector.store.max_age; }),
    to<&config::Retention::max_size>([](Settings& s) -> auto& { return s.collector.store.max_bytes; }));

inline constexpr auto kLimitsBindings = [] {
  using config::Limits;
  return bindings_of<Limits>(
      to<&Limits::exporter_memory>([](Settings& s) -> auto& { return s.collector.decoder.limits.memory; }),
      to<&Limits::exporters>([](Settings& s) -> auto& { return s.collector.decoder.limits.sessions; }),
      to<&Limits::datagrams_per_second>(
          [](Settings& s) -> auto& { return s.collector.decoder.limits.datagrams_per_second; }),
      to<&Limits::templates_per_exporter>(
          [](Settings& s) -> auto& { return s.collector.decoder.limits.templates_per_session; }),
      to<&Limits::templates>([](Settings& s) -> auto& { return s.collector.decoder.limits.templates; }),
      to<&Limits::fields_per_template>(
          [](Settings& s) -> auto& { return s.collector.decoder.limits.fields_per_template; }),
      to<&Limits::early_bytes_per_exporter>(
          [](Settings& s) -> auto& { return s.collector.decoder.limits.early_bytes_per_session; }),
      to<&Limits::early_bytes>([](Settings& s) -> auto& { return s.collector.decoder.limits.early_bytes; }),
      to<&Limits::early_age>([](Settings& s) -> auto& { return s.collector.decoder.limits.early_age; }),
      to<&Limits::template_lifetime>([](Settings& s) -> auto& { return s.collector.decoder.limits.template_lifetime; }),
      to<&Limits::connections>([](Settings& s) -> auto& { return s.collector.streams.connections; }),
      to<&Limits::connections_per_exporter>(
          [](Settings& s) -> auto& { return s.collector.streams.connections_per_exporter; }),
      to<&Limits::stream_bytes>([](Settings& s) -> auto& { return s.collector.streams.buffer_bytes; }),
      to<&Limits::handshake_time>([](Settings& s) -> auto& { return s.collector.streams.handshake_time; }),
      to<&Limits::message_time>([](Settings& s) -> auto& { return s.collector.streams.message_time; }),
      to<&Limits::idle_time>([](Settings& s) -> auto& { return s.collector.streams.idle_time; }),
      to<&Limits::memory>([](Settings& s) -> auto& { return s.collector.memory_limit_bytes; }));
}();

inline constexpr auto kTemplatesBindings = bindings_of<config::Templates>(
    // The folder of the store is set by now: store comes before.
    to<&config::Templates::state_file>([](const auto& file, Settings& s) {
      s.collector.state_file = file.value_or(s.collector.store.directory / "templates.state");
    }),
    to<&config::Templates::save_every>([](Settings& s) -> auto& { return s.collector.save_state_every; }),
    to<&config::Templates::redis>([](Settings& s) -> auto& { return s.collector.redis; }),
    to<&config::Templates::redis_ca>([](Settings& s) -> auto& { return s.collector.redis_tls.ca; }),
    to<&config::Templates::redis_certificate>([](Settings& s) -> auto& { return s.collector.redis_tls.certificate; }),
    to<&config::Templates::redis_key>([](Settings& s) -> auto& { return s.collector.redis_tls.key; }),
    to<&config::Templates::redis_server_name>([](Settings& s) -> auto& { return s.collector.redis_server_name; }),
    to<&config::Templates::redis_verify>(
        [](const bool& verify, Settings& s) { s.collector.redis_tls.insecure = !verify; }));

inline constexpr auto kExportersBindings = bindings_of<config::Exporters>(
    to<&config::Exporters::allow>([](const auto& list, Settings& s) { s.collector.decoder.allow = prefixes(list); }),
    to<&config::Exporters::trusted_relays>(
        [](const auto& list, Settings& s) { s.collector.decoder.trusted_relays = prefixes(list); }));

inline constexpr auto kLogBindings =
    bindings_of<config::Log>(to<&config::Log::level>([](Settings& s) -> auto& { return s.log_level; }));

inline constexpr auto kConfigBindings = [] {
  using config::Config;
  return bindings_of<Config>(to<&Config::collect>(kCollectBindings), to<&Config::http>(kHttpBindings),
                             to<&Config::tls>(kTlsBindings), to<&Config::store>(kStoreBindings),
                             to<&Config::retention>(kRetentionBindings), to<&Config::limits>(kLimitsBindings),
                             to<&Config::templates>(kTemplatesBindings), to<&Config::exporters>(kExportersBindings),
                             to<&Config::sampling>(set_rates), to<&Config::columns>(set_schema),
                             to<&Config::log>(kLogBindings),
                             // Each goes to the module that described it, as it is.
                             to<&Config::other>([](const config::OtherSections&, Settings&) {}));
}();

}  // namespace weir::app
