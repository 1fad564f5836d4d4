#include "decode/session/sessions.h"

#include <algorithm>
#include <utility>

#include "decode/session/ordered_sequence.h"

namespace weir::decode {
namespace {

// How often all templates are looked at for their age.
constexpr std::chrono::seconds kTemplateCheckInterval{60};

}  // namespace

const TemplatePtr Sessions::kNone;

Sessions::Sessions(const Limits& limits, flow::SchemaPtr schema)
    : limits_(limits),
      table_(limits, [this](Session& session) { forget(session); }),
      templates_(limits, std::move(schema), [this] { return table_.forget_oldest_session(); }),
      options_(limits),
      early_(limits) {}

void Sessions::set_limits(const Limits& limits) {
  limits_ = limits;
  table_.set_limits(limits);
  templates_.set_limits(limits);
  options_.set_limits(limits);
  early_.set_limits(limits);
}

// An exporter that is new here.
void Sessions::meet(Exporter& exporter) {
  if (places_ != nullptr) exporter.counters.lost_down_unknown += places_->claim(exporter.address);
  if (sharing_.joined() && !sharing_.add(exporter)) return;
  if (source_ != nullptr) restore(exporter, now_);
  if (exporter.proven && exporter.shared) exporter.shared->prove();
}

void Sessions::forget(Session& session) {
  early_.give_up(session.early);
  templates_.forget_all(session.templates);
  for (const auto& options : session.options) {
    OptionsStore::remove_speaker(*options, session.exporter->options_only);
  }
  changes_.forget(session);
}

bool Sessions::may_learn(Session& session, size_t bytes) {
  if (session.exporter->news.spend(now_) && table_.make_room(session, bytes)) return true;
  session.anomalies().add(flow::Anomaly::options_limit);
  return false;
}

void Sessions::charge(Session& session) {
  size_t bytes = session.templates.memory() + session.early.bytes + session.streams.memory();
  for (const auto& options : session.options) bytes += options->memory();
  table_.charge(session, bytes, templates_.shared_bytes());
}

void Sessions::settle(Session& session) {
  charge(session);
  while (!table_.make_room(session, 0) && templates_.evict(session.templates, session.anomalies())) charge(session);
}

Sessions::Listened Sessions::listen_closely(Session& session, MessageContext& message, std::optional<uint32_t> number) {
  if (session.key.connection != 0) {
    Stream& stream = session.streams.only();
    message.stream.number = stream.number;
    stream.port = message.stream.endpoint.port;
    if (stream.messages++ == 0) stream.first_heard = message.received;
    stream.last_heard = message.received;
    return {.own = true, .united = false};
  }
  LockedStreams access = sharing_.streams(session);
  const Streams::Found found = access.streams.find(arrival_of(message, number));
  message.stream.number = found.stream->number;
  message.stream.sure = found.sure;
  const bool united = access.streams.has_gone();
  if (united) [[unlikely]]
    take_gone(session, access);
  if (found.restarted) [[unlikely]] {
    session.anomalies().add(flow::Anomaly::exporter_restart);
    // A domain that only announces does so for others. What it said before does not hold for them any more.
    const SessionOptions* before = find_options(session, found.before);
    if (before != nullptr) OptionsStore::remove_speaker(*before, session.exporter->options_only);
  }
  // Without an uptime, numbers that have not moved yet prove nothing: all that have just started begin at 0.
  const bool moved = message.has_uptime || found.stream->units > 0 || number.value_or(0) > 0;
  const bool own = found.stream->messages == 1 || (found.sure && found.exact && moved);
  if (found.stream->messages == 1) {
    charge(session);
    if (places_ != nullptr && found.sure) resume_stream(session, message, *found.stream);
  }
  return {.own = own, .united = united};
}

// What streams that are gone have announced is their heirs', or is forgotten.
void Sessions::take_gone(Session& session, LockedStreams& access) {
  const std::vector<Streams::Gone> all = access.streams.take_gone();
  sharing_.begin_change(session, access);
  sharing_.note_change(session);
  for (const auto& [stream, heir] : all) {
    templates_.hand_over(session.templates, stream, heir);
    forget_options(session, stream, heir);
    if (session.exporter->shared) session.exporter->shared->forget(session.key, stream, session.counters());
  }
  changes_.note(session);
}

void Sessions::heard_closely(Session& session, const MessageContext& message, const Heard& what) {
  LockedStreams access = sharing_.streams(session);
  Stream* const stream =
      session.key.connection != 0 ? &session.streams.only() : access.streams.known(message.stream.number);
  if (stream == nullptr) return;
  stream->sends_data |= what.data;
  stream->announces |= what.templates;
  const bool counted = what.countable || what.guess;
  access.streams.sent(*stream, what.number, counted ? std::optional(what.units) : std::nullopt);
  // Whose numbers they are must be known to tell what is missing.
  const bool known = message.stream.sure && !stream->follows;
  if (session.exporter->shared && session.key.connection == 0) [[unlikely]] {
    if (known)
      session.exporter->shared->note(session.key, stream->number,
                                     {.number = what.number,
                                      .units = what.units,
                                      .countable = what.countable,
                                      .export_us = message.export_us,
                                      .received = message.received},
                                     session.counters());
    return;
  }
  if (!known) return stream->sequence.forget();
  const uint32_t units = what.countable ? what.units : 0;
  // Where its numbers begin is not known then.
  if (!what.countable && stream->sequence.inclusive()) stream->sequence.cancel_resuming();
  const SequenceEvent event =
      note_sequence(stream->sequence, what.number, units, message.export_us, session.counters());
  if (!what.countable && event != SequenceEvent::reordered) stream->sequence.forget();
}

// A message that may be of several streams is read where it does not matter of which.
const TemplatePtr& Sessions::find_agreed(Session& session, TemplateId id, const Streams& streams,
                                         std::span<const StreamNumber> senders, Timestamp now) {
  const TemplatePtr* agreed = &kNone;
  for (const StreamNumber sender : senders) {
    const TemplatePtr& own = templates_.find(session.templates, id, streams.forwarded(sender), now);
    if (!own || (*agreed && !own->layout.same_layout((*agreed)->layout))) return kNone;
    agreed = &own;
  }
  return *agreed;
}

const TemplatePtr& Sessions::find_borrowed(Session& session, TemplateId id, const StreamId& reader, Timestamp now) {
  if (!session.templates.by_id.contains(id)) return kNone;
  const LockedStreams access = sharing_.streams(session);
  if (!reader.sure) return find_agreed(session, id, access.streams, access.streams.of_port(reader.endpoint.port), now);
  const Stream* stream = access.streams.known(reader.number);
  if (stream == nullptr) return kNone;
  for (const StreamNumber owner : TemplateStore::who_knows(session.templates, id)) {
    if (!access.streams.may_borrow(*stream, owner, now)) return kNone;
  }
  return templates_.find_agreed(session.templates, id, now);
}

const TemplatePtr& Sessions::guess_template(Session& session, TemplateId id, const StreamId& reader, Timestamp now) {
  const TemplatePtr& own = templates_.find(session.templates, id, reader.number, now);
  if (own) return own;
  const LockedStreams access = sharing_.streams(session);
  const Stream* stream = access.streams.known(reader.number);
  if (stream == nullptr || !stream->follows) return kNone;
  const TemplatePtr& before = templates_.find(session.templates, id, access.streams.forwarded(*stream->follows), now);
  return before ? before : templates_.find_agreed(session.templates, id, now);
}

bool Sessions::define(Session& session, Template layout, MessageContext& message, uint32_t sequence, bool certain) {
  bool split = false;
  ++session.counters().templates_received;
  const auto before = TemplateStore::before(session.templates, layout, message.stream.number);
  const bool news = before != TemplateStore::Before::same;
  if (news) {
    sharing_.begin_change(session);
    sharing_.note_change(session);
  }
  if (news && !certain && (before == TemplateStore::Before::other || !message.stream.sure)) {
    const auto same = message.stream.sure ? std::nullopt : TemplateStore::who_says(session.templates, layout);
    if (same) {
      message.stream.number = *same;
    } else {
      LockedStreams access = sharing_.streams(session);
      if (Stream* from = access.streams.known(message.stream.number)) {
        session.anomalies().add(flow::Anomaly::template_conflict);
        if (!access.streams.may_split(*from, message.received)) {
          templates_.forget(session.templates, layout.id, from->number, session.anomalies());
          changes_.note(session);
          return false;
        }
        const auto left = from->definitions;
        Stream& made = access.streams.split(*from, arrival_of(message, sequence));
        made.definitions = left;  // who contradicts itself gets no more for it
        message.stream.number = made.number;
        split = true;
        if (access.streams.has_gone()) take_gone(session, access);
      }
    }
  }
  if (news && !may_define(session, message, certain)) {
    // What it defined before does not hold any more: data wait for the next time that it is announced.
    templates_.forget(session.templates, layout.id, message.stream.number, session.anomalies());
    changes_.note(session);
    return split;
  }
  MessageOrder order;  // where nobody else receives its datagrams, they come in their order
  if (session.exporter->shared) [[unlikely]]
    order = {sequence, message.export_us};
  const Timestamp now = message.received;
  const bool changed =
      templates_.define(session.templates, std::move(layout), message.stream.number, now, order, session.anomalies());
  if (changed || now - session.shown > ChangeLog::kShowAgain) changes_.note(session);
  if (changed) settle(session);
  return split;
}

bool Sessions::may_define(Session& session, const MessageContext& message, bool certain) {
  if (session.key.connection != 0) return session.streams.only().definitions.spend(message.received);
  LockedStreams access = sharing_.streams(session);
  Stream* const stream = access.streams.known(message.stream.number);
  if (stream == nullptr) return true;
  return (certain || message.received >= stream->contested_until) && stream->definitions.spend(message.received);
}

void Sessions::withdraw(Session& session, TemplateId id, StreamNumber stream) {
  sharing_.begin_change(session);
  sharing_.note_change(session);
  if (templates_.withdraw(session.templates, id, stream, session.anomalies())) changes_.note(session);
}

void Sessions::withdraw_all(Session& session, bool options, StreamNumber stream) {
  sharing_.begin_change(session);
  for (const TemplateId id : TemplateStore::announced_by(session.templates, options, stream)) {
    withdraw(session, id, stream);
  }
}

SessionOptions* Sessions::find_options(Session& session, StreamNumber stream) {
  const auto found = std::ranges::find(session.options, stream, [](const auto& options) { return options->stream; });
  return found == session.options.end() ? nullptr : found->get();
}

SessionOptions& Sessions::options_of(Session& session, StreamNumber stream, ExporterPort port) {
  if (SessionOptions* known = find_options(session, stream)) return *known;
  session.options.push_back(std::make_unique<SessionOptions>());
  SessionOptions& made = *session.options.back();
  made.stream = stream;
  made.port = port;
  made.domain = session.key.domain;
  made.protocol = session.key.type;
  return made;
}

void Sessions::forget_options(Session& session, StreamNumber stream, std::optional<StreamNumber> heir) {
  SessionOptions* gone = find_options(session, stream);
  if (gone == nullptr) return;
  SessionOptions* into = heir ? find_options(session, *heir) : nullptr;
  if (heir && into == nullptr) {
    gone->stream = *heir;
    return;
  }
  if (into != nullptr) options_.unite(*gone, *into, now_);
  OptionsStore::remove_speaker(*gone, session.exporter->options_only);
  std::erase_if(session.options, [&](const auto& options) { return options.get() == gone; });
}

// The stream's own options hold for its records; if it has none, those of whom it may borrow from. Of a message that
// may be several streams', what all of the port agree on. Then what other domains have to say.
void Sessions::add_options_for(Session& session, const StreamId& reader, Timestamp now,
                               std::vector<const OptionsState*>& known) {
  const SessionOptions* own = reader.sure ? find_options(session, reader.number) : nullptr;
  if (own != nullptr) known.front() = &own->state;
  if (own == nullptr && !session.options.empty()) [[unlikely]] {
    const LockedStreams access = sharing_.streams(session);
    const Stream* stream = access.streams.known(reader.number);
    for (const auto& other : session.options) {
      const Stream* owner = access.streams.known(other->stream);
      const bool holds = reader.sure ? stream != nullptr && access.streams.may_borrow(*stream, other->stream, now)
                                     : owner != nullptr && owner->port == reader.endpoint.port;
      if (holds) known.push_back(&other->state);
    }
  }
  if (session.exporter->options_only.empty()) return;
  OptionsStore::add_speakers(session.key.domain, session.key.type, reader.endpoint.port, session.exporter->options_only,
                             known);
}

void Sessions::learn_domain_rate(Session& session, const StreamId& stream, uint32_t rate) {
  sharing_.begin_change(session);
  SessionOptions& options = options_of(session, stream.number, stream.endpoint.port);
  options_.learn_domain_rate(options, rate);
  session.counters().sampling_rate = rate;
  note_options(session, options);
}

void Sessions::learn_rate(Session& session, const StreamId& stream, RateScope scope, uint64_t id, uint32_t rate) {
  sharing_.begin_change(session);
  SessionOptions& options = options_of(session, stream.number, stream.endpoint.port);
  const RateMap& rates = options.state.rates(scope);
  const auto known = rates.find(id);
  if (known != rates.end() && known->second == rate) {
    session.counters().sampling_rate = rate;
    return;
  }
  if (known == rates.end() && !may_learn(session, OptionsState::kRateBytes)) return;
  // The limit is the session's: a sender who changes its port gets no more for it.
  size_t of_others = 0;
  for (const auto& other : session.options) {
    if (other.get() == &options) continue;
    for (uint8_t s = 0; s < kRateScopes; ++s) of_others += other->state.rates(static_cast<RateScope>(s)).size();
  }
  if (of_others >= limits_.rates_per_session) return session.anomalies().add(flow::Anomaly::options_limit);
  const auto learned = options_.learn_rate(options, scope, id, rate, session.anomalies());
  if (learned == OptionsState::Learned::full) return;
  session.counters().sampling_rate = rate;
  note_options(session, options);
}

void Sessions::learn_name(Session& session, const StreamId& stream, NameKind kind, uint64_t id, std::string_view text) {
  sharing_.begin_change(session);
  SessionOptions& options = options_of(session, stream.number, stream.endpoint.port);
  const std::string* known = options.state.find_name(kind, id);
  if (known != nullptr && *known == text) return;
  if (known == nullptr && !may_learn(session, OptionsState::memory_of_name(text))) return;
  const auto learned = options_.learn_name(options, kind, id, text, session.anomalies());
  if (learned == OptionsState::Learned::changed) note_options(session, options);
}

void Sessions::learn_start(Session& session, const StreamId& stream, uint64_t start_ms) {
  sharing_.begin_change(session);
  SessionOptions& options = options_of(session, stream.number, stream.endpoint.port);
  options_.learn_start(options, start_ms);
  note_options(session, options);
}

void Sessions::note_options(Session& session, SessionOptions& options) {
  if (options.changed()) {
    sharing_.note_change(session);
    options.here = true;
    changes_.note(session);
  }
  if (!session.sent_data) options_.add_speaker(options, session.exporter->options_only);
}

void Sessions::note_first_data(Session& session) {
  OptionsOnly& speakers = session.exporter->options_only;
  if (!session.options.empty()) {
    sharing_.begin_change(session);
    sharing_.note_change(session);
  }
  session.sent_data = true;
  for (const auto& options : session.options) OptionsStore::remove_speaker(*options, speakers);
}

const TemplatePtr& Sessions::find_for_early(Session& session, TemplateId id, EarlySet& early, Timestamp now) {
  StreamId& stream = early.message.stream;
  if (session.key.connection != 0) return find_template(session, id, stream, now);
  {
    const LockedStreams access = sharing_.streams(session);
    stream.number = access.streams.forwarded(stream.number);
    for (StreamNumber& sender : early.senders) sender = access.streams.forwarded(sender);
    stream.sure = std::ranges::all_of(early.senders, [&](StreamNumber sender) { return sender == stream.number; });
    if (!stream.sure) return find_agreed(session, id, access.streams, early.senders, now);
  }
  return find_template(session, id, stream, now);
}

std::vector<Sessions::Released> Sessions::release(Session& session, TemplateId id, Timestamp now) {
  std::vector<TemplatePtr> compiled;
  std::vector<EarlySet> sets = early_.release(session.early, id, [&](EarlySet& early) {
    const TemplatePtr& found = find_for_early(session, id, early, now);
    if (found) compiled.push_back(found);
    return found != nullptr;
  });
  std::vector<Released> released;
  for (size_t i = 0; i < sets.size(); ++i) released.push_back({std::move(sets[i]), std::move(compiled[i])});
  return released;
}

bool Sessions::hold(Session& session, TemplateId id, const MessageContext& message, ByteView body, bool clipped) {
  session.early.exporter = &session.exporter->early;
  session.early.exporter->counters = &session.counters();
  if (!session.early.exporter->sets.spend(now_)) {
    EarlyData::refuse(session.early);
    return false;
  }
  std::vector<StreamNumber> senders;
  if (!message.stream.sure) senders = sharing_.streams(session).streams.of_port(message.stream.endpoint.port);
  const size_t memory = EarlyData::memory_of(session.early, id, senders.size(), body.size());
  if (!table_.make_room(session, memory)) {
    EarlyData::refuse(session.early);
    return false;
  }
  const EarlyData::Held held = early_.hold(session.early, id, message, std::move(senders), body, clipped);
  if (held == EarlyData::Held::first) changes_.note_wanted(session.key, id);
  charge(session);
  return held != EarlyData::Held::refused;
}

void Sessions::expire(Timestamp now) {
  sharing_.give_up(now);
  early_.expire(now);
  if (now == Timestamp::max()) return;
  if (now >= templates_checked_ && now - templates_checked_ < kTemplateCheckInterval) return;
  templates_checked_ = now;
  for (Session& session : table_.sessions()) {
    // Of a connection they are good as long as it lasts (RFC 7011 section 8.1).
    const bool expires = session.key.connection == 0;
    if (expires && templates_.expire(session.templates, now, session.anomalies())) changes_.note(session);
    charge(session);
  }
}

Session* Sessions::find_or_make(Exporter& exporter, const SessionKey& key) {
  if (Session* known = table_.find_session(key)) return known;
  if (!table_.has_room()) return nullptr;
  return &table_.session(exporter, {exporter.address, key.domain, key.type});
}

SharedSession Sessions::snapshot(Session& session) {
  SharedSession shared{.key = session.key,
                       .sent_data = session.sent_data,
                       .templates = TemplateStore::published_of(session.templates),
                       .options = {}};
  for (const auto& options : session.options) {
    options->take_snapshot(now_);
    if (options->snapshot) shared.options.push_back({options->stream, options->port, options->snapshot});
  }
  return shared;
}

void Sessions::take_over(Session& session, const SharedSession& published) {
  for (const TemplateId id : templates_.adopt(session.templates, published.templates, now_, session.anomalies())) {
    if (session.early.by_template.contains(id)) sharing_.note_arrived(session.key, id);
  }
  std::vector<StreamNumber> gone;
  for (const auto& options : session.options) {
    const bool stays = std::ranges::any_of(published.options,
                                           [&](const SharedOptions& known) { return known.stream == options->stream; });
    if (!stays) gone.push_back(options->stream);
  }
  for (const StreamNumber stream : gone) forget_options(session, stream, std::nullopt);
  for (const SharedOptions& known : published.options) {
    SessionOptions& options = options_of(session, known.stream, known.port);
    if (options.snapshot == known.options) continue;
    const uint32_t rate = options_.adopt(options, known.options);
    if (rate != 0) session.counters().sampling_rate = rate;
    if (!session.sent_data) options_.add_speaker(options, session.exporter->options_only);
  }
  if (published.sent_data && !session.sent_data) {
    session.sent_data = true;
    for (const auto& options : session.options) OptionsStore::remove_speaker(*options, session.exporter->options_only);
  }
  changes_.note(session);
  charge(session);
}

}  // namespace weir::decode
