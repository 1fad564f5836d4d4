#include "decode/session/session.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/big_endian.h"
#include "base/check.h"
#include "base/prefetch.h"

namespace weir::decode {
namespace {

using flow::Anomaly;

// Memory of a held set besides its octets.
constexpr size_t kEarlyOverhead = 192;
// A template of many fields counts as several against Limits::templates.
constexpr size_t kFieldsPerWeight = 32;
// How often all templates are looked at for their age.
constexpr std::chrono::seconds kTemplateCheckInterval{60};
// How often a state tells that templates are in use still; after a crash they are older by at most this.
constexpr std::chrono::minutes kShowAgain{10};

const TemplatePtr kNoTemplate;

// Fewer exporters than this stay in the cache by themselves.
constexpr size_t kManyExporters = 256;
constexpr size_t kExpectedAtOnce = 32;

// What moving a list's node to the front will write to.
template <class T>
void prefetch_neighbours(const std::list<T>& list, typename std::list<T>::const_iterator node) {
  if (node != list.begin()) __builtin_prefetch(&*std::prev(node), 1);
  if (std::next(node) != list.end()) __builtin_prefetch(&*std::next(node), 1);
}

// The id of the first set of a NetFlow v9 or IPFIX message (RFC 3954 section 5.1, RFC 7011 section 3.1); 0 if it is
// none.
uint16_t first_set(ByteView message) {
  ByteReader in(message);
  const auto version = in.read<Be16>();
  if (!version || (*version != 9 && *version != 10)) return 0;
  if (!in.skip(*version == 9 ? 18 : 14)) return 0;
  const auto id = in.read<Be16>();
  return id ? id->value() : uint16_t{0};
}

bool older(Timestamp then, Timestamp now, std::chrono::seconds age) { return now > then && now - then > age; }

}  // namespace

size_t SessionTable::KeyHash::operator()(const SessionKey& key) const {
  const uint64_t mixed = (uint64_t{key.domain} << 8 | static_cast<uint8_t>(key.type)) * 0x9e3779b97f4a7c15U;
  return IpAddressHash{}(key.exporter) ^ static_cast<size_t>(mixed ^ mixed >> 32) ^
         static_cast<size_t>(key.connection * 0xd6e8feb86659fd93U);
}

bool SessionTable::ByConnection::operator()(const SessionKey& a, const SessionKey& b) const {
  return std::tie(a.connection, a.exporter, a.domain, a.type) < std::tie(b.connection, b.exporter, b.domain, b.type);
}

size_t SessionTable::weight(const CompiledTemplate& compiled) {
  return 1 + compiled.layout.fields.size() / kFieldsPerWeight;
}

size_t SessionTable::charge(const EarlySet& early) { return early.body.size() + kEarlyOverhead; }

flow::ExporterCounters& SessionTable::counters_without_memory(const IpAddress& address) {
  const auto known = exporter_index_.find(address);
  return known == exporter_index_.end() ? forgotten_ : known->second->counters;
}

Exporter& SessionTable::exporter(const IpAddress& address, Timestamp received) {
  now_ = received;
  if (exporters_.empty() || exporters_.front().address != address) {
    const auto known = exporter_index_.find(address);
    if (known != exporter_index_.end()) {
      exporters_.splice(exporters_.begin(), exporters_, known->second);
    } else {
      const bool full = exporters_.size() >= std::max<size_t>(limits_.sessions, 1);
      if (full) evict_oldest_exporter();
      exporters_.emplace_front();
      exporters_.front().address = address;
      exporter_index_.emplace(address, exporters_.begin());
      exporters_.front().counters.first_seen = received;
      if (full) exporters_.front().counters.anomalies.add(Anomaly::session_limit);
      if (source_ != nullptr) restore(exporters_.front(), received);
      if (shared_ != nullptr) share(exporters_.front());
    }
  }
  Exporter& exporter = exporters_.front();
  exporter.counters.last_seen = std::max(exporter.counters.last_seen, received);
  return exporter;
}

Session& SessionTable::session(Exporter& exporter, uint32_t domain, flow::FlowType type, uint64_t connection) {
  const SessionKey key{exporter.address, domain, type, connection};
  if (!sessions_.empty() && sessions_.front().key == key) return sessions_.front();
  if (exporter.latest == nullptr || exporter.latest->key != key) {
    const auto known = session_index_.find(key);
    exporter.latest = known == session_index_.end() ? nullptr : &*known->second;
  }
  if (exporter.latest != nullptr) {
    sessions_.splice(sessions_.begin(), sessions_, exporter.latest->self);
    return sessions_.front();
  }
  if (sessions_.size() >= std::max<size_t>(limits_.sessions, 1)) {
    evict_oldest_session();
    exporter.counters.anomalies.add(Anomaly::session_limit);
  }
  sessions_.emplace_front();
  sessions_.front().key = key;
  sessions_.front().exporter = &exporter;
  sessions_.front().self = sessions_.begin();
  exporter.latest = &sessions_.front();
  session_index_.emplace(key, sessions_.begin());
  if (connection != 0) connection_index_.emplace(key, sessions_.begin());
  ++exporter.sessions;
  return sessions_.front();
}

Stream& SessionTable::stream(Session& session, uint16_t port) {
  ++clock_;
  auto found = std::ranges::find(session.streams, port, &Stream::port);
  if (found == session.streams.end()) {
    if (session.streams.size() < Session::kMaxStreams) {
      session.streams.emplace_back();
      found = session.streams.end() - 1;
    } else {
      found = std::ranges::min_element(session.streams, {}, &Stream::last_used);
      *found = {};
    }
    found->port = port;
  }
  found->last_used = clock_;
  return *found;
}

void SessionTable::evict_oldest_session() {
  CHECK(!sessions_.empty());
  forget_session(std::prev(sessions_.end()));
}

void SessionTable::close_connection(uint64_t connection) {
  if (connection == 0) return;  // UDP has none
  SessionKey first;
  first.connection = connection;
  auto next = connection_index_.lower_bound(first);
  while (next != connection_index_.end() && next->first.connection == connection) forget_session((next++)->second);
}

void SessionTable::forget_session(std::list<Session>::iterator forgotten) {
  Session& session = *forgotten;
  while (!session.early.empty()) give_up(session.early.begin()->second.front());
  for (const auto& [id, entries] : session.templates) {
    for (const Session::TemplateEntry& entry : entries) template_weight_ -= weight(*entry.compiled);
  }
  name_bytes_ -= session.options.name_bytes();
  remove_announcer(session);
  forget_change(session);
  --session.exporter->sessions;
  if (session.exporter->latest == &session) session.exporter->latest = nullptr;
  session_index_.erase(session.key);
  if (session.key.connection != 0) connection_index_.erase(session.key);
  sessions_.erase(forgotten);
}

void SessionTable::evict_oldest_exporter() {
  Exporter& exporter = exporters_.back();
  // Its sessions were last used before any other exporter was: they are at the end of the list, or near it.
  while (exporter.sessions > 0) evict_oldest_session();
  forgotten_ += exporter.counters;
  exporter_index_.erase(exporter.address);
  exporters_.pop_back();
}

const TemplatePtr& SessionTable::compiled_for_schema(Session::TemplateEntry& entry) {
  if (entry.compiled->schema != pool_.schema()) [[unlikely]]
    entry.compiled = pool_.compile(entry.compiled->layout);
  return entry.compiled;
}

// In steps, so that what one step asks for is there when the next one looks into it.
void SessionTable::expect(std::span<const Datagram> next) const {
  if (exporters_.size() < kManyExporters) return;
  struct Known {
    const Datagram* datagram;
    std::list<Exporter>::iterator exporter;
    const CompiledTemplate* compiled = nullptr;
  };
  std::array<Known, kExpectedAtOnce> all;
  size_t count = 0;
  for (const Datagram& datagram : next.first(std::min(next.size(), kExpectedAtOnce))) {
    const auto found = exporter_index_.find(datagram.exporter);
    if (found == exporter_index_.end()) continue;
    all[count++] = {&datagram, found->second};
    prefetch(*found->second);
  }
  const auto known = std::span(all).first(count);
  for (const Known& k : known) {
    prefetch_neighbours(exporters_, k.exporter);
    if (k.exporter->latest != nullptr) prefetch(*k.exporter->latest);
  }
  for (Known& k : known) {
    if (k.exporter->latest == nullptr) continue;
    const Session& session = *k.exporter->latest;
    prefetch_neighbours(sessions_, session.self);
    const auto found = session.templates.find(first_set(k.datagram->bytes));
    if (found == session.templates.end() || found->second.empty()) continue;
    k.compiled = found->second.front().compiled.get();
    if (k.compiled != nullptr) prefetch(*k.compiled);
  }
  for (const Known& k : known) {
    if (k.compiled != nullptr) k.compiled->plan.prefetch();
  }
}

const TemplatePtr& SessionTable::find_template(Session& session, uint16_t id, uint16_t port, Timestamp now) {
  const auto found = session.templates.find(id);
  if (found == session.templates.end()) return kNoTemplate;
  Session::TemplateEntries& entries = found->second;
  const auto own = std::ranges::find(entries, port, &Session::TemplateEntry::port);
  Session::TemplateEntry& entry = own != entries.end() ? *own : entries.front();
  entry.last_used = ++clock_;
  entry.used_at = std::max(entry.used_at, now);
  if (now - session.shown > kShowAgain) note_change(session);
  return compiled_for_schema(entry);
}

TemplatePtr SessionTable::define(Session& session, Template layout, uint16_t port, Timestamp now,
                                 const Announcement& announcement) {
  ++session.exporter->counters.templates_received;
  const uint16_t id = layout.id;
  if (session.exporter->shared) {
    const auto same = [&](const Session::TemplateEntry& entry) {
      return entry.port == port && entry.compiled->layout.same_layout(layout);
    };
    if (!session.templates.contains(id) || !std::ranges::any_of(session.templates[id], same)) {
      begin_change(session);
      to_publish_.push_back(session.key);
    }
  }
  Session::TemplateEntries& known = session.templates[layout.id];
  const auto own = std::ranges::find(known, port, &Session::TemplateEntry::port);
  const bool outdated = session.exporter->shared && own != known.end() && announcement.before(own->announcement);
  if (own != known.end() && (outdated || own->compiled->layout.same_layout(layout))) {
    if (!outdated) own->announcement = announcement;
    own->used_at = std::max(own->used_at, now);
    own->announced = std::max(own->announced, now);
    own->last_used = ++clock_;
    if (!own->here || now - session.shown > kShowAgain) note_change(session);
    own->here = true;
    std::rotate(known.begin(), own, own + 1);
    return compiled_for_schema(known.front());
  }
  if (own != known.end()) {
    session.anomalies().add(Anomaly::template_redefined);
    drop_template(session, id, static_cast<size_t>(own - known.begin()));
  }
  TemplatePtr compiled = pool_.compile(std::move(layout));
  make_room(session, id, weight(*compiled));
  template_weight_ += weight(*compiled);
  ++session.template_count;
  Session::TemplateEntries& entries = session.templates[id];
  entries.insert(entries.begin(), {port, ++clock_, now, compiled, now, true, announcement});
  note_change(session);
  return compiled;
}

void SessionTable::make_room(Session& session, uint16_t id, size_t weight) {
  // An exporter that changes its port with every datagram needs no more than the latest few.
  if (session.templates[id].size() >= kMaxPortsPerTemplate) drop_template(session, id, kMaxPortsPerTemplate - 1);
  if (session.template_count >= std::max<size_t>(limits_.templates_per_session, 1)) evict_template(session);
  while (template_weight_ + weight > limits_.templates) {
    if (sessions_.size() > 1) {
      // Of all sessions, this one was used last: the one that has been silent the longest goes.
      session.anomalies().add(Anomaly::template_limit);
      evict_oldest_session();
    } else if (session.template_count > 0) {
      evict_template(session);
    } else {
      break;
    }
  }
}

void SessionTable::drop_template(Session& session, uint16_t id, size_t index) {
  const auto found = session.templates.find(id);
  Session::TemplateEntries& entries = found->second;
  template_weight_ -= weight(*entries[index].compiled);
  --session.template_count;
  entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(index));
  if (entries.empty()) session.templates.erase(found);
  note_change(session);
}

void SessionTable::evict_template(Session& session) {
  uint16_t oldest_id = 0;
  size_t oldest_index = 0;
  uint64_t oldest = UINT64_MAX;
  for (const auto& [id, entries] : session.templates) {
    for (size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].last_used >= oldest) continue;
      oldest = entries[i].last_used;
      oldest_id = id;
      oldest_index = i;
    }
  }
  if (oldest == UINT64_MAX) return;
  session.anomalies().add(Anomaly::template_limit);
  drop_template(session, oldest_id, oldest_index);
}

void SessionTable::withdraw(Session& session, uint16_t id, uint16_t port) {
  if (session.exporter->shared) {
    begin_change(session);
    to_publish_.push_back(session.key);
  }
  const auto found = session.templates.find(id);
  if (found == session.templates.end()) return;
  const auto own = std::ranges::find(found->second, port, &Session::TemplateEntry::port);
  const size_t index = own != found->second.end() ? static_cast<size_t>(own - found->second.begin()) : 0;
  session.anomalies().add(Anomaly::template_withdrawn);
  drop_template(session, id, index);
}

void SessionTable::withdraw_all(Session& session, bool options, uint16_t port) {
  if (session.exporter->shared) begin_change(session);
  std::vector<uint16_t> ids;
  for (const auto& [id, entries] : session.templates) {
    const bool own = std::ranges::any_of(
        entries, [&](const auto& entry) { return entry.port == port && entry.compiled->layout.options == options; });
    if (own) ids.push_back(id);
  }
  for (const uint16_t id : ids) withdraw(session, id, port);
}

void SessionTable::forget_announcements(Session& session, Timestamp started) {
  if (session.exporter->shared) {
    begin_change(session);
    to_publish_.push_back(session.key);
  }
  session.started = started;
  session.told_here = true;
  while (!session.early.empty()) give_up(session.early.begin()->second.front());
  while (!session.templates.empty()) drop_template(session, session.templates.begin()->first, 0);
  name_bytes_ -= session.options.name_bytes();
  session.options.clear();
  note_options(session);
}

void SessionTable::learn_domain_rate(Session& session, uint32_t rate) {
  if (session.exporter->shared) begin_change(session);
  session.options.set_domain_rate(rate);
  session.exporter->counters.sampling_rate = rate;
  note_options(session);
  add_announcer(session);
}

void SessionTable::learn_rate(Session& session, RateScope scope, uint64_t id, uint32_t rate) {
  if (session.exporter->shared) begin_change(session);
  if (session.options.set_rate(scope, id, rate, limits_) == OptionsState::Learned::full) {
    session.anomalies().add(Anomaly::options_limit);
    return;
  }
  session.exporter->counters.sampling_rate = rate;
  note_options(session);
  add_announcer(session);
}

void SessionTable::learn_name(Session& session, NameKind kind, uint64_t id, std::string_view text) {
  if (session.exporter->shared) begin_change(session);
  const size_t before = session.options.name_bytes();
  const OptionsState::Learned learned = session.options.set_name(kind, id, text, limits_);
  name_bytes_ = name_bytes_ - before + session.options.name_bytes();
  if (learned == OptionsState::Learned::full) session.anomalies().add(Anomaly::options_limit);
  // Of all sessions, this one was used last: the one that has been silent the longest goes.
  while (name_bytes_ > limits_.name_bytes && sessions_.size() > 1) {
    session.anomalies().add(Anomaly::options_limit);
    evict_oldest_session();
  }
  if (learned != OptionsState::Learned::changed) return;
  note_options(session);
  add_announcer(session);
}

void SessionTable::learn_start(Session& session, uint64_t start_ms) {
  if (session.exporter->shared) begin_change(session);
  session.options.set_start_ms(start_ms);
  note_options(session);
  add_announcer(session);
}

void SessionTable::add_announcer(Session& session) {
  std::vector<Session*>& announcers = session.exporter->announcers;
  if (session.sent_data || std::ranges::find(announcers, &session) != announcers.end()) return;
  if (announcers.size() < limits_.options_only_domains) announcers.push_back(&session);
}

void SessionTable::remove_announcer(Session& session) { std::erase(session.exporter->announcers, &session); }

void SessionTable::note_data(Session& session) {
  if (session.sent_data) return;
  if (session.exporter->shared &&
      std::ranges::find(session.exporter->announcers, &session) != session.exporter->announcers.end()) {
    begin_change(session);
    to_publish_.push_back(session.key);
  }
  session.sent_data = true;
  remove_announcer(session);
}

void SessionTable::known_options(const Session& session, std::vector<const OptionsState*>& known) {
  known.assign(1, &session.options);
  for (const Session* other : session.exporter->announcers) {
    if (other != &session && other->key.type == session.key.type) known.push_back(&other->options);
  }
}

void SessionTable::hold(Session& session, uint16_t template_id, const MessageContext& message, ByteView body,
                        bool clipped) {
  session.anomalies().add(Anomaly::missing_template);
  const size_t size = body.size() + kEarlyOverhead;
  if (size > limits_.early_bytes_per_session || size > limits_.early_bytes) {
    session.anomalies().add(Anomaly::early_data_limit);
    ++session.exporter->counters.undecodable_sets;
    return;
  }
  if (session.early_bytes + size > limits_.early_bytes_per_session) {
    session.anomalies().add(Anomaly::early_data_limit);
    ++session.exporter->counters.undecodable_sets;
    return;
  }
  // In all, the oldest goes first: the longer a set has waited, the less likely its template still comes.
  while (early_bytes_ + size > limits_.early_bytes) {
    early_.front().session->anomalies().add(Anomaly::early_data_limit);
    give_up(early_.begin());
  }
  early_.push_back({&session, template_id, message, {body.begin(), body.end()}, clipped});
  std::deque<EarlyList::iterator>& waiting = session.early[template_id];
  waiting.push_back(std::prev(early_.end()));
  if (waiting.size() == 1) note_wanted(session, template_id);
  session.early_bytes += size;
  early_bytes_ += size;
  ++session.exporter->counters.early_sets_held;
}

void SessionTable::refuse_set(Session& session) {
  session.anomalies().add(Anomaly::missing_template);
  ++session.exporter->counters.undecodable_sets;
}

// Takes a set that is the oldest of its template out of all lists.
EarlySet SessionTable::take_early(EarlyList::iterator early) {
  Session& session = *early->session;
  session.early_bytes -= charge(*early);
  early_bytes_ -= charge(*early);
  --session.exporter->counters.early_sets_held;
  const auto found = session.early.find(early->template_id);
  CHECK(found->second.front() == early);
  found->second.pop_front();
  if (found->second.empty()) session.early.erase(found);
  EarlySet taken = std::move(*early);
  early_.erase(early);
  return taken;
}

void SessionTable::give_up(EarlyList::iterator early) {
  ++early->session->exporter->counters.undecodable_sets;
  take_early(early);
}

std::vector<EarlySet> SessionTable::release(Session& session, uint16_t template_id) {
  std::vector<EarlySet> released;
  for (auto found = session.early.find(template_id); found != session.early.end();
       found = session.early.find(template_id)) {
    released.push_back(take_early(found->second.front()));
  }
  return released;
}

void SessionTable::expire(Timestamp now) {
  if (shared_ != nullptr) expire_shared(now);
  const bool all = now == Timestamp::max();
  while (!early_.empty() && (all || older(early_.front().message.received, now, limits_.early_age))) {
    early_.front().session->anomalies().add(Anomaly::early_data_limit);
    give_up(early_.begin());
  }
  if (!all && (now < templates_checked_ || now - templates_checked_ >= kTemplateCheckInterval)) {
    templates_checked_ = now;
    expire_templates(now);
  }
}

void SessionTable::expire_templates(Timestamp now) {
  std::vector<uint16_t> ids;
  for (Session& session : sessions_) {
    if (session.key.connection != 0) continue;  // good as long as it lasts (RFC 7011 section 8.1)
    ids.clear();
    for (const auto& [id, entries] : session.templates) ids.push_back(id);
    for (const uint16_t id : ids) {
      for (size_t i = session.templates.find(id)->second.size(); i-- > 0;) {
        if (!older(session.templates.find(id)->second[i].used_at, now, limits_.template_lifetime)) continue;
        session.anomalies().add(Anomaly::template_expired);
        drop_template(session, id, i);
      }
    }
  }
}

}  // namespace weir::decode
