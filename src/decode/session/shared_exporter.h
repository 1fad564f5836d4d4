// What decoders in several threads have in common where each receives a part of an exporter's datagrams: what the
// exporter announced, and where its sequences are.
//
// Announcements are immutable snapshots, one for each session. Who changes something locks the exporter, takes over
// what others published, changes its own session and publishes that, so that changes are in one order. Who only reads
// compares a number for each datagram, and takes over what is new.
#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/ip_address.h"
#include "decode/common/stream_id.h"
#include "decode/session/shared_session.h"
#include "decode/session/streams.h"

namespace weir::decode {

struct SequencedMessage;
class OrderedSequence;

class SharedExporter {
 public:
  SharedExporter();
  ~SharedExporter();
  // Held while anything but version(), prove() and is_proven() is called.
  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

  // Of the last publication.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // One of the decoders has found that it is no forged address.
  void prove() { proven_.store(true, std::memory_order_relaxed); }
  bool is_proven() const { return proven_.load(std::memory_order_relaxed); }
  // Sessions that were published after `version`, the oldest first.
  std::vector<SharedSessionPtr> since(uint64_t version) const;
  // nullptr: nothing was published of it.
  SharedSessionPtr find(const SessionKey& key) const;
  // Gives it the next version.
  uint64_t publish(SharedSession session);

  // Of a session. The threads' messages are somewhat out of order.
  Streams& streams(const SessionKey& key, flow::ExporterCounters& counters);
  void note(const SessionKey& key, StreamNumber stream, const SequencedMessage& message,
            flow::ExporterCounters& counters);
  // Before its first message.
  void resume(const SessionKey& key, StreamNumber stream, const Resumption& from, flow::ExporterCounters& counters);
  // Its sequence goes on as another one's, or ends.
  void forget(const SessionKey& key, StreamNumber stream, flow::ExporterCounters& counters);
  // A stream, where its sequence is, and all of its session.
  struct StreamPlace {
    uint32_t domain;
    flow::FlowType type;
    const Streams& streams;
    const Stream& stream;
    SequenceState& sequence;
  };
  void each_stream(const std::function<void(const StreamPlace&)>& visit);
  // Of the decoders that know the exporter, one tells people of its streams: whether it is the one that keeps `teller`
  // as long as it knows the exporter.
  bool tells(std::shared_ptr<const bool>& teller);
  // Messages that have been missing for too long by `now` are counted as lost.
  void give_up(Timestamp now, flow::ExporterCounters& counters);

 private:
  // What a forged exporter may make us remember; those that were published or used the longest ago go first.
  static constexpr size_t kMaxSessions = 4096;
  static constexpr size_t kMaxStreamed = 1024;
  // By so many messages a thread may lag behind another one.
  static constexpr uint32_t kSlack = 1024;

  // Of a session; the exporter is the same for all.
  struct LocalKey {
    uint32_t domain;
    flow::FlowType type;
    explicit LocalKey(const SessionKey& key) : domain(key.domain), type(key.type) {}
    auto operator<=>(const LocalKey&) const = default;
  };
  struct SharedStreams;
  SharedStreams& shared(const SessionKey& key, flow::ExporterCounters& counters);

  std::mutex mutex_;
  std::atomic<uint64_t> version_ = 0;
  std::atomic<bool> proven_ = false;
  std::map<uint64_t, SharedSessionPtr> sessions_;  // by version
  std::map<LocalKey, uint64_t> versions_;          // of the sessions
  std::map<LocalKey, std::unique_ptr<SharedStreams>> streams_;
  std::list<LocalKey> used_;  // those of streams_, the one used the longest ago first
  std::weak_ptr<const bool> teller_;
  uint32_t made_ = 0;  // streams that those that are gone have numbered
};

// Those of all exporters. An exporter is kept as long as a decoder knows it.
class SharedExporters {
 public:
  std::shared_ptr<SharedExporter> of(const IpAddress& exporter);
  // Exporters that a decoder knows.
  std::vector<std::pair<IpAddress, std::shared_ptr<SharedExporter>>> all() const;

  // A decoder takes part until it leaves. True if it was the last one: then nothing more comes.
  void join();
  bool leave();

 private:
  mutable std::mutex mutex_;
  boost::unordered_flat_map<IpAddress, std::weak_ptr<SharedExporter>, IpAddressHash> exporters_;
  size_t sweep_at_ = 1024;  // entries at which those that nobody knows any more are looked for
  size_t decoders_ = 0;
};

}  // namespace weir::decode
