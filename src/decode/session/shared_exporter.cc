#include "decode/session/shared_exporter.h"

#include <algorithm>
#include <utility>

#include "decode/session/ordered_sequence.h"

namespace weir::decode {

struct SharedExporter::SharedStreams {
  explicit SharedStreams(uint32_t made) : streams(kSlack, made) {}
  std::list<LocalKey>::iterator place;  // in used_
  Streams streams;
  std::map<StreamNumber, OrderedSequence> sequences;
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

SharedExporter::SharedStreams& SharedExporter::shared(const SessionKey& key, flow::ExporterCounters& counters) {
  const LocalKey of(key);
  auto found = streams_.find(of);
  if (found == streams_.end()) {
    if (streams_.size() >= kMaxStreamed) {
      const auto oldest = streams_.find(used_.front());
      for (auto& [number, sequence] : oldest->second->sequences) sequence.give_up(Timestamp::max(), counters);
      made_ = std::max(made_, oldest->second->streams.made());
      streams_.erase(oldest);
      used_.pop_front();
    }
    found = streams_.emplace(of, std::make_unique<SharedStreams>(made_)).first;
    found->second->place = used_.insert(used_.end(), of);
  }
  used_.splice(used_.end(), used_, found->second->place);
  return *found->second;
}

Streams& SharedExporter::streams(const SessionKey& key, flow::ExporterCounters& counters) {
  return shared(key, counters).streams;
}

void SharedExporter::note(const SessionKey& key, StreamNumber stream, const SequencedMessage& message,
                          flow::ExporterCounters& counters) {
  shared(key, counters).sequences[stream].note(message, counters);
}

void SharedExporter::resume(const SessionKey& key, StreamNumber stream, const Resumption& from,
                            flow::ExporterCounters& counters) {
  shared(key, counters).sequences[stream].state().resume(from);
}

void SharedExporter::forget(const SessionKey& key, StreamNumber stream, flow::ExporterCounters& counters) {
  std::map<StreamNumber, OrderedSequence>& sequences = shared(key, counters).sequences;
  const auto found = sequences.find(stream);
  if (found == sequences.end()) return;
  found->second.give_up(Timestamp::max(), counters);
  sequences.erase(found);
}

void SharedExporter::each_stream(const std::function<void(const StreamPlace&)>& visit) {
  for (auto& [key, shared] : streams_) {
    for (const auto& stream : shared->streams.all()) {
      SequenceState none;
      const auto found = shared->sequences.find(stream->number);
      visit({.domain = key.domain,
             .type = key.type,
             .streams = shared->streams,
             .stream = *stream,
             .sequence = found == shared->sequences.end() ? none : found->second.state()});
    }
  }
}

bool SharedExporter::tells(std::shared_ptr<const bool>& teller) {
  const std::shared_ptr<const bool> known = teller_.lock();
  if (known) return known == teller;
  teller = std::make_shared<const bool>(true);
  teller_ = teller;
  return true;
}

void SharedExporter::give_up(Timestamp now, flow::ExporterCounters& counters) {
  for (auto& [key, streams] : streams_) {
    for (auto& [number, sequence] : streams->sequences) sequence.give_up(now, counters);
  }
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
