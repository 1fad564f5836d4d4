#include "pipeline/shared_state.h"

#include <algorithm>
#include <utility>

namespace weir::pipeline {

using decode::SessionKey;
using decode::SessionState;
using decode::TemplateId;
using decode::TemplateState;

std::vector<SharedState::SessionStatePtr> SharedState::sessions_of(const IpAddress& exporter) const {
  const std::lock_guard lock(mutex_);
  std::vector<SessionStatePtr> found;
  const SessionKey first{exporter, 0, flow::FlowType::unknown, 0};
  for (auto at = sessions_.lower_bound(first); at != sessions_.end() && at->first.exporter == exporter; ++at) {
    found.push_back(at->second);
  }
  return found;
}

void SharedState::update(decode::SessionChanges changes) {
  if (changes.forgotten.empty() && changes.changed.empty() && changes.wanted.empty() && changes.wanted_lost == 0)
    return;
  const std::lock_guard lock(mutex_);
  for (const SessionKey& key : changes.forgotten) remove(key);
  for (const SessionStatePtr& state : changes.changed) put(state);
  if (!sharing_) return;
  for (const SessionStatePtr& state : changes.changed) todo_.changed.push_back(state->key);
  const size_t room = kMostWanted - std::min(kMostWanted, todo_.wanted.size());
  const size_t taken = std::min(room, changes.wanted.size());
  todo_.wanted.insert(todo_.wanted.end(), changes.wanted.begin(),
                      changes.wanted.begin() + static_cast<std::ptrdiff_t>(taken));
  todo_.wanted_lost += changes.wanted_lost + changes.wanted.size() - taken;
  work_.notify_one();
}

std::vector<SharedState::SessionStatePtr> SharedState::take_imports(size_t thread) {
  const std::lock_guard lock(mutex_);
  return std::exchange(inboxes_[thread], {});
}

void SharedState::load(const std::vector<SessionStatePtr>& sessions) {
  const std::lock_guard lock(mutex_);
  for (const SessionStatePtr& state : sessions) {
    put(state);
    if (sharing_) todo_.changed.push_back(state->key);
  }
}

void SharedState::reached(uint64_t stream, uint64_t next) {
  const std::lock_guard lock(mutex_);
  reached_[stream] = next;
}

std::map<uint64_t, uint64_t> SharedState::all_reached() const {
  const std::lock_guard lock(mutex_);
  return reached_;
}

uint64_t SharedState::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

std::vector<SharedState::SessionStatePtr> SharedState::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<SessionStatePtr> all;
  all.reserve(sessions_.size());
  for (const auto& [key, state] : sessions_) all.push_back(state);
  return all;
}

SharedState::SessionStatePtr SharedState::find(const SessionKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto known = sessions_.find(key);
  return known == sessions_.end() ? nullptr : known->second;
}

void SharedState::expire(Timestamp now, std::chrono::seconds lifetime) {
  for (const SessionStatePtr& state : all()) {
    SessionState left = *state;
    if (decode::drop_expired(left, now, lifetime)) continue;
    const std::lock_guard lock(mutex_);
    const auto known = sessions_.find(state->key);
    // Unless it has changed meanwhile.
    if (known != sessions_.end() && known->second == state) remove(state->key);
  }
}

bool SharedState::deliver(const SessionStatePtr& state) {
  const std::lock_guard lock(mutex_);
  bool taken = true;
  for (std::vector<SessionStatePtr>& inbox : inboxes_) {
    taken &= inbox.size() < kMostImports;
    if (inbox.size() < kMostImports) inbox.push_back(state);
  }
  return taken;
}

SharedState::Work SharedState::wait_for_work(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  work_.wait_for(lock, timeout,
                 [&] { return woken_ || !todo_.changed.empty() || !todo_.withdrawn.empty() || !todo_.wanted.empty(); });
  woken_ = false;
  return std::exchange(todo_, {});
}

void SharedState::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  work_.notify_one();
}

// The callers below hold the lock.

void SharedState::put(const SessionStatePtr& state) {
  ++version_;
  const auto known = sessions_.find(state->key);
  if (known != sessions_.end() && sharing_) note_withdrawn(*known->second, *state);
  if (state->empty()) {
    remove(state->key);
  } else if (known != sessions_.end()) {
    known->second = state;
  } else {
    sessions_.emplace(state->key, state);
  }
}

void SharedState::remove(const SessionKey& key) { version_ += sessions_.erase(key); }

void SharedState::note_withdrawn(const SessionState& before, const SessionState& after) {
  TemplateId last{};
  for (const TemplateState& gone : before.templates) {
    const TemplateId id = gone.layout->id;
    const bool stays = std::ranges::binary_search(after.templates, id, {},
                                                  [](const TemplateState& known) { return known.layout->id; });
    if (!stays && id != last) todo_.withdrawn.push_back({after.key, id});
    last = id;
  }
}

}  // namespace weir::pipeline
