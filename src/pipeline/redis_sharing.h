// Collectors behind one address share what exporters told any of them, through a Redis server. What lies there
// (docs/cluster.md):
//
//   weir:1:t:ADDRESS:DOMAIN:PROTOCOL:ID   a template, of all source ports that announced it
//   weir:1:o:ADDRESS                      what options records of all domains of the exporter told
//   weir:1:events                         a stream: what was new in the two above
//
// Values have the format of the state file (decode/session/state.h), are read by the same parser and are trusted no
// more. All of this happens in a thread of its own: receiving never waits for the server.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "base/log.h"
#include "base/log_limit.h"
#include "decode/common/limits.h"
#include "pipeline/redis_connection.h"
#include "pipeline/shared_state.h"
#include "pipeline/state_counters.h"

namespace weir::pipeline {

class RedisSharing {
 public:
  // tls: for rediss://. Its files are read for each connection, so that renewed certificates are taken.
  RedisSharing(RedisUrl url, net::TlsClientOptions tls, std::string server_name, decode::Limits limits,
               SharedState& state);
  ~RedisSharing() { stop(); }
  RedisSharing(const RedisSharing&) = delete;
  RedisSharing& operator=(const RedisSharing&) = delete;

  // Publishes what is left, if the server is there and takes it at once: waiting for it ends now.
  void stop();
  SharingCounters counters() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Asked {
    Clock::time_point until;
    Clock::time_point next;
  };
  using TemplateKey = std::tuple<IpAddress, uint32_t, uint8_t, decode::TemplateId>;
  using DomainKey = std::tuple<IpAddress, uint32_t, uint8_t>;

  void run();
  void take_work(SharedState::Work work);
  // These fail if the connection does.
  Result<> connect();
  Result<> round();
  Result<> sync(size_t most_sessions);
  Result<> sync_templates(const std::vector<decode::SessionStatePtr>& parts);
  Result<> sync_options(const std::vector<IpAddress>& exporters);
  Result<> withdraw();
  Result<> ask();
  Result<> read_events();
  Result<> write(const std::string& key, const decode::SessionStatePtr& value, bool tell);

  std::vector<decode::SessionStatePtr> parse(const RedisConnection::Reply& reply);
  void deliver(const decode::SessionStatePtr& state);
  bool tell(log::Level level, const std::string& line);
  void count_error(const std::string& what);
  void lose_connection(const Error& error);

  const RedisUrl url_;
  const net::TlsClientOptions tls_;
  const std::string server_name_;
  const decode::Limits limits_;
  const std::string self_;  // tells our events from those of others
  SharedState& state_;

  Patience patience_;
  std::optional<RedisConnection> connection_;
  Clock::time_point next_try_{};
  std::chrono::milliseconds back_off_{0};
  std::string last_event_;
  bool told_lost_ = false;
  MessageLimit log_;  // of all that is said about the server
  // Each at most once, so that they are no longer than what is known.
  std::map<DomainKey, decode::SessionKey> to_sync_;
  std::map<TemplateKey, decode::WantedTemplate> withdrawn_;
  std::map<TemplateKey, Asked> asked_;

  mutable std::mutex mutex_;
  SharingCounters counters_;  // guarded by mutex_

  std::atomic<bool> stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace weir::pipeline
