#include "decode/session/sharing.h"

#include <algorithm>

namespace weir::decode {

void Sharing::join(SharedExporters& shared) {
  shared_ = &shared;
  shared_->join();
}

bool Sharing::add(Exporter& exporter) {
  exporter.shared = shared_->of(exporter.address);
  std::unique_lock lock = exporter.shared->lock();
  if (exporter.shared->version() != 0) {
    take_locked(exporter);
    return false;
  }
  change_ = std::move(lock);
  return true;
}

// What others changed before is taken over first, so that nothing of it is lost.
void Sharing::lock(Exporter& exporter) {
  if (change_.owns_lock()) return;
  change_ = exporter.shared->lock();
  take_locked(exporter);
}

void Sharing::note_change(const Session& session) {
  if (!session.exporter->shared) [[likely]]
    return;
  if (std::ranges::find(to_publish_, session.key) == to_publish_.end()) to_publish_.push_back(session.key);
}

void Sharing::visit_streams(Exporter& exporter, const std::function<void(const SharedExporter::StreamPlace&)>& visit) {
  const std::unique_lock lock = exporter.shared->lock();
  exporter.shared->each_stream(visit);
}

void Sharing::each_stream(Exporter& exporter, const std::function<void(const SharedExporter::StreamPlace&)>& visit) {
  const std::unique_lock lock = exporter.shared->lock();
  if (exporter.shared->tells(exporter.teller)) exporter.shared->each_stream(visit);
}

void Sharing::publish_changes() {
  for (const SessionKey& key : std::exchange(to_publish_, {})) {
    if (Session* session = replica_.find(key)) publish(*session);
  }
  change_ = {};
}

void Sharing::publish(Session& session) {
  Exporter& exporter = *session.exporter;
  session.shared_version = exporter.shared->publish(replica_.snapshot(session));
  exporter.shared_version = session.shared_version;  // all before it is known: see lock()
}

void Sharing::take(Session& session) {
  Exporter& exporter = *session.exporter;
  const bool asked = session.shared_version != Session::kNeverShared;
  if (asked && exporter.shared->version() == exporter.shared_version) return;
  if (change_.owns_lock()) return;  // taken over when it began
  const std::unique_lock lock = exporter.shared->lock();
  if (!asked) {  // made here after the others published it
    session.shared_version = 0;
    if (const SharedSessionPtr published = exporter.shared->find(session.key)) {
      session.shared_version = published->version;
      replica_.take_over(session, *published);
    }
  }
  take_locked(exporter);
}

void Sharing::take_all() {
  for (Exporter& exporter : replica_.exporters()) {
    if (!exporter.shared || exporter.shared->version() == exporter.shared_version) continue;
    const std::unique_lock lock = exporter.shared->lock();
    take_locked(exporter);
  }
}

void Sharing::take_locked(Exporter& exporter) {
  for (const SharedSessionPtr& published : exporter.shared->since(exporter.shared_version)) {
    // Templates of a session that was never heard here are taken over when it is: see take(). Options may hold for others.
    Session* known =
        published->options.empty() ? replica_.find(published->key) : replica_.find_or_make(exporter, published->key);
    if (known == nullptr || known->shared_version == published->version) continue;
    known->shared_version = published->version;
    replica_.take_over(*known, *published);
  }
  exporter.shared_version = exporter.shared->version();
}

Sharing::LockedStreams Sharing::streams(Session& session) {
  Exporter& exporter = *session.exporter;
  if (!exporter.shared || session.key.connection != 0) [[likely]]
    return {{}, session.streams};
  std::unique_lock<std::mutex> lock;
  if (!change_.owns_lock()) lock = exporter.shared->lock();
  Streams& streams = exporter.shared->streams(session.key, exporter.counters);
  return {std::move(lock), streams};
}

void Sharing::begin_change(const Session& session, LockedStreams& access) {
  if (!access.lock.owns_lock()) return;
  change_ = std::move(access.lock);
  take_locked(*session.exporter);
}

// At the end the last decoder counts what is missing, as until then another one may bring it.
void Sharing::give_up(Timestamp now) {
  if (shared_ == nullptr) return;
  if (now != Timestamp::max()) {
    for (Exporter& exporter : replica_.exporters()) {
      if (!exporter.shared) continue;
      const std::unique_lock lock = exporter.shared->lock();
      exporter.shared->give_up(now, exporter.counters);
    }
  } else if (!std::exchange(left_, true) && shared_->leave()) {
    for (const auto& [address, shared] : shared_->all()) {
      const std::unique_lock lock = shared->lock();
      shared->give_up(now, replica_.counters_of(address));
    }
  }
}

}  // namespace weir::decode
