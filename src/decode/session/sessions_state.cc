// Sessions as states and back: for a restart of the collector, and for collectors that share what they know.
#include <algorithm>

#include "decode/session/sessions.h"

namespace weir::decode {

SessionStatePtr Sessions::state_of(Session& session, Timestamp now) {
  session.options.take_snapshot(now);
  auto state = std::make_shared<SessionState>();
  state->key = session.key;
  state->sent_data = session.options.sent_data;
  state->options = session.options.snapshot;
  for (const Stream& stream : session.streams.all) {
    if (!stream.uptime.known()) continue;
    state->streams.push_back({stream.origin, stream.uptime.uptime_ms(), stream.uptime.export_us()});
  }
  std::ranges::sort(state->streams, {}, &StreamState::origin);
  state->templates = TemplateStore::state_of(session.templates);
  return state;
}

SessionChanges Sessions::take_changes(Timestamp now, size_t max_sessions) {
  return changes_.take(now, max_sessions, [&](Session& session) { return state_of(session, now); });
}

std::optional<AnnouncedOptionsList> Sessions::take_options(Timestamp now) {
  AnnouncedOptionsList all;
  for (Session& session : table_.sessions()) {
    session.options.take_snapshot(now);
    if (session.options.snapshot) all.emplace_back(session.key, session.options.snapshot);
  }
  // Sessions move to the front of their list as they are used.
  std::ranges::sort(all, {}, [](const auto& entry) { return entry.second.get(); });
  if (all == last_options_) return std::nullopt;
  last_options_ = all;
  return all;
}

// What is known of an exporter that is new here. All of its domains: one may have announced what holds for another.
void Sessions::restore(Exporter& exporter, Timestamp now) {
  for (const SessionStatePtr& state : source_->sessions_of(exporter.address)) {
    if (!table_.has_room() || state->key.exporter != exporter.address) return;
    Session& restored = table_.session(exporter, {exporter.address, state->key.domain, state->key.type});
    for (const StreamState& known : state->streams) {
      if (restored.streams.all.size() >= Streams::kMost) break;
      restored.streams.at(known.origin).uptime.restore(known.uptime_ms, known.export_us);
    }
    for (const TemplateState& known : state->templates) import_template(restored, known, now);
    import_options(restored, state->options);
    if (state->sent_data) note_data(restored);
    restored.shown = now;
  }
}

Sessions::Imported Sessions::import_state(const SessionState& state, Timestamp now) {
  Exporter* exporter = table_.find_exporter(state.key.exporter);
  if (exporter == nullptr || state.key.connection != 0) return {};
  if (table_.find_session(state.key) == nullptr && !table_.has_room()) return {};
  Session& session = table_.session(*exporter, state.key);
  Imported imported{&session, {}};
  sharing_.begin_change(session);
  for (const TemplateState& known : state.templates) {
    if (import_template(session, known, now)) imported.ids.push_back(known.layout->id);
  }
  import_options(session, state.options);
  sharing_.note_change(session);
  sharing_.end_change();
  return imported;
}

// True if there is a template now that was not there.
bool Sessions::import_template(Session& session, const TemplateState& known, Timestamp now) {
  if (known.announced < session.started) return false;
  const auto imported = templates_.import(session.templates, known, now);
  if (imported != TemplateStore::Imported::nothing) changes_.note(session);
  return imported == TemplateStore::Imported::added;
}

void Sessions::import_options(Session& session, const AnnouncedOptionsPtr& known) {
  if (!known || known == session.options.snapshot || known->changed < session.started) return;
  const bool changed = options_.import(session.options, known);
  add_speaker(session);
  if (changed) changes_.note(session);
}

}  // namespace weir::decode
