#include "decode/session/shared_exporter.h"

#include <algorithm>
#include <utility>

#include "decode/session/ordered_sequence.h"

namespace weir::decode {

struct SharedExporter::Stream {
  uint64_t last_used = 0;
  bool has_uptime = false;
  UptimeState uptime;
  OrderedSequence sequence;
  // The last restart: messages of before it that come later have a greater uptime at an earlier export time.
  bool was_restarted = false;
  uint32_t restart_uptime_ms = 0;
  int64_t restart_export_us = 0;
  Timestamp restart_received{};
};

SharedExporter::SharedExporter() = default;
SharedExporter::~SharedExporter() = default;

std::vector<SharedSessionPtr> SharedExporter::since(uint64_t version) const {
  std::vector<SharedSessionPtr> found;
  for (auto next = sessions_.upper_bound(version); next != sessions_.end(); ++next) found.push_back(next->second);
  return found;
}

SharedSessionPtr SharedExporter::find(const SessionKey& key) const {
  const auto known = versions_.find(LocalKey(key));
  return known == versions_.end() ? nullptr : sessions_.at(known->second);
}

uint64_t SharedExporter::publish(SharedSession session) {
  const uint64_t version = version_.load(std::memory_order_relaxed) + 1;
  const LocalKey key(session.key);
  const auto known = versions_.find(key);
  if (known != versions_.end()) {
    sessions_.erase(known->second);
  } else if (sessions_.size() >= kMaxSessions) {
    versions_.erase(LocalKey(sessions_.begin()->second->key));
    sessions_.erase(sessions_.begin());
  }
  versions_.insert_or_assign(key, version);
  session.version = version;
  sessions_.emplace(version, std::make_shared<const SharedSession>(std::move(session)));
  version_.store(version, std::memory_order_release);
  return version;
}

SharedExporter::Stream& SharedExporter::stream(const SessionKey& key, StreamOrigin origin,
                                               flow::ExporterCounters& counters) {
  const std::pair of(LocalKey(key), origin);
  auto found = streams_.find(of);
  if (found == streams_.end()) {
    if (streams_.size() >= kMaxStreams) {
      const auto oldest =
          std::ranges::min_element(streams_, {}, [](const auto& entry) { return entry.second->last_used; });
      oldest->second->sequence.give_up(Timestamp::max(), counters);
      streams_.erase(oldest);
    }
    found = streams_.emplace(of, std::make_unique<Stream>()).first;
  }
  found->second->last_used = ++uses_;
  return *found->second;
}

SharedExporter::Uptime SharedExporter::see_uptime(const SessionKey& key, StreamOrigin origin, uint32_t uptime_ms,
                                                  int64_t export_us, Timestamp received, UptimeState& known,
                                                  flow::ExporterCounters& counters) {
  Stream& stream = this->stream(key, origin, counters);
  if (!std::exchange(stream.has_uptime, true)) stream.uptime = known;
  const bool straggler =
      stream.was_restarted && received - stream.restart_received < kStragglersFor &&
      export_us <= stream.restart_export_us && uptime_ms > stream.restart_uptime_ms &&
      // Else it is of the run that began with the restart.
      int64_t{uptime_ms} - int64_t{stream.restart_uptime_ms} > (export_us - stream.restart_export_us) / 1000 + 1000;
  if (straggler) return Uptime::straggler;
  const bool restarted = stream.uptime.restarted(uptime_ms, export_us);
  known = stream.uptime;
  if (!restarted) return Uptime::goes_on;
  stream.was_restarted = true;
  stream.restart_uptime_ms = uptime_ms;
  stream.restart_export_us = export_us;
  stream.restart_received = received;
  stream.sequence.forget(counters);
  return Uptime::restarted;
}

void SharedExporter::note(const SessionKey& key, StreamOrigin origin, const SequencedMessage& message,
                          flow::ExporterCounters& counters) {
  stream(key, origin, counters).sequence.note(message, counters);
}

void SharedExporter::give_up(Timestamp now, flow::ExporterCounters& counters) {
  for (auto& [key, stream] : streams_) stream->sequence.give_up(now, counters);
}

std::shared_ptr<SharedExporter> SharedExporters::of(const IpAddress& exporter) {
  const std::lock_guard lock(mutex_);
  if (exporters_.size() >= sweep_at_) {
    boost::unordered::erase_if(exporters_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = std::max<size_t>(1024, 2 * exporters_.size());
  }
  std::weak_ptr<SharedExporter>& known = exporters_[exporter];
  std::shared_ptr<SharedExporter> found = known.lock();
  if (!found) known = found = std::make_shared<SharedExporter>();
  return found;
}

std::vector<std::pair<IpAddress, std::shared_ptr<SharedExporter>>> SharedExporters::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<IpAddress, std::shared_ptr<SharedExporter>>> all;
  for (const auto& [address, known] : exporters_) {
    if (std::shared_ptr<SharedExporter> exporter = known.lock()) all.emplace_back(address, std::move(exporter));
  }
  return all;
}

void SharedExporters::join() {
  const std::lock_guard lock(mutex_);
  ++decoders_;
}

bool SharedExporters::leave() {
  const std::lock_guard lock(mutex_);
  return --decoders_ == 0;
}

}  // namespace weir::decode
