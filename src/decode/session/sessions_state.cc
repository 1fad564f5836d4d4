// Sessions as states and back: for a restart of the collector, and for collectors that share what they know.
#include <algorithm>
#include <map>
#include <ranges>

#include "decode/session/sessions.h"

namespace weir::decode {
namespace {

// Of templates, rates and names. A session that has more takes as long as several.
constexpr size_t kEntriesOfASession = 64;

size_t entries(const AnnouncedOptions& options) { return options.rates.size() + options.names.size(); }

// As how many sessions it counts.
size_t sessions_in(const SessionState& state) {
  size_t all = state.templates.size();
  for (const StreamOptions& known : state.options) all += entries(*known.options);
  return 1 + all / kEntriesOfASession;
}

}  // namespace

SessionStatePtr Sessions::state_of(Session& session, Timestamp now) {
  auto state = std::make_shared<SessionState>();
  state->key = session.key;
  state->sent_data = session.sent_data;
  const LockedStreams access = sharing_.streams(session);
  // Devices that were started at the same moment are still two.
  std::map<StreamNumber, StreamOrigin> origins;
  for (const auto& stream : access.streams.all()) {
    StreamState known = Streams::state_of(*stream);
    while (std::ranges::find(state->streams, known.origin, &StreamState::origin) != state->streams.end()) {
      ++known.origin.clock;
    }
    origins.emplace(stream->number, known.origin);
    state->streams.push_back(known);
  }
  const auto origin_of = [&](StreamNumber number) {
    const auto found = origins.find(access.streams.forwarded(number));
    return found == origins.end() ? std::nullopt : std::optional(found->second);
  };
  std::ranges::sort(state->streams, {}, &StreamState::origin);
  state->templates = TemplateStore::state_of(session.templates, origin_of);
  for (const auto& options : session.options) {
    options->take_snapshot(now);
    const auto origin = origin_of(options->stream);
    if (origin && options->snapshot) state->options.push_back({*origin, options->snapshot});
  }
  std::ranges::sort(state->options, {}, &StreamOptions::origin);
  return state;
}

SessionChanges Sessions::take_changes(Timestamp now, size_t max_sessions) {
  size_t told = 0;
  return changes_.take(
      now, [&] { return told < max_sessions; },
      [&](Session& session) {
        SessionStatePtr state = state_of(session, now);
        told += sessions_in(*state);
        return state;
      });
}

std::optional<AnnouncedOptionsList> Sessions::take_options(Timestamp now, size_t max_sessions) {
  AnnouncedOptionsList all;
  size_t told = 0;
  // Those that have been silent the longest first, so that nobody keeps others from their turn.
  for (Session& session : std::views::reverse(table_.sessions())) {
    for (const auto& options : session.options) {
      if (options->changed() && told < max_sessions) {
        options->take_snapshot(now);
        told += 1 + (options->snapshot ? entries(*options->snapshot) / kEntriesOfASession : 0);
      }
      if (options->snapshot) all.emplace_back(session.key, options->snapshot);
    }
  }
  // Sessions move to the front of their list as they are used.
  std::ranges::sort(all, {}, [](const auto& entry) { return entry.second.get(); });
  if (all == last_options_) return std::nullopt;
  last_options_ = all;
  return all;
}

// Gives each stream of a state its number here.
class Sessions::Translation {
 public:
  Translation(Streams& streams, const SessionState& state) : streams_(streams), state_(state) {
    for (const StreamState& known : state.streams) add(known);
  }
  std::optional<StreamNumber> operator()(StreamOrigin origin) {
    const auto known = std::ranges::find(numbers_, origin, [](const auto& entry) { return entry.first; });
    return known != numbers_.end() ? known->second : add({.origin = origin, .has_next = false, .next = 0, .heard = {}});
  }

 private:
  std::optional<StreamNumber> add(const StreamState& known) {
    std::vector<StreamNumber> taken;
    for (const auto& [origin, number] : numbers_) {
      if (number) taken.push_back(*number);
    }
    const bool has_uptime = state_.key.type == flow::FlowType::netflow_v9;
    const auto number = streams_.restore(known, has_uptime, is_alone(known.origin), taken);
    numbers_.emplace_back(known.origin, number);
    return number;
  }
  bool is_alone(StreamOrigin origin) const {
    const auto other = [&](StreamOrigin o) { return o.port == origin.port && o != origin; };
    return std::ranges::none_of(state_.streams, other, &StreamState::origin) &&
           std::ranges::none_of(state_.templates, other, &TemplateState::origin) &&
           std::ranges::none_of(state_.options, other, &StreamOptions::origin);
  }

  Streams& streams_;
  const SessionState& state_;
  std::vector<std::pair<StreamOrigin, std::optional<StreamNumber>>> numbers_;
};

// What is known of an exporter that is new here. All of its domains: one may have announced what holds for another.
void Sessions::restore(Exporter& exporter, Timestamp now) {
  for (const SessionStatePtr& state : source_->sessions_of(exporter.address)) {
    if (!table_.has_room() || state->key.exporter != exporter.address) return;
    exporter.proven = true;
    Session& restored = table_.session(exporter, {exporter.address, state->key.domain, state->key.type});
    LockedStreams access = sharing_.streams(restored);
    Translation translate(access.streams, *state);
    for (const TemplateState& known : state->templates) {
      if (const auto stream = translate(known.origin)) import_template(restored, *stream, known, now);
    }
    for (const StreamOptions& known : state->options) {
      if (const auto stream = translate(known.origin)) import_options(restored, *stream, known);
    }
    if (state->sent_data) note_data(restored);
    restored.shown = now;
    charge(restored);
    sharing_.note_change(restored);
  }
}

// The streams' lock is held where decoders share the exporter.
void Sessions::resume_stream(Session& session, const MessageContext& message, Stream& stream) {
  const auto from =
      resume(*places_, {.session = session.key,
                        .agent = {},
                        .port = message.stream.endpoint.port,
                        .received = message.received,
                        .export_us = message.export_us,
                        .uptime_ms = message.has_uptime ? std::optional(message.uptime_ms) : std::nullopt});
  if (!from) return;
  if (session.exporter->shared) {
    session.exporter->shared->resume(session.key, stream.number, *from, session.counters());
  } else {
    stream.sequence.resume(*from);
  }
}

void Sessions::add_places(std::vector<SequencePlace>& places, size_t most) {
  const auto add = [&](const SessionKey& key, const Stream& stream, SequenceState& sequence) {
    if (places.size() >= most) return;
    if (auto place = place_of(key, stream, sequence)) places.push_back(*place);
  };
  for (Exporter& exporter : table_.exporters()) {
    if (!exporter.shared || places.size() >= most) continue;
    Sharing::visit_streams(exporter, [&](const SharedExporter::StreamPlace& stream) {
      add({.exporter = exporter.address, .domain = stream.domain, .type = stream.type}, stream.stream, stream.sequence);
    });
  }
  size_t looked_at = 0;
  for (Session& session : table_.sessions()) {
    if (places.size() >= most || ++looked_at > most) return;
    if (session.exporter->shared || session.key.connection != 0) continue;
    for (const auto& stream : session.streams.all()) add(session.key, *stream, stream->sequence);
  }
}

Sessions::Imported Sessions::import_state(const SessionState& state, Timestamp now) {
  Exporter* exporter = table_.find_exporter(state.key.exporter);
  if (exporter == nullptr || state.key.connection != 0) return {};
  if (table_.find_session(state.key) == nullptr && !table_.has_room()) return {};
  Session& session = table_.session(*exporter, state.key);
  Imported imported{&session, {}};
  sharing_.begin_change(session);
  LockedStreams access = sharing_.streams(session);
  Translation translate(access.streams, state);
  for (const TemplateState& known : state.templates) {
    const auto stream = translate(known.origin);
    if (stream && import_template(session, *stream, known, now)) imported.ids.push_back(known.layout->id);
  }
  for (const StreamOptions& known : state.options) {
    if (const auto stream = translate(known.origin)) import_options(session, *stream, known);
  }
  charge(session);
  sharing_.note_change(session);
  sharing_.end_change();
  return imported;
}

// True if there is a template now that was not there.
bool Sessions::import_template(Session& session, StreamNumber stream, const TemplateState& known, Timestamp now) {
  const auto imported = templates_.import(session.templates, stream, known, now);
  if (imported != TemplateStore::Imported::nothing) changes_.note(session);
  return imported == TemplateStore::Imported::added;
}

void Sessions::import_options(Session& session, StreamNumber stream, const StreamOptions& known) {
  SessionOptions& options = options_of(session, stream, known.origin.port);
  if (known.options == options.snapshot) return;
  const bool changed = options_.import(options, known.options);
  if (!session.sent_data) options_.add_speaker(options, session.exporter->options_only);
  if (changed) changes_.note(session);
}

}  // namespace weir::decode
