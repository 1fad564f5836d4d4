// What has to be remembered of sFlow agents: where they are in their sequence of datagrams, and how many packets their
// data sources could not sample.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <list>
#include <optional>
#include <vector>

#include "base/ip_address.h"
#include "decode/common/limits.h"
#include "decode/common/stream_id.h"
#include "decode/session/exporter_table.h"
#include "decode/session/place.h"
#include "decode/session/sequence.h"
#include "decode/session/stream_survey.h"
#include "decode/sflow/sample.h"
#include "flow/ledger.h"

namespace weir::decode::sflow {

// Several agents may share one: private addresses repeat behind NAT, and one source may relay the datagrams of several.
struct AgentKey {
  IpAddress exporter;
  IpAddress agent;
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
  // Whether a datagram can be this agent's: from its port, what it says of its start and of its numbers goes on, or it
  // was restarted; from another one, as its port may change, only if both go on.
  bool may_have_sent(const DatagramHeader& header, ExporterPort port, Timestamp received) const;
  ExporterPort port() const { return port_; }
  void set_port(ExporterPort port) { port_ = port; }
  // Takes note of a datagram, and counts what its sequence number means.
  void observe(const DatagramHeader& header, Timestamp received, flow::ExporterCounters& counters);
  // Packets that the source could not sample since its last sample; 0 in datagrams that were overtaken: what they tell
  // is old. Nothing: the source is not known yet.
  std::optional<uint64_t> observe_drops(const SourceKey& source, uint32_t drops);
  void add(const SourceKey& source, uint32_t drops) { drops_.emplace(source, Drops{drops, life_}); }

  // Before its first datagram.
  void resume(const Resumption& from) { sequence_.resume(from); }
  // Nothing: its loss is not known.
  std::optional<SequencePlace> place();

  // For people; without its key.
  StreamReport report();

  size_t sources() const { return drops_.size(); }
  void forget_sources() { drops_.clear(); }

 private:
  struct KeyHash {
    using is_avalanching = void;
    size_t operator()(const SourceKey& key) const;
  };

  ExporterPort port_{};
  bool heard_ = false;
  uint64_t datagrams_ = 0;
  Timestamp first_heard_{};
  Timestamp received_{};    // of the last datagram
  uint32_t uptime_ms_ = 0;  // and what it said
  uint32_t number_ = 0;
  SequenceState sequence_;
  UptimeState uptime_;
  bool overtaken_ = false;  // the latest datagram was
  // Counted in a life of the agent: a restart begins another one, and all counts anew.
  struct Drops {
    uint32_t drops;
    uint32_t life;
  };
  boost::unordered_flat_map<SourceKey, Drops, KeyHash> drops_;
  uint32_t life_ = 0;
};

class AgentTable {
 public:
  explicit AgentTable(const Limits& limits) : limits_(limits) {}
  AgentTable(const AgentTable&) = delete;
  AgentTable& operator=(const AgentTable&) = delete;

  void set_limits(const Limits& limits) { limits_ = limits; }

  // Who has sent the datagram: known or new, and from now on the most recently used; the least recently used goes, and
  // is counted as session_limit. Good until the next call.
  Agent& find(const AgentKey& key, const DatagramHeader& header, ExporterPort port, Timestamp received,
              flow::AnomalyCounts& anomalies);
  // Agent::observe_drops of the agent that find() returned last, where a new source takes its place within the limits.
  uint64_t observe_drops(const SourceKey& source, uint32_t drops, flow::AnomalyCounts& anomalies);

  // Where their sequences were before the collector was started; nullptr: not known.
  void set_places(PlaceSource* places) { places_ = places; }
  void add_places(std::vector<SequencePlace>& places, size_t most);

  // For people, and their exporters' counters get their part of it.
  void survey(StreamSurvey& survey, ExporterTable& exporters);

  size_t agents() const { return agents_.size(); }
  size_t sources() const { return sources_; }

 private:
  struct KeyHash {
    using is_avalanching = void;
    size_t operator()(const AgentKey& key) const;
  };
  struct Entry {
    AgentKey key;
    Agent agent;
  };
  using Agents = std::list<Entry>;
  // Agents of one key; more are taken for the one that was used last.
  static constexpr size_t kMostOfKey = 64;
  Agent& make(const AgentKey& key, flow::AnomalyCounts& anomalies);
  void evict_oldest();
  void resume_agent(const AgentKey& key, const DatagramHeader& header, ExporterPort port, Timestamp received,
                    Agent& agent);

  Limits limits_;
  PlaceSource* places_ = nullptr;
  Agents agents_;  // most recently used first
  boost::unordered_flat_map<AgentKey, boost::container::small_vector<Agents::iterator, 1>, KeyHash> index_;
  size_t sources_ = 0;
};

}  // namespace weir::decode::sflow
