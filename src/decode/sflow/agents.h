// What has to be remembered of sFlow agents: where they are in their sequence of datagrams, and how many packets their
// data sources could not sample.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <list>
#include <optional>

#include "base/ip_address.h"
#include "decode/common/limits.h"
#include "decode/session/sequence.h"
#include "decode/sflow/sample.h"
#include "flow/ledger.h"

namespace weir::decode::sflow {

struct AgentKey {
  IpAddress exporter;
  IpAddress agent;  // one source may relay the datagrams of several
  uint32_t sub_agent = 0;
  bool operator==(const AgentKey&) const = default;
};

// The field `drops` of one data source: cumulative since the agent was reset, modulo 2^32.
struct SourceKey {
  uint32_t type = 0;
  uint32_t index = 0;
  bool discard = false;  // discarded-packet samples have a count of their own
  bool operator==(const SourceKey&) const = default;
};

class Agent {
 public:
  // Takes note of a datagram, and counts what its sequence number means.
  void observe(const DatagramHeader& header, Timestamp received, flow::ExporterCounters& counters);
  // Packets that the source could not sample since its last sample; 0 in datagrams that were overtaken: what they tell
  // is old. Nothing: the source is not known yet.
  std::optional<uint64_t> observe_drops(const SourceKey& source, uint32_t drops);
  void add(const SourceKey& source, uint32_t drops) { drops_.emplace(source, drops); }

  size_t sources() const { return drops_.size(); }
  void forget_sources() { drops_.clear(); }

 private:
  struct KeyHash {
    size_t operator()(const SourceKey& key) const;
  };

  SequenceState sequence_;
  UptimeState uptime_;
  bool overtaken_ = false;  // the latest datagram was
  boost::unordered_flat_map<SourceKey, uint32_t, KeyHash> drops_;
};

class AgentTable {
 public:
  explicit AgentTable(const Limits& limits) : limits_(limits) {}
  AgentTable(const AgentTable&) = delete;
  AgentTable& operator=(const AgentTable&) = delete;

  void set_limits(const Limits& limits) { limits_ = limits; }

  // Known or new, and from now on the most recently used; the least recently used goes, and is counted as
  // session_limit. Good until the next call.
  Agent& find(const AgentKey& key, flow::AnomalyCounts& anomalies);
  // Agent::observe_drops of the agent that find() returned last, where a new source takes its place within the limits.
  uint64_t observe_drops(const SourceKey& source, uint32_t drops, flow::AnomalyCounts& anomalies);

  size_t agents() const { return agents_.size(); }
  size_t sources() const { return sources_; }

 private:
  struct KeyHash {
    size_t operator()(const AgentKey& key) const;
  };
  struct Entry {
    AgentKey key;
    Agent agent;
  };
  void evict_oldest();

  Limits limits_;
  std::list<Entry> agents_;  // most recently used first
  boost::unordered_flat_map<AgentKey, std::list<Entry>::iterator, KeyHash> index_;
  size_t sources_ = 0;
};

}  // namespace weir::decode::sflow
