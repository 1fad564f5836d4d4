// Sessions as states and back: for a restart of the collector, and for collectors that share what they know.
#include <algorithm>
#include <tuple>

#include "base/check.h"
#include "decode/session/session.h"

namespace weir::decode {
namespace {

// Templates that somebody is asked for in one go; a flood of forged data asks for any number of them.
constexpr size_t kMostWanted = 65536;

template <class Map>
auto sorted(const Map& map) {
  std::vector<std::pair<uint64_t, const typename Map::mapped_type*>> all;
  for (const auto& [id, value] : map) all.emplace_back(id, &value);
  std::ranges::sort(all);
  return all;
}

OptionsToldPtr told_by(const OptionsState& options, Timestamp told) {
  OptionsTold out{
      .told = told, .start_ms = options.start_ms(), .domain_rate = options.domain_rate(), .rates = {}, .names = {}};
  for (uint8_t s = 0; s < kRateScopes; ++s) {
    const auto scope = static_cast<RateScope>(s);
    for (const auto& [id, rate] : sorted(options.rates(scope))) out.rates.push_back({scope, id, *rate});
  }
  for (uint8_t k = 0; k < kNameKinds; ++k) {
    const auto kind = static_cast<NameKind>(k);
    for (const auto& [id, name] : sorted(options.names(kind))) out.names.push_back({kind, id, *name});
  }
  return out.empty() ? nullptr : std::make_shared<const OptionsTold>(std::move(out));
}

bool told_otherwise(const Session& session) {
  const uint64_t start_ms = session.told ? session.told->start_ms : 0;
  return session.told_version != session.options.version() || start_ms != session.options.start_ms();
}

}  // namespace

void SessionTable::note_change(Session& session) {
  if (session.change_index != Session::kUnchanged || session.key.connection != 0) return;
  session.change_index = changed_.size();
  changed_.push_back(&session);
}

void SessionTable::note_options(Session& session) {
  if (!told_otherwise(session)) return;
  const bool noted = !to_publish_.empty() && to_publish_.back() == session.key;
  if (session.exporter->shared && !noted) to_publish_.push_back(session.key);
  session.told_here = true;
  note_change(session);
}

void SessionTable::note_wanted(const Session& session, uint16_t template_id) {
  if (session.key.connection != 0) return;
  if (wanted_.size() < kMostWanted) {
    wanted_.push_back({session.key, template_id});
  } else {
    ++wanted_lost_;
  }
}

void SessionTable::forget_change(Session& session) {
  if (session.shown != Timestamp{} && session.key.connection == 0) forgotten_sessions_.push_back(session.key);
  if (session.change_index == Session::kUnchanged) return;
  changed_.back()->change_index = session.change_index;
  std::swap(changed_[session.change_index], changed_.back());
  changed_.pop_back();
}

// A new moment if options records have told something else since.
void SessionTable::update_told(Session& session, Timestamp now) {
  if (!told_otherwise(session)) return;
  session.told = told_by(session.options, now);
  session.told_version = session.options.version();
}

SessionStatePtr SessionTable::show(Session& session, Timestamp now) {
  session.change_index = Session::kUnchanged;
  session.shown = now;
  update_told(session, now);
  auto state = std::make_shared<SessionState>();
  state->key = session.key;
  state->sent_data = session.sent_data;
  state->options = session.told;
  for (const Stream& stream : session.streams) {
    if (!stream.uptime.known()) continue;
    state->streams.push_back({stream.port, stream.uptime.uptime_ms(), stream.uptime.export_us()});
  }
  std::ranges::sort(state->streams, {}, &StreamState::port);
  state->templates.reserve(session.template_count);
  for (const auto& [id, entries] : session.templates) {
    for (const Session::TemplateEntry& entry : entries) {
      const LayoutPtr layout(entry.compiled, &entry.compiled->layout);
      state->templates.push_back({layout, entry.port, entry.announced, entry.used_at});
    }
  }
  std::ranges::stable_sort(state->templates, {}, [](const TemplateState& known) { return known.layout->id; });
  return state;
}

SessionChanges SessionTable::take_changes(Timestamp now, size_t max_sessions) {
  SessionChanges changes;
  changes.changed.reserve(std::min(changed_.size(), max_sessions));
  while (!changed_.empty() && changes.changed.size() < max_sessions) {
    Session& session = *changed_.back();
    changed_.pop_back();
    changes.changed.push_back(show(session, now));
  }
  changes.forgotten.swap(forgotten_sessions_);
  changes.wanted.swap(wanted_);
  changes.wanted_lost = std::exchange(wanted_lost_, 0);
  changes.more = !changed_.empty();
  return changes;
}

std::optional<ToldList> SessionTable::take_told(Timestamp now) {
  ToldList told;
  for (Session& session : sessions_) {
    update_told(session, now);
    if (session.told) told.emplace_back(session.key, session.told);
  }
  // Sessions move to the front of their list as they are used.
  std::ranges::sort(told, {}, [](const auto& entry) { return entry.second.get(); });
  if (told == last_told_) return std::nullopt;
  last_told_ = told;
  return told;
}

// What is known of an exporter that is new here. All of its domains: one may have told what holds for another.
void SessionTable::restore(Exporter& exporter, Timestamp now) {
  for (const SessionStatePtr& state : source_->sessions_of(exporter.address)) {
    if (sessions_.size() >= limits_.sessions || state->key.exporter != exporter.address) return;
    Session& restored = session(exporter, state->key.domain, state->key.type);
    for (const StreamState& known : state->streams) {
      if (restored.streams.size() >= Session::kMaxStreams) break;
      stream(restored, known.port).uptime.restore(known.uptime_ms, known.export_us);
    }
    for (const TemplateState& known : state->templates) import_template(restored, known, now);
    import_options(restored, state->options);
    if (state->sent_data) note_data(restored);
    restored.shown = now;
  }
}

SessionTable::Imported SessionTable::import_state(const SessionState& state, Timestamp now) {
  Imported imported;
  const auto known = exporter_index_.find(state.key.exporter);
  if (known == exporter_index_.end() || state.key.connection != 0) return imported;
  const bool fits = session_index_.contains(state.key) || sessions_.size() < limits_.sessions;
  if (!fits) return imported;
  imported.session = &session(*known->second, state.key.domain, state.key.type);
  if (known->second->shared) begin_change(*imported.session);
  for (const TemplateState& entry : state.templates) {
    if (import_template(*imported.session, entry, now)) imported.ids.push_back(entry.layout->id);
  }
  import_options(*imported.session, state.options);
  if (known->second->shared) {
    to_publish_.push_back(state.key);
    end_change();
  }
  return imported;
}

// True if there is a template now that was not there.
bool SessionTable::import_template(Session& session, const TemplateState& known, Timestamp now) {
  const uint16_t id = known.layout->id;
  if (known.announced < session.started) return false;
  if (now > known.used && now - known.used > limits_.template_lifetime) return false;
  const auto found = session.templates.find(id);
  if (found != session.templates.end()) {
    const auto own = std::ranges::find(found->second, known.port, &Session::TemplateEntry::port);
    if (own != found->second.end()) {
      if (own->here || own->announced >= known.announced) return false;
      if (own->compiled->layout.same_layout(*known.layout)) {
        own->announced = known.announced;
        own->used_at = std::max(own->used_at, std::min(known.used, now));
        return false;
      }
      drop_template(session, id, static_cast<size_t>(own - found->second.begin()));
    } else if (found->second.size() >= kMaxPortsPerTemplate) {
      return false;
    }
  }
  TemplatePtr compiled = pool_.compile(*known.layout);
  if (session.template_count >= limits_.templates_per_session ||
      template_weight_ + weight(*compiled) > limits_.templates) {
    return false;
  }
  template_weight_ += weight(*compiled);
  ++session.template_count;
  Session::TemplateEntries& entries = session.templates[id];
  // Behind what was announced here, and what was announced later.
  const auto place = std::ranges::find_if(
      entries, [&](const Session::TemplateEntry& entry) { return !entry.here && entry.announced < known.announced; });
  entries.insert(place, {known.port, ++clock_, std::min(known.used, now), std::move(compiled), known.announced, false});
  note_change(session);
  return true;
}

// What was told here stays; else the newer wins.
void SessionTable::import_options(Session& session, const OptionsToldPtr& told) {
  if (!told || told == session.told || told->told < session.started) return;
  const bool unknown = !session.told && !session.told_here;
  const bool newer = unknown || (!session.told_here && told->told > session.told->told);
  const size_t before = session.options.name_bytes();
  if (told->start_ms != 0 && (newer || session.options.start_ms() == 0)) session.options.set_start_ms(told->start_ms);
  if (told->domain_rate != 0 && (newer || session.options.domain_rate() == 0)) {
    session.options.set_domain_rate(told->domain_rate);
  }
  for (const KnownRate& rate : told->rates) {
    if (newer || !session.options.rates(rate.scope).contains(rate.id)) {
      session.options.set_rate(rate.scope, rate.id, rate.rate, limits_);
    }
  }
  for (const NameState& name : told->names) {
    const size_t bytes = name_bytes_ - before + session.options.name_bytes() + name.text.size();
    if (bytes < limits_.name_bytes && (newer || !session.options.names(name.kind).contains(name.id))) {
      session.options.set_name(name.kind, name.id, name.text, limits_);
    }
  }
  name_bytes_ = name_bytes_ - before + session.options.name_bytes();
  add_announcer(session);
  if (!told_otherwise(session)) return;
  note_change(session);
  if (unknown) {
    session.told = told;  // shared with whoever has it from there, too
    session.told_version = session.options.version();
  } else if (!session.told_here) {
    update_told(session, told->told);
  }
}

}  // namespace weir::decode
