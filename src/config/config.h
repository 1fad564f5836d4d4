// The configuration of `weir collect` and `weir replay`, as typed values with their defaults. keys.cc describes each
// key.
#pragma once

#include <any>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/redis_url.h"
#include "base/time.h"
#include "config/columns.h"

namespace weir::config {

// An amount of memory or disk, written "32MiB" or "10GB".
struct ByteSize {
  uint64_t bytes = 0;
  bool operator==(const ByteSize&) const = default;
};

struct Collect {
  std::vector<std::string> listen = {"2055", "4739", "6343"};
  std::vector<std::string> listen_tcp;
  std::vector<std::string> listen_tls;
  uint64_t threads = 1;
  std::string spread = "exporter";
  std::vector<uint64_t> cpus;
  ByteSize socket_buffer{uint64_t{32} << 20};
  bool gro = true;
  uint64_t queue = 64;
  ByteSize queue_bytes{uint64_t{512} << 20};
  bool other = false;
  bool several_messages = true;
};

// Metrics, for Prometheus and people.
struct Http {
  std::vector<std::string> listen;
  std::optional<std::string> web_config;
};

// Files of collect.listen_tls.
struct Tls {
  std::optional<std::string> certificate;
  std::optional<std::string> key;
  std::optional<std::string> client_ca;
};

struct Store {
  std::string directory = "weir-data";
  Micros flush_interval{5'000'000};
  uint64_t rows_per_segment = 524'288;
  uint64_t pending_rows = 2'097'152;
  bool compact = true;
  Micros compact_after{300'000'000};
  Micros delete_grace{60'000'000};
  ByteSize scrub_rate{4 << 20};
  bool journal = false;
  ByteSize journal_size{uint64_t{1} << 30};
  Micros journal_sync{1'000'000};
};

struct Retention {
  std::optional<Micros> max_age;
  std::optional<ByteSize> max_size;
};

struct Limits {
  ByteSize exporter_memory{uint64_t{256} << 20};
  uint64_t exporters = 65'536;
  uint64_t datagrams_per_second = 0;
  uint64_t templates_per_exporter = 1'024;
  uint64_t templates = 1'000'000;
  uint64_t fields_per_template = 512;
  ByteSize early_bytes_per_exporter{uint64_t{1} << 20};
  ByteSize early_bytes{uint64_t{64} << 20};
  Micros early_age{1'800'000'000};
  Micros template_lifetime{86'400'000'000};
  uint64_t connections = 4'096;
  uint64_t connections_per_exporter = 64;
  ByteSize stream_bytes{uint64_t{64} << 20};
  Micros handshake_time{10'000'000};
  Micros message_time{30'000'000};
  std::optional<Micros> idle_time;
  std::optional<ByteSize> memory;
};

struct Templates {
  std::optional<std::filesystem::path> state_file;  // nullopt: in the folder of the store; empty: none
  Micros save_every{10'000'000};
  std::optional<RedisUrl> redis;
  std::optional<std::string> redis_ca;
  std::optional<std::string> redis_certificate;
  std::optional<std::string> redis_key;
  std::optional<std::string> redis_server_name;
  bool redis_verify = true;
};

// Addresses that begin alike, "192.0.2.0/24", or one address; as it was written, and IpPrefix::parse reads it.
struct Network {
  std::string text;
  bool operator==(const Network&) const = default;
};

struct Exporters {
  std::vector<Network> allow;  // empty: all
  std::vector<Network> trusted_relays;
};

struct Sampling {
  IpAddress exporter;
  uint64_t rate = 0;
  bool operator==(const Sampling&) const = default;
};

struct Log {
  std::string level = "info";
};

// The values of sections that other modules describe (other_section() in key.h), by the name of the section. A section
// that the file does not have is not here.
using OtherSections = std::map<std::string, std::any, std::less<>>;

struct Config {
  Collect collect;
  Http http;
  Tls tls;
  Store store;
  Retention retention;
  Limits limits;
  Templates templates;
  Exporters exporters;
  std::vector<Sampling> sampling;
  std::vector<Column> columns;
  Log log;
  OtherSections other;
};

}  // namespace weir::config
