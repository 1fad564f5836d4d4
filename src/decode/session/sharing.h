// One decoder's part in sharing exporters: several threads, each with a decoder, receive a part of the same exporters'
// datagrams each, and every one of them has to know what the exporter announced to the others
// (decode/session/shared_exporter.h holds what they have in common).
//
// The protocol. What an exporter has announced exists once as the truth, an immutable snapshot of each session, and
// once as a copy in every decoder, in its sessions.
//
//   reading    Before a message is decoded, the exporter's version is compared with the last one known here: one atomic
//              load. If others have published since, their snapshots are taken over.
//   changing   Who is about to change what is known of an exporter (a definition, a withdrawal, an options record, a
//              stream that is gone) takes its lock (begin_change), takes over what others published before, changes
//              its own session, and publishes that at the end of the datagram (end_change). So all changes of an
//              exporter are in one order, and none is lost.
//
// Repeated announcements, almost all there are, change nothing and take no lock.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/ip_address.h"
#include "decode/common/message.h"
#include "decode/common/stream_id.h"
#include "decode/session/session.h"
#include "decode/session/shared_exporter.h"

namespace weir::decode {

class Sharing {
 public:
  // The sessions of this decoder, as far as sharing sees them.
  class Replica {
   public:
    virtual ~Replica() = default;
    virtual std::list<Exporter>& exporters() = 0;
    virtual flow::ExporterCounters& counters_of(const IpAddress& exporter) = 0;
    virtual Session* find(const SessionKey& key) = 0;  // nullptr: not known
    // nullptr: not known, and no room for it.
    virtual Session* find_or_make(Exporter& exporter, const SessionKey& key) = 0;
    virtual SharedSession snapshot(Session& session) = 0;
    virtual void take_over(Session& session, const SharedSession& published) = 0;
  };

  explicit Sharing(Replica& replica) : replica_(replica) {}

  // Before the first datagram; `shared` has to outlive this.
  void join(SharedExporters& shared);
  // An exporter that is new here. True if nobody else knows anything of it: then what is known from before is a change
  // that begins here.
  bool add(Exporter& exporter);

  // Of exporters that are not shared the next three do nothing.
  // From here on the other decoders wait with changes of theirs.
  void begin_change(const Session& session) {
    if (session.exporter->shared) [[unlikely]]
      lock(*session.exporter);
  }
  // The session will be published by end_change().
  void note_change(const Session& session);
  // Tells the other decoders what the datagram has changed, if it has; after each datagram.
  void end_change() {
    if (change_.owns_lock()) [[unlikely]]
      publish_changes();
  }

  // Takes over what other decoders learned of the session's exporter, before a message is decoded.
  void take(Session& session);
  // The same of all exporters, once a second.
  void take_all();

  // The streams of a session: its own, or those that decoders have in common. Those are locked as long as this lives,
  // unless this thread is changing something anyway.
  struct LockedStreams {
    std::unique_lock<std::mutex> lock;
    Streams& streams;
  };
  LockedStreams streams(Session& session);
  // What was found out there is a change: it is locked until end_change().
  void begin_change(const Session& session, LockedStreams& access);
  // All streams of a shared exporter.
  static void visit_streams(Exporter& exporter, const std::function<void(const SharedExporter::StreamPlace&)>& visit);
  // The same, if this decoder is the one that tells of them.
  static void each_stream(Exporter& exporter, const std::function<void(const SharedExporter::StreamPlace&)>& visit);
  // What nobody has got by `now` is lost; with Timestamp::max() this decoder leaves.
  void give_up(Timestamp now);

  // Templates that came from other decoders and that data wait for here.
  void note_arrived(const SessionKey& session, TemplateId id) { arrived_.emplace_back(session, id); }
  bool has_arrived() const { return !arrived_.empty(); }
  std::vector<std::pair<SessionKey, TemplateId>> take_arrived() { return std::exchange(arrived_, {}); }

  bool joined() const { return shared_ != nullptr; }

 private:
  void lock(Exporter& exporter);
  void publish_changes();
  void publish(Session& session);
  void take_locked(Exporter& exporter);

  Replica& replica_;
  SharedExporters* shared_ = nullptr;
  std::unique_lock<std::mutex> change_;  // of the exporter of this datagram, while it changes something
  std::vector<SessionKey> to_publish_;
  std::vector<std::pair<SessionKey, TemplateId>> arrived_;
  bool left_ = false;  // nothing more comes
};

}  // namespace weir::decode
