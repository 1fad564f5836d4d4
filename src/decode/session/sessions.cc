#include "decode/session/sessions.h"

#include <algorithm>
#include <utility>

namespace weir::decode {
namespace {

// How often all templates are looked at for their age.
constexpr std::chrono::seconds kTemplateCheckInterval{60};

}  // namespace

Sessions::Sessions(const Limits& limits, flow::SchemaPtr schema)
    : limits_(limits),
      table_(limits, [this](Session& session) { forget(session); }),
      templates_(limits, std::move(schema), [this] { return table_.forget_oldest_session(); }),
      options_(limits, [this] { return table_.forget_oldest_session(); }),
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
  if (source_ != nullptr) restore(exporter, now_);
  if (!sharing_.joined()) return;
  // What was restored is what was used last.
  std::vector<Session*> restored;
  for (Session& session : table_.sessions()) {
    if (session.exporter != &exporter) break;
    restored.push_back(&session);
  }
  sharing_.add(exporter, restored);
}

void Sessions::forget(Session& session) {
  early_.give_up(session.early);
  templates_.forget_all(session.templates);
  options_.forget_all(session.options);
  OptionsStore::remove_speaker(session.options, session.exporter->options_only);
  changes_.forget(session);
}

TemplatePtr Sessions::define(Session& session, Template layout, const MessageContext& message, uint32_t sequence) {
  ++session.counters().templates_received;
  const StreamOrigin origin = origin_of(message.stream);
  MessageOrder order;  // where nobody else receives its datagrams, they come in their order
  if (session.exporter->shared) [[unlikely]] {
    order = {sequence, message.export_us};
    if (TemplateStore::is_news(session.templates, layout, origin)) {
      sharing_.begin_change(session);
      sharing_.note_change(session);
    }
  }
  const Timestamp now = message.received;
  TemplateStore::Defined defined =
      templates_.define(session.templates, std::move(layout), origin, now, order, session.anomalies());
  if (defined.changed || now - session.shown > ChangeLog::kShowAgain) changes_.note(session);
  return std::move(defined.compiled);
}

void Sessions::withdraw(Session& session, TemplateId id, StreamOrigin origin) {
  sharing_.begin_change(session);
  sharing_.note_change(session);
  if (templates_.withdraw(session.templates, id, origin, session.anomalies())) changes_.note(session);
}

void Sessions::withdraw_all(Session& session, bool options, StreamOrigin origin) {
  sharing_.begin_change(session);
  for (const TemplateId id : TemplateStore::announced_by(session.templates, options, origin)) {
    withdraw(session, id, origin);
  }
}

void Sessions::restart(Session& session, Timestamp started) {
  sharing_.begin_change(session);
  sharing_.note_change(session);
  session.started = started;
  session.options.here = true;
  early_.give_up(session.early);
  if (session.templates.count > 0) changes_.note(session);
  templates_.forget_all(session.templates);
  options_.forget_all(session.options);
  note_options(session);
}

void Sessions::learn_domain_rate(Session& session, uint32_t rate) {
  sharing_.begin_change(session);
  options_.learn_domain_rate(session.options, rate);
  session.counters().sampling_rate = rate;
  note_options(session);
  add_speaker(session);
}

void Sessions::learn_rate(Session& session, RateScope scope, uint64_t id, uint32_t rate) {
  sharing_.begin_change(session);
  const auto learned = options_.learn_rate(session.options, scope, id, rate, session.anomalies());
  if (learned == OptionsState::Learned::full) return;
  session.counters().sampling_rate = rate;
  note_options(session);
  add_speaker(session);
}

void Sessions::learn_name(Session& session, NameKind kind, uint64_t id, std::string_view text) {
  sharing_.begin_change(session);
  const auto learned = options_.learn_name(session.options, kind, id, text, session.anomalies());
  if (learned != OptionsState::Learned::changed) return;
  note_options(session);
  add_speaker(session);
}

void Sessions::learn_start(Session& session, uint64_t start_ms) {
  sharing_.begin_change(session);
  options_.learn_start(session.options, start_ms);
  note_options(session);
  add_speaker(session);
}

void Sessions::note_options(Session& session) {
  if (!session.options.changed()) return;
  sharing_.note_change(session);
  session.options.here = true;
  changes_.note(session);
}

void Sessions::add_speaker(Session& session) { options_.add_speaker(session.options, session.exporter->options_only); }

void Sessions::note_first_data(Session& session) {
  OptionsOnly& speakers = session.exporter->options_only;
  if (OptionsStore::speaks(session.options, speakers)) {
    sharing_.begin_change(session);
    sharing_.note_change(session);
  }
  session.options.sent_data = true;
  OptionsStore::remove_speaker(session.options, speakers);
}

void Sessions::hold(Session& session, TemplateId id, const MessageContext& message, ByteView body, bool clipped) {
  const bool first = early_.hold(session.early, session.counters(), id, message, body, clipped);
  if (first) changes_.note_wanted(session.key, id);
}

void Sessions::expire(Timestamp now) {
  sharing_.give_up(now);
  early_.expire(now);
  if (now == Timestamp::max()) return;
  if (now >= templates_checked_ && now - templates_checked_ < kTemplateCheckInterval) return;
  templates_checked_ = now;
  for (Session& session : table_.sessions()) {
    if (session.key.connection != 0) continue;  // good as long as it lasts (RFC 7011 section 8.1)
    if (templates_.expire(session.templates, now, session.anomalies())) changes_.note(session);
  }
}

Session* Sessions::find_or_make(Exporter& exporter, const SessionKey& key) {
  if (Session* known = table_.find_session(key)) return known;
  if (!table_.has_room()) return nullptr;
  return &table_.session(exporter, {exporter.address, key.domain, key.type});
}

SharedSession Sessions::snapshot(Session& session) {
  session.options.take_snapshot(now_);
  return {.key = session.key,
          .started = session.started,
          .sent_data = session.options.sent_data,
          .templates = TemplateStore::published_of(session.templates),
          .options = session.options.snapshot};
}

void Sessions::take_over(Session& session, const SharedSession& published) {
  SessionOptions& options = session.options;
  if (published.started > session.started) {
    session.started = published.started;
    // Data of before the restart would be read with templates of after it.
    early_.give_up_before(session.early, published.started);
    options_.forget_all(options);
    options.snapshot = nullptr;
  }
  for (const TemplateId id : templates_.adopt(session.templates, published.templates, now_, session.anomalies())) {
    if (session.early.by_template.contains(id)) sharing_.note_arrived(session.key, id);
  }
  if (published.options && published.options != options.snapshot) {
    const uint32_t rate = options_.adopt(options, published.options);
    if (rate != 0) session.counters().sampling_rate = rate;
    add_speaker(session);
  }
  if (published.sent_data && !options.sent_data) {
    options.sent_data = true;
    OptionsStore::remove_speaker(options, session.exporter->options_only);
  }
  changes_.note(session);
}

}  // namespace weir::decode
