#include "decode/session/change_log.h"

#include <algorithm>
#include <utility>

#include "decode/session/session.h"

namespace weir::decode {
namespace {

// Templates that somebody is asked for in one go; a flood of forged data asks for any number of them.
constexpr size_t kMostWanted = 65536;

}  // namespace

void ChangeLog::note(Session& session) {
  if (session.change_index != Session::kUnchanged || session.key.connection != 0) return;
  session.change_index = changed_.size();
  changed_.push_back(&session);
}

void ChangeLog::note_wanted(const SessionKey& session, TemplateId id) {
  if (session.connection != 0) return;
  if (wanted_.size() < kMostWanted) {
    wanted_.push_back({session, id});
  } else {
    ++wanted_lost_;
  }
}

void ChangeLog::forget(Session& session) {
  if (session.shown != Timestamp{} && session.key.connection == 0) forgotten_.push_back(session.key);
  if (session.change_index == Session::kUnchanged) return;
  changed_.back()->change_index = session.change_index;
  std::swap(changed_[session.change_index], changed_.back());
  changed_.pop_back();
}

SessionChanges ChangeLog::take(Timestamp now, const std::function<bool()>& more, const ShowSession& show) {
  SessionChanges changes;
  while (!changed_.empty() && more()) {
    Session& session = *changed_.back();
    changed_.pop_back();
    session.change_index = Session::kUnchanged;
    session.shown = now;
    changes.changed.push_back(show(session));
  }
  changes.forgotten.swap(forgotten_);
  changes.wanted.swap(wanted_);
  changes.wanted_lost = std::exchange(wanted_lost_, 0);
  changes.more = !changed_.empty();
  return changes;
}

}  // namespace weir::decode
