// Exporters and their sessions, in the order in which they were used, and what is counted of them.
//
// Both lists have two limits: the number of sessions, and the memory that all take that is known of them. When a new
// one finds no room, the one that was used the longest ago goes, with all that is known of it: of newcomers first.
// Anybody can claim to be an exporter, by a datagram with a forged address. Who has sent data that could be decoded,
// for a while, or is known from before, is proven, and goes only when there are no newcomers. An exporter is used
// whenever one of its sessions is; so the sessions of the last exporter are at the end of their list, too, and go
// with it. A flood of forged addresses costs, that way, a constant time for each and never more memory than the
// limit, and evicts forged addresses.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <span>
#include <vector>

#include "base/datagram.h"
#include "decode/common/limits.h"
#include "decode/session/proven_first.h"
#include "decode/session/session.h"

namespace weir::decode {

class ExporterTable {
 public:
  // Called before a session is forgotten.
  using OnForget = std::function<void(Session&)>;
  // Who has sent so many datagrams that were decoded, over so much time, is proven.
  static constexpr uint64_t kProvenDatagrams = 16;
  static constexpr size_t kFewNewcomers = 1024;
  static constexpr std::chrono::seconds kProvenTime{2};
  ExporterTable(const Limits& limits, OnForget on_forget) : limits_(limits), on_forget_(std::move(on_forget)) {}
  ExporterTable(const ExporterTable&) = delete;
  ExporterTable& operator=(const ExporterTable&) = delete;

  void set_limits(const Limits& limits);

  // Known or new, and from now on the most recently used. References are good until the next call that may make a new
  // one.
  struct Found {
    Exporter& exporter;
    bool is_new;
  };
  Found exporter(const IpAddress& address, Timestamp received);
  Session& session(Exporter& exporter, const SessionKey& key);
  // It is the one that sent last.
  bool is_latest(const IpAddress& address) const { return latest_ != nullptr && latest_->address == address; }
  // Known, or nullptr. Moves nothing.
  Exporter* find_exporter(const IpAddress& address);
  Session* find_session(const SessionKey& key);
  // Of the exporter if it is known, else of the forgotten ones.
  flow::ExporterCounters& counters_of(const IpAddress& address);
  bool has_room() const { return sessions_.size() < limits_.sessions && memory() < limits_.memory; }

  // What is known of the session takes so much memory now. shared: what sessions have together and were charged for
  // each.
  void charge(Session& session, size_t bytes, size_t shared);
  // Whether the session may take so much more, after others are forgotten for it: of its own exporter, if that has its
  // share; else newcomers, then those of exporters that have much, then those that were used the longest ago. False:
  // what there is is its exporter's own. `session` stays.
  bool make_room(Session& session, size_t more);
  // Of all, about, in bytes.
  size_t memory() const { return memory_ - std::min(memory_, shared_memory_); }
  // Looks at it again. Where decoders share the exporter, it is proven to all of them.
  static bool is_proven(Exporter& exporter);

  // These datagrams will be decoded next: what is known of their exporters, and the template of their first set, is
  // fetched into the cache, all of it at once instead of one miss after the other. Changes nothing.
  void expect(std::span<const Datagram> next) const;

  // Forgets the session that was used the longest ago. False if there is no other than the latest.
  bool forget_oldest_session();
  // Forgets the sessions of a connection, in every observation domain.
  void close_connection(uint64_t connection);

  std::list<Exporter>& exporters() { return exporters_.all(); }
  const std::list<Exporter>& exporters() const { return exporters_.all(); }
  std::list<Session>& sessions() { return sessions_.all(); }
  // What exporters had counted that are no longer in exporters().
  const flow::ExporterCounters& forgotten() const { return forgotten_; }

 private:
  struct KeyHash {
    using is_avalanching = void;
    size_t operator()(const SessionKey& key) const;
  };
  // Orders the sessions of connections by connection.
  struct ByConnection {
    bool operator()(const SessionKey& a, const SessionKey& b) const;
  };
  void use(std::list<Exporter>::iterator exporter);
  // One exporter's share.
  size_t share() const { return limits_.memory / 2; }
  // Who has more than this, has much.
  size_t much() const { return limits_.memory / 16; }
  void charge(Exporter& exporter, size_t before, size_t after);
  bool forget_oldest_of(Exporter& exporter, const Session& keep);
  bool forget_for(const Session& keep);
  // Newcomers have a part of the limit only, so that a flood of them takes no more memory than that.
  size_t most_newcomers() const { return std::max(limits_.sessions / 4, std::min(limits_.sessions, kFewNewcomers)); }
  void forget(std::list<Session>::iterator session);
  void forget_oldest_exporter();
  void forget(std::list<Exporter>::iterator exporter);

  Limits limits_;
  OnForget on_forget_;
  ProvenFirst<Exporter> exporters_;
  ProvenFirst<Session> sessions_;
  Exporter* latest_ = nullptr;         // the exporter used last
  Session* latest_session_ = nullptr;  // and the session
  boost::unordered_flat_map<IpAddress, std::list<Exporter>::iterator, IpAddressHash> exporter_index_;
  boost::unordered_flat_map<SessionKey, std::list<Session>::iterator, KeyHash> session_index_;
  std::map<SessionKey, std::list<Session>::iterator, ByConnection> connection_index_;  // those of connections only
  flow::ExporterCounters forgotten_;
  size_t memory_ = 0;             // of all exporters
  size_t shared_memory_ = 0;      // of it counted several times
  std::vector<Exporter*> large_;  // those that have much: at most 16, but for shared memory
};

}  // namespace weir::decode
