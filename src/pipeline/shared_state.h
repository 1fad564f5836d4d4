// What all receiving threads know of their exporters, in one place: decoders look here for exporters that are new to
// them, the state file is written from here, and what other collectors learned comes in here. States are immutable, so
// every lock is held only as long as it takes to copy pointers.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <tuple>
#include <vector>

#include "decode/session/state.h"

namespace weir::pipeline {

class SharedState : public decode::StateSource {
 public:
  using SessionStatePtr = decode::SessionStatePtr;

  // sharing: somebody calls wait_for_work().
  SharedState(size_t threads, bool sharing) : sharing_(sharing), inboxes_(threads) {}

  std::vector<SessionStatePtr> sessions_of(const IpAddress& exporter) const override;

  // A receiving thread: what became of its sessions; what others have for it.
  void update(decode::SessionChanges changes);
  std::vector<SessionStatePtr> take_imports(size_t thread);

  // All that was learned from the datagrams of a journal's stream before number `next` is here.
  void reached(uint64_t stream, uint64_t next);
  std::map<uint64_t, uint64_t> all_reached() const;

  // From a file, before the threads start.
  void load(const std::vector<SessionStatePtr>& sessions);
  // Changes with every change.
  uint64_t version() const;
  std::vector<SessionStatePtr> all() const;
  SessionStatePtr find(const decode::SessionKey& key) const;
  // Forgets what was not used for so long: sessions that no exporter came back to.
  void expire(Timestamp now, std::chrono::seconds lifetime);

  // What other collectors learned, for all threads. False if a thread has not yet taken what there is.
  bool deliver(const SessionStatePtr& state);

  // For those who tell other collectors.
  struct Work {
    std::vector<decode::SessionKey> changed;
    std::vector<decode::WantedTemplate> withdrawn;  // gone by the exporter's word, or as nobody used it
    std::vector<decode::WantedTemplate> wanted;
    uint64_t wanted_lost = 0;
  };
  // What there is to do; waits for so long if there is nothing.
  Work wait_for_work(std::chrono::milliseconds timeout);
  void wake();

 private:
  static constexpr size_t kMostWanted = 65536;
  static constexpr size_t kMostImports = 65536;  // that wait for one thread

  // By exporter, its domains together.
  struct Order {
    bool operator()(const decode::SessionKey& a, const decode::SessionKey& b) const {
      return std::tie(a.exporter, a.domain, a.type, a.connection) <
             std::tie(b.exporter, b.domain, b.type, b.connection);
    }
  };

  void put(const SessionStatePtr& state);
  void remove(const decode::SessionKey& key);
  void note_withdrawn(const decode::SessionState& before, const decode::SessionState& after);

  const bool sharing_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::map<decode::SessionKey, SessionStatePtr, Order> sessions_;
  uint64_t version_ = 0;
  std::map<uint64_t, uint64_t> reached_;  // by stream
  Work todo_;
  bool woken_ = false;
  std::vector<std::vector<SessionStatePtr>> inboxes_;
};

}  // namespace weir::pipeline
