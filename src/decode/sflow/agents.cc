#include "decode/sflow/agents.h"

#include <algorithm>
#include <iterator>

#include "base/check.h"

namespace weir::decode::sflow {
namespace {

using flow::Anomaly;

// A count that wraps is near its end before and near its start after; any other fall is a count that began anew.
constexpr uint32_t kNearWrap = 1U << 30;

// Two starts that are no further apart are one: delays on the way, clocks that drift.
constexpr int32_t kStartToleranceMs = 5'000;
constexpr int64_t kRestartToleranceMs = 10'000;
// Datagrams that may be missing before one that comes from another port.
constexpr uint32_t kMostMissing = 64;

}  // namespace

size_t Agent::KeyHash::operator()(const SourceKey& key) const {
  return keyed_hash((uint64_t{key.type} << 33 ^ key.index) << 1 | (key.discard ? 1 : 0));
}

bool Agent::may_have_sent(const DatagramHeader& header, ExporterPort port, Timestamp received) const {
  if (!heard_) return false;
  const int64_t silence_ms = (to_us(received) - to_us(received_)) / 1000;
  const auto moved_ms = static_cast<int32_t>(static_cast<uint32_t>(silence_ms) - (header.uptime_ms - uptime_ms_));
  const bool same_start = moved_ms >= -kStartToleranceMs && moved_ms <= kStartToleranceMs;
  const uint32_t ahead = header.sequence - number_;
  if (port != port_) return same_start && ahead > 0 && ahead <= kMostMissing;
  const bool restarted = int64_t{header.uptime_ms} <= silence_ms + kRestartToleranceMs;
  return same_start || restarted || ahead == 1;
}

void Agent::observe(const DatagramHeader& header, Timestamp received, flow::ExporterCounters& counters) {
  if (datagrams_++ == 0) first_heard_ = received;
  heard_ = true;
  received_ = received;
  uptime_ms_ = header.uptime_ms;
  number_ = header.sequence;
  if (uptime_.restarted(header.uptime_ms, to_us(received))) {
    counters.anomalies.add(Anomaly::exporter_restart);
    sequence_.begin_anew();
    ++life_;
  }
  // sFlow has no export time. The uptime serves as well: it only has to tell which of two datagrams was sent first.
  const int64_t sent_us = int64_t{header.uptime_ms} * 1000;
  overtaken_ = note_sequence(sequence_, header.sequence, 1, sent_us, counters) == SequenceEvent::reordered;
}

StreamReport Agent::report() {
  const bool settled = sequence_.settle();
  const LossDoubt doubt = sequence_.erratic() ? LossDoubt::erratic : settled ? LossDoubt::none : LossDoubt::too_few;
  StreamReport report;
  report.port = port_;
  report.boot = static_cast<uint32_t>(to_us(received_) / 1000) - uptime_ms_;
  report.boots = 1;
  report.messages = datagrams_;
  report.lost = sequence_.lost();
  report.doubt = doubt;
  report.first_heard = first_heard_;
  report.last_heard = received_;
  return report;
}

std::optional<SequencePlace> Agent::place() {
  if (!sequence_.known() || sequence_.erratic() || !sequence_.settle()) return std::nullopt;
  const auto boot = static_cast<uint32_t>(to_us(received_) / 1000) - uptime_ms_;
  return SequencePlace{.session = {},
                       .agent = {},
                       .port = port_,
                       .next = sequence_.next(),
                       .inclusive = sequence_.inclusive(),
                       .has_boot = true,
                       .boot_by_ours = boot,
                       .boot_by_its_own = boot,
                       .units = datagrams_,
                       .messages = datagrams_,
                       .lived_ms = (to_us(received_) - to_us(first_heard_)) / 1000,
                       .heard = received_,
                       .export_us = to_us(received_)};
}

std::optional<uint64_t> Agent::observe_drops(const SourceKey& source, uint32_t drops) {
  const auto known = drops_.find(source);
  if (known == drops_.end()) return std::nullopt;
  if (overtaken_) return 0;
  const uint32_t before = known->second.life == life_ ? known->second.drops : 0;
  known->second = {drops, life_};
  const bool wrapped = before > UINT32_MAX - kNearWrap && drops < kNearWrap;
  if (drops >= before || wrapped) return drops - before;  // modulo 2^32
  return drops;
}

size_t AgentTable::KeyHash::operator()(const AgentKey& key) const {
  const IpAddressHash hash;
  return keyed_hash(hash(key.exporter), hash(key.agent) ^ key.sub_agent);
}

Agent& AgentTable::find(const AgentKey& key, const DatagramHeader& header, ExporterPort port, Timestamp received,
                        flow::AnomalyCounts& anomalies) {
  const auto known = index_.find(key);
  if (known == index_.end()) {
    Agent& agent = make(key, anomalies);
    agent.set_port(port);
    resume_agent(key, header, port, received, agent);
    return agent;
  }
  // The one of this port first: who follows to another port is proven less.
  auto& of_key = known->second;
  auto found = std::ranges::find_if(of_key, [&](const Agents::iterator& entry) {
    return entry->agent.port() == port && entry->agent.may_have_sent(header, port, received);
  });
  if (found == of_key.end()) {
    found = std::ranges::find_if(
        of_key, [&](const Agents::iterator& entry) { return entry->agent.may_have_sent(header, port, received); });
  }
  if (found == of_key.end() && of_key.size() < kMostOfKey) {
    Agent& agent = make(key, anomalies);
    agent.set_port(port);
    resume_agent(key, header, port, received, agent);
    return agent;
  }
  const Agents::iterator entry = found == of_key.end() ? of_key.back() : *found;
  entry->agent.set_port(port);
  agents_.splice(agents_.begin(), agents_, entry);
  return entry->agent;
}

// sFlow has no export time: that of receiving stands for it.
void AgentTable::resume_agent(const AgentKey& key, const DatagramHeader& header, ExporterPort port, Timestamp received,
                              Agent& agent) {
  if (places_ == nullptr) return;
  const auto from = resume(
      *places_, {.session = {.exporter = key.exporter, .domain = key.sub_agent, .type = flow::FlowType::sflow_v5},
                 .agent = key.agent,
                 .port = port,
                 .received = received,
                 .export_us = to_us(received),
                 .uptime_ms = header.uptime_ms});
  if (from) agent.resume(*from);
}

void AgentTable::add_places(std::vector<SequencePlace>& places, size_t most) {
  for (auto& [key, agent] : agents_) {
    if (places.size() >= most) return;
    auto place = agent.place();
    if (!place) continue;
    place->session = {.exporter = key.exporter, .domain = key.sub_agent, .type = flow::FlowType::sflow_v5};
    place->agent = key.agent;
    places.push_back(*std::move(place));
  }
}

Agent& AgentTable::make(const AgentKey& key, flow::AnomalyCounts& anomalies) {
  while (!agents_.empty() && agents_.size() >= limits_.sflow_agents) {
    evict_oldest();
    anomalies.add(Anomaly::session_limit);
  }
  agents_.push_front({.key = key, .agent = {}});
  index_[key].push_back(agents_.begin());
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

void AgentTable::survey(StreamSurvey& survey, ExporterTable& exporters) {
  for (auto& [key, agent] : agents_) {
    Exporter* const exporter = exporters.find_exporter(key.exporter);
    if (exporter == nullptr) continue;
    StreamReport report = agent.report();
    report.session = {.exporter = key.exporter, .domain = key.sub_agent, .type = flow::FlowType::sflow_v5};
    report.agent = key.agent;
    survey.add(std::move(report), exporter->counters);
  }
}

void AgentTable::evict_oldest() {
  sources_ -= agents_.back().agent.sources();
  const auto found = index_.find(agents_.back().key);
  const auto place = std::ranges::find(found->second, std::prev(agents_.end()));
  found->second.erase(place);
  if (found->second.empty()) index_.erase(found);
  agents_.pop_back();
}

}  // namespace weir::decode::sflow
