// Sessions of exporters whose datagrams several decoders receive, each a part (decode/session/shared_exporter.h).
#include <algorithm>

#include "decode/session/ordered_sequence.h"
#include "decode/session/session.h"

namespace weir::decode {

void SessionTable::set_shared(SharedExporters* shared) {
  shared_ = shared;
  shared_->join();
}

// An exporter that is new here: others may know it, else they hear what is known from before.
void SessionTable::share(Exporter& exporter) {
  exporter.shared = shared_->of(exporter.address);
  const std::unique_lock lock = exporter.shared->lock();
  if (exporter.shared->version() != 0) return take_shared_locked(exporter);
  // What was restored is what was used last.
  std::vector<Session*> restored;
  for (Session& session : sessions_) {
    if (session.exporter != &exporter) break;
    restored.push_back(&session);
  }
  for (Session* session : restored) publish(*session);
}

// From here on the other decoders wait with changes of theirs; what they changed before is taken over first, so that
// nothing of it is lost.
void SessionTable::begin_change(Session& session) {
  if (change_.owns_lock()) return;
  change_ = session.exporter->shared->lock();
  take_shared_locked(*session.exporter);
}

void SessionTable::publish_changes() {
  std::vector<SessionKey> keys;
  for (const SessionKey& key : std::exchange(to_publish_, {})) {
    if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
  }
  for (const SessionKey& key : keys) {
    if (Session* session = find_session(key)) publish(*session);
  }
  change_ = {};
}

void SessionTable::publish(Session& session) {
  update_told(session, now_);
  SharedSession shared{.key = session.key,
                       .started = session.started,
                       .sent_data = session.sent_data,
                       .templates = {},
                       .options = session.told};
  shared.templates.reserve(session.template_count);
  for (const auto& [id, entries] : session.templates) {
    for (const Session::TemplateEntry& entry : entries) {
      const LayoutPtr layout(entry.compiled, &entry.compiled->layout);
      shared.templates.push_back({layout, entry.port, entry.announced, entry.announcement});
    }
  }
  session.shared_version = session.exporter->shared->publish(std::move(shared));
  session.exporter->shared_version = session.shared_version;  // all before it is known: see begin_change()
}

void SessionTable::take_shared(Session& session) {
  Exporter& exporter = *session.exporter;
  const bool asked = session.shared_version != Session::kNeverShared;
  if (asked && exporter.shared->version() == exporter.shared_version) return;
  if (change_.owns_lock()) return;  // taken over when it began
  const std::unique_lock lock = exporter.shared->lock();
  if (!asked) {  // made here after the others published it
    session.shared_version = 0;
    if (const SharedSessionPtr shared = exporter.shared->find(session.key)) take_over(session, *shared);
  }
  take_shared_locked(exporter);
}

void SessionTable::take_all_shared() {
  for (Exporter& exporter : exporters_) {
    if (!exporter.shared || exporter.shared->version() == exporter.shared_version) continue;
    const std::unique_lock lock = exporter.shared->lock();
    take_shared_locked(exporter);
  }
}

void SessionTable::take_shared_locked(Exporter& exporter) {
  for (const SharedSessionPtr& shared : exporter.shared->since(exporter.shared_version)) {
    Session* known = find_session(shared->key);
    if (known == nullptr && sessions_.size() >= limits_.sessions) continue;
    if (known == nullptr) known = &session(exporter, shared->key.domain, shared->key.type);
    if (known->shared_version != shared->version) take_over(*known, *shared);
  }
  exporter.shared_version = exporter.shared->version();
}

void SessionTable::take_over(Session& session, const SharedSession& shared) {
  session.shared_version = shared.version;
  if (shared.started > session.started) {
    session.started = shared.started;
    // Data of before the restart would be read with templates of after it.
    std::vector<EarlyList::iterator> void_now;
    for (const auto& [id, waiting] : session.early) {
      for (const EarlyList::iterator early : waiting) {
        if (early->message.received < shared.started) void_now.push_back(early);
      }
    }
    for (const EarlyList::iterator early : void_now) give_up(early);
    name_bytes_ -= session.options.name_bytes();
    session.options.clear();
    session.told = nullptr;
  }
  take_over_templates(session, shared);
  take_over_options(session, shared.options);
  if (shared.sent_data && !session.sent_data) {
    session.sent_data = true;
    remove_announcer(session);
  }
  note_change(session);
}

// Afterwards they are those that were published, as far as the limits allow.
void SessionTable::take_over_templates(Session& session, const SharedSession& shared) {
  const auto is_shared = [&](uint16_t id, uint16_t port) {
    return std::ranges::any_of(shared.templates,
                               [&](const SharedTemplate& t) { return t.layout->id == id && t.port == port; });
  };
  std::vector<std::pair<uint16_t, uint16_t>> gone;  // id, port
  for (const auto& [id, entries] : session.templates) {
    for (const Session::TemplateEntry& entry : entries) {
      if (!is_shared(id, entry.port)) gone.emplace_back(id, entry.port);
    }
  }
  const auto index_of = [&](uint16_t id, uint16_t port) {
    const Session::TemplateEntries& entries = session.templates.find(id)->second;
    return static_cast<size_t>(std::ranges::find(entries, port, &Session::TemplateEntry::port) - entries.begin());
  };
  for (const auto& [id, port] : gone) drop_template(session, id, index_of(id, port));
  // The latest announced is first in the end.
  for (auto next = shared.templates.rbegin(); next != shared.templates.rend(); ++next) {
    const uint16_t id = next->layout->id;
    const auto found = session.templates.find(id);
    if (found != session.templates.end()) {
      const auto own = std::ranges::find(found->second, next->port, &Session::TemplateEntry::port);
      if (own != found->second.end() && own->compiled->layout.same_layout(*next->layout)) {
        own->announced = next->received;
        own->announcement = next->announced;
        std::rotate(found->second.begin(), own, own + 1);
        continue;
      }
      if (own != found->second.end()) {
        drop_template(session, id, static_cast<size_t>(own - found->second.begin()));
      }
    }
    TemplatePtr compiled = pool_.compile(*next->layout);
    if (session.template_count >= limits_.templates_per_session ||
        template_weight_ + weight(*compiled) > limits_.templates) {
      session.anomalies().add(flow::Anomaly::template_limit);
      continue;
    }
    template_weight_ += weight(*compiled);
    ++session.template_count;
    Session::TemplateEntries& entries = session.templates[id];
    entries.insert(entries.begin(),
                   {next->port, ++clock_, now_, std::move(compiled), next->received, true, next->announced});
    if (session.early.contains(id)) arrived_.emplace_back(session.key, id);
  }
}

void SessionTable::take_over_options(Session& session, const OptionsToldPtr& told) {
  if (!told || told == session.told) return;
  const size_t before = session.options.name_bytes();
  uint32_t rate = told->domain_rate;
  if (told->start_ms != 0) session.options.set_start_ms(told->start_ms);
  if (told->domain_rate != 0) session.options.set_domain_rate(told->domain_rate);
  for (const KnownRate& known : told->rates) {
    session.options.set_rate(known.scope, known.id, known.rate, limits_);
    rate = known.rate;
  }
  for (const NameState& name : told->names) {
    const size_t bytes = name_bytes_ - before + session.options.name_bytes() + name.text.size();
    if (bytes < limits_.name_bytes) session.options.set_name(name.kind, name.id, name.text, limits_);
  }
  name_bytes_ = name_bytes_ - before + session.options.name_bytes();
  if (rate != 0) session.exporter->counters.sampling_rate = rate;
  session.told = told;
  session.told_version = session.options.version();
  session.told_here = true;
  add_announcer(session);
}

Session* SessionTable::find_session(const SessionKey& key) {
  const auto known = session_index_.find(key);
  return known == session_index_.end() ? nullptr : &*known->second;
}

SharedExporter::Uptime SessionTable::see_uptime(Session& session, const MessageContext& message) {
  Exporter& exporter = *session.exporter;
  std::unique_lock<std::mutex> lock;
  if (!change_.owns_lock()) lock = exporter.shared->lock();
  // A copy, for the state file.
  UptimeState& uptime = stream(session, message.port).uptime;
  const SharedExporter::Uptime seen = exporter.shared->see_uptime(
      session.key, message.port, message.uptime_ms, message.export_us, message.received, uptime, exporter.counters);
  if (lock.owns_lock()) take_shared_locked(exporter);
  if (seen == SharedExporter::Uptime::restarted && lock.owns_lock()) change_ = std::move(lock);
  return seen;
}

void SessionTable::note_sequence(Session& session, uint16_t port, const SequencedMessage& message) {
  Exporter& exporter = *session.exporter;
  std::unique_lock<std::mutex> lock;
  if (!change_.owns_lock()) lock = exporter.shared->lock();
  exporter.shared->note(session.key, port, message, exporter.counters);
}

// What nobody has got is lost. At the end the last decoder says so, as until then another one may bring it.
void SessionTable::expire_shared(Timestamp now) {
  if (now != Timestamp::max()) {
    for (Exporter& exporter : exporters_) {
      if (!exporter.shared) continue;
      const std::unique_lock lock = exporter.shared->lock();
      exporter.shared->give_up(now, exporter.counters);
    }
  } else if (!std::exchange(left_, true) && shared_->leave()) {
    for (const auto& [address, shared] : shared_->all()) {
      const std::unique_lock lock = shared->lock();
      shared->give_up(now, counters_without_memory(address));
    }
  }
}

}  // namespace weir::decode
