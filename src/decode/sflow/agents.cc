#include "decode/sflow/agents.h"

#include <algorithm>

#include "base/check.h"

namespace weir::decode::sflow {
namespace {

using flow::Anomaly;

// A count that wraps is near its end before and near its start after; any other fall is a count that began anew.
constexpr uint32_t kNearWrap = 1U << 30;

uint64_t mix(uint64_t value) {
  value *= 0x9e3779b97f4a7c15U;
  return value ^ value >> 32;
}

}  // namespace

size_t Agent::KeyHash::operator()(const SourceKey& key) const {
  return mix((uint64_t{key.type} << 33 ^ key.index) << 1 | (key.discard ? 1 : 0));
}

void Agent::observe(const DatagramHeader& header, Timestamp received, flow::ExporterCounters& counters) {
  if (uptime_.restarted(header.uptime_ms, to_us(received))) {
    counters.anomalies.add(Anomaly::exporter_restart);
    sequence_.forget();
    for (auto& [source, drops] : drops_) drops = 0;
  }
  // sFlow has no export time. The uptime serves as well: it only has to tell which of two datagrams was sent first.
  const int64_t sent_us = int64_t{header.uptime_ms} * 1000;
  overtaken_ = note_sequence(sequence_, header.sequence, 1, sent_us, counters) == SequenceEvent::reordered;
}

std::optional<uint64_t> Agent::observe_drops(const SourceKey& source, uint32_t drops) {
  const auto known = drops_.find(source);
  if (known == drops_.end()) return std::nullopt;
  if (overtaken_) return 0;
  const uint32_t before = known->second;
  known->second = drops;
  const bool wrapped = before > UINT32_MAX - kNearWrap && drops < kNearWrap;
  if (drops >= before || wrapped) return drops - before;  // modulo 2^32
  return drops;
}

size_t AgentTable::KeyHash::operator()(const AgentKey& key) const {
  const IpAddressHash hash;
  return hash(key.exporter) ^ mix(hash(key.agent) + key.sub_agent);
}

Agent& AgentTable::find(const AgentKey& key, flow::AnomalyCounts& anomalies) {
  if (!agents_.empty() && agents_.front().key == key) return agents_.front().agent;
  const auto known = index_.find(key);
  if (known != index_.end()) {
    agents_.splice(agents_.begin(), agents_, known->second);
    return agents_.front().agent;
  }
  while (!agents_.empty() && agents_.size() >= limits_.sflow_agents) {
    evict_oldest();
    anomalies.add(Anomaly::session_limit);
  }
  agents_.push_front({.key = key, .agent = {}});
  index_.emplace(key, agents_.begin());
  return agents_.front().agent;
}

uint64_t AgentTable::observe_drops(const SourceKey& source, uint32_t drops, flow::AnomalyCounts& anomalies) {
  CHECK(!agents_.empty());
  Agent& agent = agents_.front().agent;
  if (const auto lost = agent.observe_drops(source, drops)) return *lost;
  if (agent.sources() >= limits_.sflow_sources_per_agent) {
    sources_ -= agent.sources();
    agent.forget_sources();
    anomalies.add(Anomaly::session_limit);
  }
  while (sources_ >= limits_.sflow_sources && agents_.size() > 1) {
    evict_oldest();
    anomalies.add(Anomaly::session_limit);
  }
  agent.add(source, drops);
  ++sources_;
  return 0;
}

void AgentTable::evict_oldest() {
  sources_ -= agents_.back().agent.sources();
  index_.erase(agents_.back().key);
  agents_.pop_back();
}

}  // namespace weir::decode::sflow
