#include "config/keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "config/size.h"

namespace weir::config {
namespace {

constexpr uint64_t kSecond = 1'000'000;  // microseconds
constexpr uint64_t kDay = 86'400 * kSecond;
constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kMost = uint64_t{1} << 62;  // nothing that is counted in octets or rows gets there
constexpr auto applied = OnReload::applied;
constexpr auto needs_restart = OnReload::needs_restart;

constexpr auto kSections = std::to_array<Section>({
    {"collect", false, "Receiving and decoding."},
    {"http", false, "The collector's own metrics (docs/metrics.md) and health, over HTTP."},
    {"tls", false,
     "Certificates for collect.listen_tls, files in PEM form. SIGHUP reads them again, also if only their content has "
     "changed."},
    {"store", false, "The folder of Parquet files."},
    {"retention", false, "How long flows are kept. Without it, until the disk is full."},
    {"limits", false,
     "Bounds on what exporters may make the collector remember. What goes past one is evicted or skipped, and "
     "counted."},
    {"templates", false,
     "What exporters announced (templates, sampling rates, names), kept over a restart and shared with other "
     "collectors."},
    {"sampling", true,
     "A sampling rate that the operator knows better than the exporter says. Once for each exporter."},
    {"columns", true,
     "A column of the operator's own, for an information element that has none or is wanted as it was sent. Once for "
     "each element; several with one name are one column, the first one preferred. Its values are in the files from "
     "then on and in `weir top --by NAME`, `weir flows --columns NAME` and `weir sql`. The type of a name stays while "
     "the store has files with it."},
    {"log", false, "Messages on standard error."},
});

constexpr auto kKeys = std::to_array<Key>({
    {"collect", "listen", 1, 0, "", "", needs_restart, [](Config& c) -> Field { return &c.collect.listen; },
     "UDP addresses and ports to receive on: \"PORT\" for all addresses, \"192.0.2.1:PORT\" or \"[2001:db8::1]:PORT\" "
     "for one. "
     "2055 is the usual port of NetFlow, 4739 of IPFIX, 6343 of sFlow; every port takes every protocol."},
    {"collect", "listen_tcp", 0, 0, "", "", needs_restart, [](Config& c) -> Field { return &c.collect.listen_tcp; },
     "TCP addresses and ports to accept IPFIX exporters on, written as in `listen`. 4739 is the usual port."},
    {"collect", "listen_tls", 0, 0, "", "", needs_restart, [](Config& c) -> Field { return &c.collect.listen_tls; },
     "The same for IPFIX over TLS 1.2 or 1.3; 4740 is the usual port. Needs tls.certificate and tls.key."},
    {"collect", "threads", 1, 256, "", "", needs_restart, [](Config& c) -> Field { return &c.collect.threads; },
     "Receiving threads. The kernel spreads datagrams over them: see `spread`."},
    {"collect", "spread", 0, 0, "exporter datagram", "", needs_restart,
     [](Config& c) -> Field { return &c.collect.spread; },
     "How datagrams are spread over several threads. exporter: by source address, so that each exporter has one "
     "thread, "
     "and threads share nothing. datagram: at random, so that one large exporter keeps all threads busy; they share "
     "what "
     "it announces, and sequence numbers, which costs a little for each datagram. sFlow always goes by source "
     "address."},
    {"collect", "cpus", 0, 1023, "", "[0, 1]", needs_restart, [](Config& c) -> Field { return &c.collect.cpus; },
     "Processors that the receiving threads stay on, in turn: the first thread on the first one. Without it the "
     "scheduler chooses."},
    {"collect", "socket_buffer", 64 << 10, uint64_t{1} << 30, "", "", needs_restart,
     [](Config& c) -> Field { return &c.collect.socket_buffer; },
     "Kernel buffer of each socket. It has to hold what arrives while the collector is busy; the kernel grants at most "
     "net.core.rmem_max unless the collector has CAP_NET_ADMIN."},
    {"collect", "gro", 0, 0, "", "", needs_restart, [](Config& c) -> Field { return &c.collect.gro; },
     "Take datagrams of one exporter that arrived in a row from the kernel as one packet, where kernel and network "
     "adapter join them (UDP GRO): less work for each. Where the kernel then has to drop, it counts such packets, and "
     "not the datagrams in them."},
    {"collect", "queue", 1, 4096, "", "", needs_restart, [](Config& c) -> Field { return &c.collect.queue; },
     "Batches (of up to 32768 flows, some 5 MiB) that may wait for the store. When it is full, batches are dropped and "
     "counted; "
     "receiving never waits."},
    {"collect", "other", 0, 0, "", "", applied, [](Config& c) -> Field { return &c.collect.other; },
     "Keep information elements that have no column of their own, as JSON in the column `other`."},
    {"collect", "several_messages", 0, 0, "", "", applied,
     [](Config& c) -> Field { return &c.collect.several_messages; },
     "Accept several messages in one datagram, as some exporters send them."},

    {"http", "listen", 0, 0, "", "[\"127.0.0.1:8080\"]", needs_restart,
     [](Config& c) -> Field { return &c.http.listen; },
     "TCP addresses and ports to serve /metrics, /-/healthy and /-/ready on, written as in collect.listen; without it "
     "there is no server."},
    {"http", "web_config", 0, 0, "", "\"/etc/weir/web.yml\"", needs_restart,
     [](Config& c) -> Field { return &c.http.web_config; },
     "TLS, passwords and rate limits of this server: a file with the keys of Prometheus exporters' web configuration. "
     "It is read again when it changes."},

    {"tls", "certificate", 0, 0, "", "\"/etc/weir/collector.crt\"", applied,
     [](Config& c) -> Field { return &c.tls.certificate; },
     "The collector's certificate; behind it in the file, those that lead to its authority."},
    {"tls", "key", 0, 0, "", "\"/etc/weir/collector.key\"", applied, [](Config& c) -> Field { return &c.tls.key; },
     "Its private key, without a password."},
    {"tls", "client_ca", 0, 0, "", "\"/etc/weir/exporters-ca.crt\"", applied,
     [](Config& c) -> Field { return &c.tls.client_ca; },
     "Authorities of the exporters: with this, an exporter needs a certificate that one of them has signed. Without, "
     "anybody may connect."},

    {"store", "directory", 0, 0, "", "", needs_restart, [](Config& c) -> Field { return &c.store.directory; },
     "The folder; it is made if it does not exist. One collector writes to it, anything may read it at any time."},
    {"store", "flush_interval", kSecond / 10, 3600 * kSecond, "", "", applied,
     [](Config& c) -> Field { return &c.store.flush_interval; },
     "A flow can be queried at the latest this long after it was received, and a crash loses at most as much."},
    {"store", "rows_per_segment", 2048, 100'000'000, "", "", applied,
     [](Config& c) -> Field { return &c.store.rows_per_segment; },
     "A file is written as soon as this many flows wait, even before the interval."},
    {"store", "pending_rows", 32'768, 1'000'000'000, "", "", applied,
     [](Config& c) -> Field { return &c.store.pending_rows; },
     "Flows kept in memory while the disk cannot be written; past that the oldest are dropped and counted."},
    {"store", "compact", 0, 0, "", "", applied, [](Config& c) -> Field { return &c.store.compact; },
     "Merge small files into larger ones in the background."},
    {"store", "compact_after", 10 * kSecond, 3600 * kSecond, "", "", applied,
     [](Config& c) -> Field { return &c.store.compact_after; },
     "The time span of the first merge; the second one merges an hour."},
    {"store", "delete_grace", 0, kDay, "", "", applied, [](Config& c) -> Field { return &c.store.delete_grace; },
     "How long merged files stay for readers that still have them open."},

    {"retention", "max_age", 60 * kSecond, 36'500 * kDay, "", "\"30d\"", applied,
     [](Config& c) -> Field { return &c.retention.max_age; }, "Flows received longer ago than this are deleted."},
    {"retention", "max_size", kMiB, kMost, "", "\"100GB\"", applied,
     [](Config& c) -> Field { return &c.retention.max_size; },
     "When the files take more than this, the oldest are deleted."},

    {"limits", "exporters", 1, 10'000'000, "", "", applied, [](Config& c) -> Field { return &c.limits.exporters; },
     "Exporters and observation domains known at the same time."},
    {"limits", "templates_per_exporter", 1, 65'280, "", "", applied,
     [](Config& c) -> Field { return &c.limits.templates_per_exporter; },
     "Templates of one exporter and observation domain."},
    {"limits", "templates", 1, 100'000'000, "", "", applied, [](Config& c) -> Field { return &c.limits.templates; },
     "Templates in all."},
    {"limits", "fields_per_template", 1, 16'383, "", "", applied,
     [](Config& c) -> Field { return &c.limits.fields_per_template; }, "Fields of one template."},
    {"limits", "early_bytes_per_exporter", 0, kMost, "", "", applied,
     [](Config& c) -> Field { return &c.limits.early_bytes_per_exporter; },
     "Data kept for one exporter until its template arrives."},
    {"limits", "early_bytes", 0, kMost, "", "", applied, [](Config& c) -> Field { return &c.limits.early_bytes; },
     "Data kept in all until their templates arrive."},
    {"limits", "early_age", kSecond, 7 * kDay, "", "", applied, [](Config& c) -> Field { return &c.limits.early_age; },
     "How long data wait for their template."},
    {"limits", "template_lifetime", 60 * kSecond, 365 * kDay, "", "", applied,
     [](Config& c) -> Field { return &c.limits.template_lifetime; },
     "A template that was not sent again for this long is forgotten."},

    {"limits", "connections", 1, 1'000'000, "", "", applied, [](Config& c) -> Field { return &c.limits.connections; },
     "TCP and TLS connections at the same time. When there are as many, one that has not sent a message yet makes room "
     "for a new one; if there is none, the new one is refused."},
    {"limits", "connections_per_exporter", 1, 1'000'000, "", "", applied,
     [](Config& c) -> Field { return &c.limits.connections_per_exporter; }, "The same of one source address."},
    {"limits", "stream_bytes", 64 << 10, kMost, "", "", applied,
     [](Config& c) -> Field { return &c.limits.stream_bytes; },
     "Incomplete messages of all connections; past it, the connection that keeps one for the longest time is closed."},
    {"limits", "handshake_time", kSecond / 10, 3600 * kSecond, "", "", applied,
     [](Config& c) -> Field { return &c.limits.handshake_time; },
     "A TLS handshake that takes longer ends the connection."},
    {"limits", "message_time", kSecond / 10, 3600 * kSecond, "", "", applied,
     [](Config& c) -> Field { return &c.limits.message_time; },
     "A message that takes longer from its first octet to its last ends its connection."},
    {"limits", "idle_time", kSecond / 10, 365 * kDay, "", "\"12h\"", applied,
     [](Config& c) -> Field { return &c.limits.idle_time; },
     "A connection on which nothing comes for so long is closed. Without it none is: exporters may be quiet, and TCP "
     "keepalive finds those that are gone."},
    {"limits", "memory", 16 * kMiB, kMost, "", "\"2GiB\"", applied, [](Config& c) -> Field { return &c.limits.memory; },
     "When the collector's resident memory is above this, datagrams are refused and counted as memory_limit until it "
     "has "
     "gone down by a twentieth. Without it there is no limit."},

    {"templates", "state_file", 0, 0, "", "\"/var/lib/weir/templates.state\"", needs_restart,
     [](Config& c) -> Field { return &c.templates.state_file; },
     "Where what exporters announced is kept for the next start of `weir collect`, so that data decode at once. "
     "Without this key templates.state in the folder of the store; \"\" keeps nothing."},
    {"templates", "save_every", kSecond / 10, 3600 * kSecond, "", "", needs_restart,
     [](Config& c) -> Field { return &c.templates.save_every; },
     "The state file is written this often if anything has changed, and at the end."},
    {"templates", "redis", 0, 0, "", "\"redis://cache.example.net\"", needs_restart,
     [](Config& c) -> Field { return &c.templates.redis; },
     "A Redis server (5.0 or later) through which several collectors behind one address decode each other's exporters: "
     "docs/cluster.md. The password is not printed anywhere."},

    {"sampling", "exporter", 0, 0, "", "\"192.0.2.1\"", applied,
     [](Config& c) -> Field { return &c.sampling.back().exporter; }, "Source address of the exporter."},
    {"sampling", "rate", 1, 0xffffffff, "", "1000", applied, [](Config& c) -> Field { return &c.sampling.back().rate; },
     "One packet in this many was sampled; 1 means every packet."},

    {"columns", "name", 0, 0, "", "\"flow_class\"", applied, [](Config& c) -> Field { return &c.columns.back().name; },
     "Lower-case letters, digits and _; not the name of a column of this version (docs/columns.md). A column of MAC "
     "addresses is shown as such if its name ends in _mac."},
    {"columns", "element", 0, 0, "", "\"9:44940\"", applied,
     [](Config& c) -> Field { return &c.columns.back().element; },
     "The information element, as ENTERPRISE:NUMBER; 0 is IANA. A vendor's number from 32768 (9:44940) stands for the "
     "field of NetFlow v9 with this number and for the element of IPFIX without the top bit (9:12172). `weir decode` "
     "shows what an exporter sends."},
    {"columns", "type", 0, 0, kTypeNames, "\"u32\"", applied, [](Config& c) -> Field { return &c.columns.back().type; },
     "Of the column. A value that does not fit is null and counted as value_out_of_range."},
    {"columns", "conversion", 0, 0, kConversionNames, "\"uint\"", applied,
     [](Config& c) -> Field { return &c.columns.back().conversion; },
     "How octets become the value, if not as usual for the type (timestamp: milliseconds since 1970).", true},

    {"log", "level", 0, 0, "trace debug info warn error", "", applied, [](Config& c) -> Field { return &c.log.level; },
     "Messages below this level are not printed."},
});

std::string duration_to_toml(uint64_t us) {
  constexpr std::array<std::pair<uint64_t, std::string_view>, 4> units = {
      {{kDay, "d"}, {3600 * kSecond, "h"}, {60 * kSecond, "m"}, {kSecond, "s"}}};
  for (const auto& [unit, name] : units) {
    if (us >= unit && us % unit == 0) return fmt::format("\"{}{}\"", us / unit, name);
  }
  return us == 0 ? "\"0s\"" : fmt::format("\"{}ms\"", us / 1000);
}

std::string size_to_toml(uint64_t bytes) { return fmt::format("\"{}\"", size_to_string(bytes)); }

std::string to_toml(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(fmt::format("\"{}\"", text));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

// A configuration with one element in every array, so that every key has a place.
Config every_place() {
  Config config;
  for (const Section& section : kSections) {
    if (section.array) add_element(section.name, config);
  }
  return config;
}

std::string sizes_allowed(const Key& key) {
  if (key.most == kMost)
    return fmt::format("a size of at least {}, such as \"512MiB\" or \"10GB\"", size_to_string(key.least));
  return fmt::format("a size from {} to {}, such as \"32MiB\"", size_to_string(key.least), size_to_string(key.most));
}

std::string durations_allowed(const Key& key) {
  return fmt::format("a duration from {} to {}: a number with ms, s, m, h, d or w", duration_to_toml(key.least),
                     duration_to_toml(key.most));
}

std::string texts_allowed(const Key& key) {
  if (key.choices.empty()) return "a text that is not empty";
  std::string words = "one of \"";
  for (const char c : key.choices) words += c == ' ' ? std::string("\", \"") : std::string(1, c);
  return words + "\"";
}

}  // namespace

std::span<const Section> sections() { return kSections; }
std::span<const Key> keys() { return kKeys; }

void add_element(std::string_view section, Config& config) {
  if (section == "sampling") config.sampling.emplace_back();
  if (section == "columns") config.columns.emplace_back();
}

std::string allowed(const Key& key) {
  Config config = every_place();
  return std::visit(
      Overloaded{
          [](bool*) -> std::string { return "true or false"; },
          [&](uint64_t*) { return fmt::format("a whole number from {} to {}", key.least, key.most); },
          [&](ByteSize*) { return sizes_allowed(key); },
          [&](std::optional<ByteSize>*) { return sizes_allowed(key); },
          [&](Micros*) { return durations_allowed(key); },
          [&](std::optional<Micros>*) { return durations_allowed(key); },
          [&](std::string*) { return texts_allowed(key); },
          [](IpAddress*) -> std::string { return "an IPv4 or IPv6 address, such as \"192.0.2.1\" or \"2001:db8::1\""; },
          [](Element*) -> std::string { return "\"ENTERPRISE:NUMBER\", such as \"9:44940\"; enterprise 0 is IANA"; },
          [&](std::optional<std::string>*) { return texts_allowed(key); },
          [&](std::vector<std::string>*) {
            return fmt::format("a list of \"PORT\", \"ADDRESS:PORT\" or \"[IPV6-ADDRESS]:PORT\", each once{}",
                               key.least > 0 ? ", at least one" : "");
          },
          [&](std::vector<uint64_t>*) {
            return fmt::format("a list of whole numbers from {} to {}, each once", key.least, key.most);
          },
          [](std::optional<std::filesystem::path>*) -> std::string { return "a file; \"\" for none"; },
          [](std::optional<RedisUrl>*) -> std::string {
            return "\"redis://HOST\", \"redis://[USER]:PASSWORD@HOST:PORT/DATABASE\"";
          },
      },
      key.field(config));
}

std::string value_text(const Key& key, const Config& config) {
  Config copy = config;
  if (copy.sampling.empty()) copy.sampling.emplace_back();
  if (copy.columns.empty()) copy.columns.emplace_back();
  return std::visit(
      Overloaded{
          [](const bool* value) -> std::string { return *value ? "true" : "false"; },
          [](const uint64_t* value) { return fmt::to_string(*value); },
          [](const ByteSize* value) { return size_to_toml(value->bytes); },
          [](const std::optional<ByteSize>* value) { return *value ? size_to_toml((*value)->bytes) : std::string(); },
          [](const Micros* value) { return duration_to_toml(static_cast<uint64_t>(value->count())); },
          [](const std::optional<Micros>* value) {
            return *value ? duration_to_toml(static_cast<uint64_t>((*value)->count())) : std::string();
          },
          [](const std::optional<std::filesystem::path>* value) {
            return *value ? fmt::format("\"{}\"", (*value)->string()) : std::string();
          },
          [](const std::optional<RedisUrl>* value) {
            return *value ? fmt::format("\"{}\"", (*value)->to_string()) : std::string();
          },
          [](const std::string* value) { return fmt::format("\"{}\"", *value); },
          [](const std::optional<std::string>* value) {
            return *value ? fmt::format("\"{}\"", **value) : std::string();
          },
          [](const IpAddress* value) { return fmt::format("\"{}\"", value->to_string()); },
          [](const Element* value) { return fmt::format("\"{}\"", to_string(*value)); },
          [](const std::vector<std::string>* value) { return to_toml(*value); },
          [](const std::vector<uint64_t>* value) {
            return value->empty() ? std::string() : fmt::format("[{}]", fmt::join(*value, ", "));
          },
      },
      key.field(copy));
}

std::string default_text(const Key& key) { return key.example.empty() ? value_text(key, Config{}) : std::string(); }

std::vector<Change> changes(const Config& from, const Config& to) {
  std::vector<Change> out;
  for (const Key& key : kKeys) {
    if (std::ranges::any_of(kSections, [&](const Section& s) { return s.array && s.name == key.section; })) continue;
    if (std::string a = value_text(key, from), b = value_text(key, to); a != b) {
      out.push_back({fmt::format("{}.{}", key.section, key.name), std::move(a), std::move(b), key.on_reload});
    }
  }
  if (from.sampling != to.sampling) {
    out.push_back({"sampling", fmt::format("{} exporters", from.sampling.size()),
                   fmt::format("{} exporters", to.sampling.size()), OnReload::applied});
  }
  if (from.columns != to.columns) {
    out.push_back({"columns", fmt::format("{} elements", from.columns.size()),
                   fmt::format("{} elements", to.columns.size()), OnReload::applied});
  }
  return out;
}

}  // namespace weir::config
