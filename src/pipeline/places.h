// Where streams are in their sequences (decode/session/place.h), from the receiving threads to the account on the disk,
// and from there to the threads of the next run. They are of the same moment as the account's counts: what comes later
// is in neither.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "decode/session/place.h"
#include "flow/flow_type.h"

namespace weir::pipeline {

// Of one thread and of all; in the account some 2 MB.
inline constexpr size_t kMaxPlaces = 20'000;

// Where the threads leave them. Any thread.
class PlaceBoard {
 public:
  // Replaces what the thread left before.
  void publish(size_t thread, std::vector<decode::SequencePlace> places);
  // Of a stream that several threads know of, the furthest; those heard last first.
  std::vector<decode::SequencePlace> list() const;

 private:
  mutable std::mutex mutex_;
  std::map<size_t, std::vector<decode::SequencePlace>> places_;
};

// Those of the run before. Any thread.
class PlacesBefore final : public decode::PlaceSource {
 public:
  PlacesBefore(std::vector<decode::SequencePlace> places, Timestamp started);

  uint64_t claim(const IpAddress& exporter) override;
  std::vector<decode::KnownPlace> places_of(const decode::SessionKey& session, const IpAddress& agent) override;
  bool take(uint64_t id) override;
  Timestamp started() const override { return started_; }

  // Those of streams that have not been heard again: a run that ends at once must not forget them. None, once they are
  // too late to prove anything.
  std::vector<decode::SequencePlace> left(Timestamp now) const;

 private:
  static constexpr std::chrono::minutes kKeptFor{5};

  // exporter, domain, protocol, agent
  using Key = std::tuple<IpAddress, uint32_t, flow::FlowType, IpAddress>;
  static Key key_of(const decode::SessionKey& session, const IpAddress& agent) {
    return {session.exporter, session.domain, session.type, agent};
  }

  const Timestamp started_;
  mutable std::mutex mutex_;
  std::vector<decode::SequencePlace> places_;  // by id
  std::vector<bool> taken_;
  std::map<Key, std::vector<uint64_t>> sessions_;  // ids; a session has few streams, whatever somebody sends
  std::map<IpAddress, uint64_t> unclaimed_;
};

// An array of arrays, in the order of SequencePlace's members; the protocol by its name.
std::string places_to_json(const std::vector<decode::SequencePlace>& places);

}  // namespace weir::pipeline
