// The tables of keys, section by section. A new key is a member of its struct in config.h and a row here; the compiler
// finds a row that is missing. app/weir/settings_bindings.h says where its value goes, and does not compile before.
#include "config/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace weir::config {
namespace {

constexpr uint64_t kSecond = 1'000'000;  // microseconds
constexpr uint64_t kDay = 86'400 * kSecond;
constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr auto applied = OnReload::applied;
constexpr auto needs_restart = OnReload::needs_restart;

constexpr auto kCollectKeys = keys_of<Collect>(
    key<&Collect::listen>(
        {.name = "listen",
         .on_reload = needs_restart,
         .least = 1,
         .flag = {"--listen", "PORT, ADDRESS:PORT or [IPV6]:PORT; several are allowed"},
         .doc = "UDP addresses and ports to receive on: \"PORT\" for all addresses, \"192.0.2.1:PORT\" or "
                "\"[2001:db8::1]:PORT\" for one. 2055 is the usual port of NetFlow, 4739 of IPFIX, 6343 of sFlow; "
                "every port takes every protocol."}),
    key<&Collect::listen_tcp>(
        {.name = "listen_tcp",
         .on_reload = needs_restart,
         .flag = {"--listen-tcp", "The same for IPFIX over TCP (default: none; usual: 4739)"},
         .doc = "TCP addresses and ports to accept IPFIX exporters on, written as in `listen`. 4739 is the usual "
                "port."}),
    key<&Collect::listen_tls>(
        {.name = "listen_tls",
         .on_reload = needs_restart,
         .needs = "tls.certificate tls.key",
         .flag = {"--listen-tls", "The same for IPFIX over TLS (default: none; usual: 4740)"},
         .doc = "The same for IPFIX over TLS 1.2 or 1.3; 4740 is the usual port. Needs tls.certificate and tls.key."}),
    key<&Collect::threads>({.name = "threads",
                            .on_reload = needs_restart,
                            .least = 1,
                            .most = 256,
                            .flag = {"--threads", "Receiving threads"},
                            .doc = "Receiving threads. The kernel spreads datagrams over them: see `spread`."}),
    key<&Collect::spread>(
        {.name = "spread",
         .on_reload = needs_restart,
         .choices = "exporter datagram",
         .flag = {"--spread", "exporter: each has one thread; datagram: all threads receive from each"},
         .doc = "How datagrams are spread over several threads. exporter: by source address, so that each exporter "
                "has one thread, and threads share nothing. datagram: at random, so that one large exporter keeps "
                "all threads busy; they share what it announces, and sequence numbers, which costs a little for each "
                "datagram. sFlow always goes by source address."}),
    key<&Collect::cpus>(
        {.name = "cpus",
         .on_reload = needs_restart,
         .most = 1023,
         .example = "[0, 1]",
         .flag = {"--cpus", "Processors for the receiving threads, such as 0,1 (default: any)"},
         .doc = "Processors that the receiving threads stay on, in turn: the first thread on the first one. Without "
                "it the scheduler chooses."}),
    key<&Collect::socket_buffer>(
        {.name = "socket_buffer",
         .on_reload = needs_restart,
         .least = 64 << 10,
         .most = uint64_t{1} << 30,
         .doc = "Kernel buffer of each socket. It has to hold what arrives while the collector is busy; the kernel "
                "grants at most net.core.rmem_max unless the collector has CAP_NET_ADMIN."}),
    key<&Collect::gro>(
        {.name = "gro",
         .on_reload = needs_restart,
         .doc = "Take datagrams of one exporter that arrived in a row from the kernel as one packet, where kernel "
                "and network adapter join them (UDP GRO): less work for each. Where the kernel then has to drop, it "
                "counts such packets, and not the datagrams in them."}),
    key<&Collect::queue>(
        {.name = "queue",
         .on_reload = needs_restart,
         .least = 1,
         .most = 4096,
         .doc = "Batches (of up to 32768 flows, some 5 MiB) that may wait for the store. When it is full, batches "
                "are dropped and counted; receiving never waits."}),
    key<&Collect::queue_bytes>(
        {.name = "queue_bytes",
         .on_reload = needs_restart,
         .least = 1 << 20,
         .most = kMostBytes,
         .doc = "Memory that batches may hold while they wait for the store. Texts that exporters choose make batches "
                "larger; when this is reached, batches are dropped and counted, too."}),
    key<&Collect::other>(
        {.name = "other",
         .on_reload = applied,
         .flag = {"--other", "Keep elements without a column, as JSON in the column other", true},
         .doc = "Keep information elements that have no column of their own, as JSON in the column `other`."}),
    key<&Collect::several_messages>({.name = "several_messages",
                                     .on_reload = applied,
                                     .doc = "Accept several messages in one datagram, as some exporters send them."}));

constexpr auto kCollect = section<&Config::collect, kCollectKeys>("collect", "Receiving and decoding.");

constexpr auto kHttpKeys = keys_of<Http>(
    key<&Http::listen>(
        {.name = "listen",
         .on_reload = needs_restart,
         .example = "[\"127.0.0.1:8080\"]",
         .flag = {"--http-listen",
                  "As --listen, for /metrics and health over HTTP, such as 127.0.0.1:8080 (default: none)"},
         .doc = "TCP addresses and ports to serve /metrics, /-/healthy and /-/ready on, written as in "
                "collect.listen; without it there is no server."}),
    key<&Http::web_config>(
        {.name = "web_config",
         .on_reload = needs_restart,
         .example = "\"/etc/weir/web.yml\"",
         .doc = "TLS, passwords and rate limits of this server: a file with the keys of Prometheus exporters' web "
                "configuration. It is read again when it changes."}));

constexpr auto kHttp =
    section<&Config::http, kHttpKeys>("http", "The collector's own metrics (docs/metrics.md) and health, over HTTP.");

constexpr auto kTlsKeys = keys_of<Tls>(
    key<&Tls::certificate>(
        {.name = "certificate",
         .on_reload = applied,
         .example = "\"/etc/weir/collector.crt\"",
         .needs = "tls.key",
         .flag = {"--tls-certificate", "The collector's certificate, a PEM file"},
         .doc = "The collector's certificate; behind it in the file, those that lead to its authority."}),
    key<&Tls::key>({.name = "key",
                    .on_reload = applied,
                    .example = "\"/etc/weir/collector.key\"",
                    .needs = "tls.certificate",
                    .flag = {"--tls-key", "Its private key, a PEM file"},
                    .doc = "Its private key, without a password."}),
    key<&Tls::client_ca>(
        {.name = "client_ca",
         .on_reload = applied,
         .example = "\"/etc/weir/exporters-ca.crt\"",
         .needs = "tls.certificate",
         .flag = {"--tls-client-ca",
                  "Authorities of exporters, a PEM file: with it, exporters need a certificate of theirs"},
         .doc = "Authorities of the exporters: with this, an exporter needs a certificate that one of them has "
                "signed. Without, anybody may connect."}));

constexpr auto kTls = section<&Config::tls, kTlsKeys>(
    "tls",
    "Certificates for collect.listen_tls, files in PEM form. SIGHUP reads them again, also if only their content "
    "has changed.");

constexpr auto kStoreKeys = keys_of<Store>(
    key<&Store::directory>(
        {.name = "directory",
         .on_reload = needs_restart,
         .flag = {"--store", "Folder of the store", true},
         .doc = "The folder; it is made if it does not exist. One collector writes to it, anything may read it at "
                "any time."}),
    key<&Store::flush_interval>(
        {.name = "flush_interval",
         .on_reload = applied,
         .least = kSecond / 10,
         .most = 3600 * kSecond,
         .flag = {"--flush-interval", "Flows can be queried after this long"},
         .doc = "A flow can be queried at the latest this long after it was received, and the moment that writing its "
                "file takes. A crash loses at most as much."}),
    key<&Store::rows_per_segment>(
        {.name = "rows_per_segment",
         .on_reload = applied,
         .least = 2048,
         .most = 100'000'000,
         .doc = "A file is written as soon as this many flows wait, even before the interval."}),
    key<&Store::pending_rows>(
        {.name = "pending_rows",
         .on_reload = applied,
         .least = 32'768,
         .most = 1'000'000'000,
         .not_below = "rows_per_segment",
         .doc = "Flows kept in memory while the disk cannot be written; past that the oldest are dropped and "
                "counted."}),
    key<&Store::compact>(
        {.name = "compact", .on_reload = applied, .doc = "Merge small files into larger ones in the background."}),
    key<&Store::compact_after>({.name = "compact_after",
                                .on_reload = applied,
                                .least = 10 * kSecond,
                                .most = 3600 * kSecond,
                                .doc = "The time span of the first merge; the second one merges an hour."}),
    key<&Store::delete_grace>({.name = "delete_grace",
                               .on_reload = applied,
                               .most = kDay,
                               .doc = "How long merged files stay for readers that still have them open."}),
    key<&Store::scrub_rate>(
        {.name = "scrub_rate",
         .on_reload = applied,
         .most = kMostBytes,
         .doc = "How much of the store is read again in a second, in the background, to find files that have rotted "
                "on the disk: all of it, once a day at most. \"0B\" turns it off."}),
    key<&Store::journal>(
        {.name = "journal",
         .on_reload = needs_restart,
         .doc = "Datagrams are written to files beside the store before they are decoded, and stay there until their "
                "flows are stored. After the collector was killed, what was not stored yet is decoded again at the "
                "next start: no flow is lost, and none is stored twice. Where that does not hold: docs/store.md."}),
    key<&Store::journal_size>(
        {.name = "journal_size",
         .on_reload = needs_restart,
         .least = 16 * kMiB,
         .most = kMostBytes,
         .doc = "What the journal may take of the disk. Past it the oldest datagrams go, though their flows are not "
                "stored yet: they wait in memory only."}),
    key<&Store::journal_sync>(
        {.name = "journal_sync",
         .on_reload = needs_restart,
         .least = kSecond / 100,
         .most = 3600 * kSecond,
         .doc = "How often the journal is synced to the disk: a power cut loses at most what was received since. The "
                "end of the process, however sudden, loses nothing of it."}));

constexpr auto kStore = section<&Config::store, kStoreKeys>("store", "The folder of Parquet files.");

constexpr auto kRetentionKeys = keys_of<Retention>(
    key<&Retention::max_age>({.name = "max_age",
                              .on_reload = applied,
                              .least = 60 * kSecond,
                              .most = 36'500 * kDay,
                              .example = "\"30d\"",
                              .doc = "Flows received longer ago than this are deleted."}),
    key<&Retention::max_size>({.name = "max_size",
                               .on_reload = applied,
                               .least = kMiB,
                               .most = kMostBytes,
                               .example = "\"100GB\"",
                               .doc = "When the files take more than this, the oldest are deleted."}));

constexpr auto kRetention = section<&Config::retention, kRetentionKeys>(
    "retention", "How long flows are kept. Without it, until the disk is full.");

constexpr auto kLimitsKeys = keys_of<Limits>(
    key<&Limits::exporter_memory>(
        {.name = "exporter_memory",
         .on_reload = applied,
         .least = uint64_t{1} << 20,
         .most = kMostBytes,
         .doc = "Memory for all that is remembered of exporters: sessions, templates, sampling rates, names, data that "
                "wait for their template. One exporter gets no more than half of it. When it is full, senders that "
                "are new are forgotten first, then sessions of exporters that have much of it, then the exporters "
                "that have been silent the longest."}),
    key<&Limits::exporters>({.name = "exporters",
                             .on_reload = applied,
                             .least = 1,
                             .most = 10'000'000,
                             .doc = "Exporters and observation domains known at the same time."}),
    key<&Limits::datagrams_per_second>(
        {.name = "datagrams_per_second",
         .on_reload = applied,
         .most = 1'000'000,
         .doc = "Datagrams a second over UDP of each source address that is not proven, with a burst of one second's "
                "worth; those above it are refused before any work, and counted as source_over_rate. Proven is who "
                "has sent 16 datagrams that could be decoded, over two seconds; who is known from before a restart; "
                "who has a rate in `[[sampling]]` or is one of exporters.trusted_relays. 0: no limit. With a list in "
                "exporters.allow it does nothing: those are proven, all others are refused. Each receiving thread "
                "counts for itself, which matters with collect.spread = \"datagram\"."}),
    key<&Limits::templates_per_exporter>({.name = "templates_per_exporter",
                                          .on_reload = applied,
                                          .least = 1,
                                          .most = 65'280,
                                          .doc = "Templates of one exporter and observation domain."}),
    key<&Limits::templates>(
        {.name = "templates",
         .on_reload = applied,
         .least = 1,
         .most = 100'000'000,
         .doc = "Obsolete: exporter_memory bounds what templates take. A configuration that has this key is accepted, "
                "and it is still a bound on templates in all."}),
    key<&Limits::fields_per_template>({.name = "fields_per_template",
                                       .on_reload = applied,
                                       .least = 1,
                                       .most = 16'383,
                                       .doc = "Fields of one template."}),
    key<&Limits::early_bytes_per_exporter>({.name = "early_bytes_per_exporter",
                                            .on_reload = applied,
                                            .most = kMostBytes,
                                            .doc = "Data kept for one exporter until its template arrives."}),
    key<&Limits::early_bytes>(
        {.name = "early_bytes",
         .on_reload = applied,
         .most = kMostBytes,
         .doc = "Data kept in all until their templates arrive. One exporter gets a quarter of it."}),
    key<&Limits::early_age>({.name = "early_age",
                             .on_reload = applied,
                             .least = kSecond,
                             .most = 7 * kDay,
                             .doc = "How long data wait for their template."}),
    key<&Limits::template_lifetime>({.name = "template_lifetime",
                                     .on_reload = applied,
                                     .least = 60 * kSecond,
                                     .most = 365 * kDay,
                                     .doc = "A template that was not sent again for this long is forgotten."}),
    key<&Limits::connections>(
        {.name = "connections",
         .on_reload = applied,
         .least = 1,
         .most = 1'000'000,
         .doc = "TCP and TLS connections at the same time. When there are as many, one that has not sent a message "
                "yet makes room for a new one; if there is none, the new one is refused."}),
    key<&Limits::connections_per_exporter>({.name = "connections_per_exporter",
                                            .on_reload = applied,
                                            .least = 1,
                                            .most = 1'000'000,
                                            .doc = "The same of one source address."}),
    key<&Limits::stream_bytes>(
        {.name = "stream_bytes",
         .on_reload = applied,
         .least = 64 << 10,
         .most = kMostBytes,
         .doc = "Incomplete messages of all connections; past it, the connection that keeps one for the longest time "
                "is closed."}),
    key<&Limits::handshake_time>({.name = "handshake_time",
                                  .on_reload = applied,
                                  .least = kSecond / 10,
                                  .most = 3600 * kSecond,
                                  .doc = "A TLS handshake that takes longer ends the connection."}),
    key<&Limits::message_time>(
        {.name = "message_time",
         .on_reload = applied,
         .least = kSecond / 10,
         .most = 3600 * kSecond,
         .doc = "A message that takes longer from its first byte to its last ends its connection."}),
    key<&Limits::idle_time>(
        {.name = "idle_time",
         .on_reload = applied,
         .least = kSecond / 10,
         .most = 365 * kDay,
         .example = "\"12h\"",
         .doc = "A connection on which nothing comes for so long is closed. Without it none is: exporters may be "
                "quiet, and TCP keepalive finds those that are gone."}),
    key<&Limits::memory>(
        {.name = "memory",
         .on_reload = applied,
         .least = 16 * kMiB,
         .most = kMostBytes,
         .example = "\"2GiB\"",
         .doc = "When the collector's resident memory is above this, datagrams are refused and counted as "
                "memory_limit until it has gone down by a twentieth. Without it there is no limit."}));

constexpr auto kLimits = section<&Config::limits, kLimitsKeys>(
    "limits",
    "Bounds on what exporters may make the collector remember. What goes past one is evicted or skipped, and "
    "counted.");

constexpr auto kTemplatesKeys = keys_of<Templates>(
    key<&Templates::state_file>(
        {.name = "state_file",
         .on_reload = needs_restart,
         .example = "\"/var/lib/weir/templates.state\"",
         .doc = "Where what exporters announced is kept for the next start of `weir collect`, so that data decode at "
                "once. Without this key templates.state in the folder of the store; \"\" keeps nothing."}),
    key<&Templates::save_every>(
        {.name = "save_every",
         .on_reload = needs_restart,
         .least = kSecond / 10,
         .most = 3600 * kSecond,
         .doc = "The state file is written this often if anything has changed, and at the end."}),
    key<&Templates::redis>(
        {.name = "redis",
         .on_reload = needs_restart,
         .example = "\"redis://cache.example.net\"",
         .doc = "A Redis server (5.0 or later) through which several collectors behind one address decode each "
                "other's exporters: docs/cluster.md. rediss:// is over TLS. The password is not printed anywhere."}),
    key<&Templates::redis_ca>(
        {.name = "redis_ca",
         .on_reload = needs_restart,
         .example = "\"/etc/weir/redis-ca.crt\"",
         .needs = "templates.redis",
         .doc = "With rediss://: authorities of the server's certificate, a PEM file. Without this key, those that the "
                "system trusts. This file and the next two are read for each connection, renewed ones are taken."}),
    key<&Templates::redis_certificate>(
        {.name = "redis_certificate",
         .on_reload = needs_restart,
         .example = "\"/etc/weir/redis-client.crt\"",
         .needs = "templates.redis templates.redis_key",
         .doc = "With rediss://: our certificate, a PEM file, if the server wants one."}),
    key<&Templates::redis_key>({.name = "redis_key",
                                .on_reload = needs_restart,
                                .example = "\"/etc/weir/redis-client.key\"",
                                .needs = "templates.redis templates.redis_certificate",
                                .doc = "Its private key, without a password."}),
    key<&Templates::redis_server_name>(
        {.name = "redis_server_name",
         .on_reload = needs_restart,
         .example = "\"redis.example.net\"",
         .needs = "templates.redis",
         .doc = "With rediss://: the name or address that the server's certificate must have, if it is not the host of "
                "the URL."}),
    key<&Templates::redis_verify>(
        {.name = "redis_verify",
         .on_reload = needs_restart,
         .doc = "With rediss://: whether the server's certificate is checked. Without that, whoever is between may "
                "read and change everything, and learns the password."}));

constexpr auto kTemplates = section<&Config::templates, kTemplatesKeys>(
    "templates",
    "What exporters announced (templates, sampling rates, names), kept over a restart and shared with other "
    "collectors.");

constexpr auto kExportersKeys = keys_of<Exporters>(
    key<&Exporters::allow>(
        {.name = "allow",
         .on_reload = applied,
         .doc = "Who may send: addresses and networks. Datagrams from anywhere else are refused before any work, and "
                "counted as exporter_not_allowed. Those that are named here are never evicted by others. An empty list "
                "allows all."}),
    key<&Exporters::trusted_relays>(
        {.name = "trusted_relays",
         .on_reload = applied,
         .doc = "Relays and mediators, by address or network, whose word is taken for whose flows they send. A record "
                "of NetFlow v9 or IPFIX from there that names its exporter (elements 404, 403, 131, 130) is stored "
                "with that one as its exporter (`sampler_address`), and with the rate that `[[sampling]]` has for it. "
                "Its datagrams and rows are still counted for the relay that sent them. Where `allow` has a list, "
                "they have to be there, too."}));

constexpr auto kExporters = section<&Config::exporters, kExportersKeys>(
    "exporters",
    "Who may send, and whose word is taken for whose flows they send. UDP has no proof of a sender's address: whoever "
    "can forge that of a relay can forge exporters behind it. See also limits.exporters and "
    "limits.datagrams_per_second.");

constexpr auto kSamplingKeys =
    keys_of<Sampling>(key<&Sampling::exporter>({.name = "exporter",
                                                .on_reload = applied,
                                                .example = "\"192.0.2.1\"",
                                                .doc = "Source address of the exporter."}),
                      key<&Sampling::rate>({.name = "rate",
                                            .on_reload = applied,
                                            .least = 1,
                                            .most = 0xffffffff,
                                            .example = "1000",
                                            .doc = "One packet in this many was sampled; 1 means every packet."}));

// Each exporter may appear once.
std::vector<ElementProblem> check_sampling(const Config& config) {
  std::vector<ElementProblem> problems;
  std::set<IpAddress> exporters;
  for (size_t i = 0; i < config.sampling.size(); ++i) {
    const IpAddress& exporter = config.sampling[i].exporter;
    if (exporters.insert(exporter).second) continue;
    problems.push_back(
        {i, "exporter", fmt::format("{} has a rate already: each exporter may appear once", exporter.to_string())});
  }
  return problems;
}

void override_sampling(const Config& given, Config& config) {
  for (const Sampling& sampling : given.sampling) {
    std::erase_if(config.sampling, [&](const Sampling& s) { return s.exporter == sampling.exporter; });
    config.sampling.push_back(sampling);
  }
}

constexpr Array kSamplingArray = array_of<&Config::sampling>("exporters", check_sampling, override_sampling);

constexpr auto kSampling = array_section<&Config::sampling, kSamplingKeys>(
    "sampling", kSamplingArray,
    {"--sampling", "EXPORTER=RATE: the sampling rate of an exporter that does not say it", true},
    "A sampling rate that the operator knows better than the exporter says. Once for each exporter.");

constexpr auto kColumnsKeys = keys_of<Column>(
    key<&Column::name>(
        {.name = "name",
         .on_reload = applied,
         .example = "\"flow_class\"",
         .doc = "Lower-case letters, digits and _; not the name of a column of this version (docs/columns.md). A "
                "column of MAC addresses is shown as such if its name ends in _mac."}),
    key<&Column::element>(
        {.name = "element",
         .on_reload = applied,
         .example = "\"9:44940\"",
         .doc = "The information element, as ENTERPRISE:NUMBER; 0 is IANA. A vendor's number from 32768 (9:44940) "
                "stands for the field of NetFlow v9 with this number and for the element of IPFIX without the top "
                "bit (9:12172). `weir decode` shows what an exporter sends."}),
    key<&Column::type>({.name = "type",
                        .on_reload = applied,
                        .choices = kTypeNames,
                        .example = "\"u32\"",
                        .doc = "Of the column. A value that does not fit is null and counted as value_out_of_range."}),
    key<&Column::conversion>(
        {.name = "conversion",
         .on_reload = applied,
         .choices = kConversionNames,
         .example = "\"uint\"",
         .optional = true,
         .doc = "How bytes become the value, if not as usual for the type (timestamp: milliseconds since 1970)."}));

// Each column must fit those of flows and those before it. One that is refused does not count for those after it.
std::vector<ElementProblem> check_columns(const Config& config) {
  std::vector<ElementProblem> problems;
  std::vector<Column> columns;
  const auto refused = [&]() -> std::optional<std::string> {
    const auto schema = flow_schema(columns);
    return schema ? std::nullopt : std::optional(schema.error().message);
  };
  for (size_t i = 0; i < config.columns.size(); ++i) {
    columns.push_back(config.columns[i]);
    std::optional<std::string> problem = refused();
    if (!problem) continue;
    const bool has_conversion = !std::exchange(columns.back().conversion, {}).empty();
    const std::string_view key = has_conversion && !refused() ? "conversion" : "name";
    problems.push_back({i, key, *std::move(problem)});
    columns.pop_back();
  }
  return problems;
}

constexpr Array kColumnsArray = array_of<&Config::columns>("elements", check_columns, nullptr);

constexpr auto kColumns = array_section<&Config::columns, kColumnsKeys>(
    "columns", kColumnsArray, {},
    "A column of the operator's own, for an information element that has none or is wanted as it was sent. Once for "
    "each element; several with one name are one column, the first one preferred. Its values are in the files from "
    "then on and in `weir top --by NAME`, `weir flows --columns NAME` and `weir sql`. The type of a name stays "
    "while the store has files with it.");

constexpr auto kLogKeys = keys_of<Log>(key<&Log::level>({.name = "level",
                                                         .on_reload = applied,
                                                         .choices = "trace debug info warn error",
                                                         .flag = {"--log-level", "trace, debug, info, warn or error"},
                                                         .doc = "Messages below this level are not printed."}));

constexpr auto kLog = section<&Config::log, kLogKeys>("log", "Messages on standard error.");

constexpr auto kSections =
    sections_of(kCollect, kHttp, kTls, kStore, kRetention, kLimits, kTemplates, kExporters, kSampling, kColumns, kLog);

}  // namespace

Sections sections() { return kSections; }

const Section* find_section(Sections sections, std::string_view name) {
  const auto found = std::ranges::find(sections, name, &Section::name);
  return found == sections.end() ? nullptr : *found;
}

const Key* find_key(const Section& section, std::string_view name) {
  const auto found = std::ranges::find(section.keys, name, &Key::name);
  return found == section.keys.end() ? nullptr : &*found;
}

}  // namespace weir::config
