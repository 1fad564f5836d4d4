#include "decode/session/template_store.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir::decode {
namespace {

using flow::Anomaly;

// A template of many fields counts as several against Limits::templates.
constexpr size_t kFieldsPerWeight = 32;

// Places of templates that are gone, beyond as many as there are templates.
constexpr size_t kSpareOrder = 16;

const TemplatePtr kNoTemplate;

size_t weight_of(const CompiledTemplate& compiled) { return 1 + compiled.layout.fields.size() / kFieldsPerWeight; }

bool older(Timestamp then, Timestamp now, std::chrono::seconds age) { return now > then && now - then > age; }

size_t index_in(const TemplateEntries& entries, TemplateEntries::const_iterator entry) {
  return static_cast<size_t>(entry - entries.begin());
}

auto find_own(auto& entries, StreamNumber stream) { return std::ranges::find(entries, stream, &TemplateEntry::stream); }

bool agree(const TemplateEntries& entries) {
  return std::ranges::all_of(entries, [&](const TemplateEntry& entry) {
    return entry.compiled->layout.same_layout(entries.front().compiled->layout);
  });
}

LayoutPtr layout_of(const TemplateEntry& entry) { return {entry.compiled, &entry.compiled->layout}; }

}  // namespace

size_t SessionTemplates::memory() const {
  if (by_id.empty()) return 0;
  constexpr size_t kQueue = 600;  // of an empty deque
  constexpr size_t kSlot = sizeof(decltype(by_id)::value_type) + 1;
  const size_t not_alone = count - by_id.size();  // those of ids that several streams have announced
  return by_id.bucket_count() * kSlot + 2 * not_alone * sizeof(TemplateEntry) + kQueue + order.size() * sizeof(Place) +
         count * (sizeof(TemplateState) + 2 * sizeof(TemplateId)) + by_stream.size() * sizeof(Announced) +
         compiled_bytes;
}

const TemplatePtr& TemplateStore::look_up(SessionTemplates& session, TemplateId id, StreamNumber stream,
                                          Timestamp now) {
  const auto found = session.by_id.find(id);
  if (found == session.by_id.end()) return kNoTemplate;
  const auto own = find_own(found->second, stream);
  if (own == found->second.end()) return kNoTemplate;
  session.latest = &*own;
  session.latest_id = id;
  return used(*own, now);
}

const TemplatePtr& TemplateStore::find_agreed(SessionTemplates& session, TemplateId id, Timestamp now) {
  const auto found = session.by_id.find(id);
  if (found == session.by_id.end() || !agree(found->second)) return kNoTemplate;
  return used(found->second.front(), now);
}

std::vector<StreamNumber> TemplateStore::who_knows(const SessionTemplates& session, TemplateId id) {
  std::vector<StreamNumber> streams;
  const auto found = session.by_id.find(id);
  if (found == session.by_id.end()) return streams;
  for (const TemplateEntry& entry : found->second) streams.push_back(entry.stream);
  return streams;
}

TemplateStore::Before TemplateStore::before(const SessionTemplates& session, const Template& layout,
                                            StreamNumber stream) {
  const auto known = session.by_id.find(layout.id);
  if (known == session.by_id.end()) return Before::nothing;
  const auto own = find_own(known->second, stream);
  if (own == known->second.end()) return Before::nothing;
  if (own->compiled->layout.same_layout(layout)) return Before::same;
  return own->here ? Before::other : Before::nothing;
}

std::optional<StreamNumber> TemplateStore::who_says(const SessionTemplates& session, const Template& layout) {
  const auto known = session.by_id.find(layout.id);
  if (known == session.by_id.end()) return std::nullopt;
  const auto same = std::ranges::find_if(
      known->second, [&](const TemplateEntry& entry) { return entry.compiled->layout.same_layout(layout); });
  return same == known->second.end() ? std::nullopt : std::optional(same->stream);
}

// A definition under an id that its stream has announced before is one of three things.
//
//   the same layout again   Exporters repeat their templates over UDP, as a datagram may be lost (RFC 7011 section
//                           8.4). The entry is kept, with all that was compiled of it, and counts as announced now.
//   another layout          The exporter was reconfigured without saying so. The new one holds from here on. Data that
//                           comes behind the template was made by it, as one stream mostly keeps its order.
//   an older message        Where several threads receive an exporter's datagrams, a message may come in after one that
//                           was sent later. What it defines has been replaced already: it is no news.
//
bool TemplateStore::define(SessionTemplates& session, Template layout, StreamNumber stream, Timestamp now,
                           const MessageOrder& order, flow::AnomalyCounts& anomalies) {
  const TemplateId id = layout.id;
  if (const auto known = session.by_id.find(id); known != session.by_id.end()) {
    TemplateEntries& entries = known->second;
    const auto own = find_own(entries, stream);
    const bool outdated = own != entries.end() && order.before(own->order);
    if (own != entries.end() && (outdated || own->compiled->layout.same_layout(layout))) {
      if (!outdated) own->order = order;
      own->used_at = std::max(own->used_at, now);
      own->announced = std::max(own->announced, now);
      own->last_used = ++uses_;
      const bool was_here = std::exchange(own->here, true);
      session.latest = nullptr;
      std::rotate(entries.begin(), own, own + 1);
      return !was_here;
    }
    if (own != entries.end()) {
      anomalies.add(Anomaly::template_redefined);
      drop(session, id, index_in(entries, own));
    }
  }
  TemplatePtr held = pool_.hold(std::move(layout));
  make_room(session, weight_of(*held), anomalies);
  add(session, session.by_id[id].begin(), {stream, ++uses_, now, std::move(held), now, true, order});
  return true;
}

// Two limits, and what goes for each:
//
//   of a session    its template that was used the longest ago.
//   of all          the session that has been silent the longest, with all that is known of it: one that has gone away
//                   holds no room, while a session whose templates went one by one would lose data that it still sends.
//                   The session that announces was used last of all, so it goes never; alone, it evicts its own.
void TemplateStore::make_room(SessionTemplates& session, size_t weight, flow::AnomalyCounts& anomalies) {
  if (session.count >= std::max<size_t>(limits_.templates_per_session, 1)) evict_oldest(session, anomalies);
  while (weight_ + weight > limits_.templates) {
    if (forget_another_()) {
      anomalies.add(Anomaly::template_limit);
    } else if (session.count > 0) {
      evict_oldest(session, anomalies);
    } else {
      break;
    }
  }
}

bool TemplateStore::has_room(const SessionTemplates& session, const CompiledTemplate& held) const {
  return session.count < limits_.templates_per_session && weight_ + weight_of(held) <= limits_.templates;
}

void TemplateStore::add(SessionTemplates& session, TemplateEntries::const_iterator place, TemplateEntry entry) {
  const size_t bytes = CompiledTemplate::memory_of(entry.compiled->layout);
  weight_ += weight_of(*entry.compiled);
  session.compiled_bytes += bytes;
  compiled_bytes_ += bytes;
  ++session.count;
  session.order.push_back({entry.compiled->layout.id, entry.stream, entry.last_used});
  note_announced(session, entry.stream, entry.compiled->layout.id);
  if (session.order.size() > 2 * session.count + kSpareOrder) forget_order(session);
  session.latest = nullptr;
  session.by_id.find(entry.compiled->layout.id)->second.insert(place, std::move(entry));
}

void TemplateStore::note_announced(SessionTemplates& session, StreamNumber stream, TemplateId id) {
  const auto known = std::ranges::find(session.by_stream, stream, &SessionTemplates::Announced::stream);
  (known != session.by_stream.end() ? *known : session.by_stream.emplace_back(stream)).ids.push_back(id);
}

void TemplateStore::forget_announced(SessionTemplates& session, StreamNumber stream, TemplateId id) {
  const auto known = std::ranges::find(session.by_stream, stream, &SessionTemplates::Announced::stream);
  std::vector<TemplateId>& ids = known->ids;
  *std::ranges::find(ids, id) = ids.back();
  ids.pop_back();
  if (ids.empty()) session.by_stream.erase(known);
}

std::vector<TemplateId> TemplateStore::ids_of(const SessionTemplates& session, StreamNumber stream) {
  const auto known = std::ranges::find(session.by_stream, stream, &SessionTemplates::Announced::stream);
  return known == session.by_stream.end() ? std::vector<TemplateId>() : known->ids;
}

// Takes those that are gone out of the order.
void TemplateStore::forget_order(SessionTemplates& session) {
  std::erase_if(session.order, [&](const SessionTemplates::Place& place) {
    const auto found = session.by_id.find(place.id);
    return found == session.by_id.end() || find_own(found->second, place.stream) == found->second.end();
  });
}

void TemplateStore::drop(SessionTemplates& session, TemplateId id, size_t index) {
  const auto found = session.by_id.find(id);
  TemplateEntries& entries = found->second;
  const size_t bytes = CompiledTemplate::memory_of(entries[index].compiled->layout);
  weight_ -= weight_of(*entries[index].compiled);
  session.compiled_bytes -= bytes;
  compiled_bytes_ -= bytes;
  forget_announced(session, entries[index].stream, id);
  --session.count;
  session.latest = nullptr;
  entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(index));
  if (entries.empty()) session.by_id.erase(found);
}

// A queue with second chances: what was used since it was put there goes to its end again. So a template costs a
// constant time on average, whatever a sender does, and one in use stays.
void TemplateStore::evict_oldest(SessionTemplates& session, flow::AnomalyCounts& anomalies) {
  for (size_t looks = 2 * session.order.size(); looks > 0 && !session.order.empty(); --looks) {
    const SessionTemplates::Place place = session.order.front();
    session.order.pop_front();
    const auto found = session.by_id.find(place.id);
    if (found == session.by_id.end()) continue;
    const auto entry = find_own(found->second, place.stream);
    if (entry == found->second.end()) continue;
    if (entry->last_used > place.used) {
      session.order.push_back({place.id, place.stream, entry->last_used});
      continue;
    }
    anomalies.add(Anomaly::template_limit);
    drop(session, place.id, index_in(found->second, entry));
    return;
  }
}

bool TemplateStore::evict(SessionTemplates& session, flow::AnomalyCounts& anomalies) {
  if (session.count <= 1) return false;
  evict_oldest(session, anomalies);
  return true;
}

void TemplateStore::forget(SessionTemplates& session, TemplateId id, StreamNumber stream,
                           flow::AnomalyCounts& anomalies) {
  anomalies.add(Anomaly::template_limit);
  const auto found = session.by_id.find(id);
  if (found == session.by_id.end()) return;
  const auto own = find_own(found->second, stream);
  if (own != found->second.end()) drop(session, id, index_in(found->second, own));
}

bool TemplateStore::withdraw(SessionTemplates& session, TemplateId id, StreamNumber stream,
                             flow::AnomalyCounts& anomalies) {
  const auto found = session.by_id.find(id);
  if (found == session.by_id.end()) return false;
  const auto own = find_own(found->second, stream);
  if (own == found->second.end()) return false;
  anomalies.add(Anomaly::template_withdrawn);
  drop(session, id, index_in(found->second, own));
  return true;
}

void TemplateStore::hand_over(SessionTemplates& session, StreamNumber stream, std::optional<StreamNumber> heir) {
  session.latest = nullptr;
  for (const TemplateId id : ids_of(session, stream)) {
    TemplateEntries& entries = session.by_id.find(id)->second;
    if (!heir) {
      drop(session, id, index_in(entries, find_own(entries, stream)));
      continue;
    }
    const auto before = find_own(entries, *heir);
    if (before != entries.end()) drop(session, id, index_in(entries, before));
    TemplateEntry& own = *find_own(entries, stream);
    forget_announced(session, stream, id);
    note_announced(session, *heir, id);
    own.stream = *heir;
    session.order.push_back({id, *heir, own.last_used});
  }
}

std::vector<TemplateId> TemplateStore::announced_by(const SessionTemplates& session, bool options,
                                                    StreamNumber stream) {
  std::vector<TemplateId> ids = ids_of(session, stream);
  std::erase_if(ids, [&](TemplateId id) {
    return find_own(session.by_id.find(id)->second, stream)->compiled->layout.options != options;
  });
  return ids;
}

bool TemplateStore::expire(SessionTemplates& session, Timestamp now, flow::AnomalyCounts& anomalies) {
  bool any = false;
  std::vector<TemplateId> ids;
  for (const auto& [id, entries] : session.by_id) {
    const auto expired = [&](const TemplateEntry& entry) {
      return older(entry.used_at, now, limits_.template_lifetime);
    };
    if (std::ranges::any_of(entries, expired)) ids.push_back(id);
  }
  for (const TemplateId id : ids) {
    for (size_t i = session.by_id.find(id)->second.size(); i-- > 0;) {
      if (!older(session.by_id.find(id)->second[i].used_at, now, limits_.template_lifetime)) continue;
      anomalies.add(Anomaly::template_expired);
      drop(session, id, i);
      any = true;
    }
  }
  return any;
}

void TemplateStore::forget_all(SessionTemplates& session) {
  for (const auto& [id, entries] : session.by_id) {
    for (const TemplateEntry& entry : entries) weight_ -= weight_of(*entry.compiled);
  }
  compiled_bytes_ -= session.compiled_bytes;
  session = {};
}

TemplateStore::Imported TemplateStore::import(SessionTemplates& session, StreamNumber stream,
                                              const TemplateState& known, Timestamp now) {
  const TemplateId id = known.layout->id;
  if (older(known.used, now, limits_.template_lifetime)) return Imported::nothing;
  Imported imported = Imported::nothing;
  if (const auto found = session.by_id.find(id); found != session.by_id.end()) {
    const auto own = find_own(found->second, stream);
    if (own != found->second.end()) {
      if (own->here || own->announced >= known.announced) return Imported::nothing;
      if (own->compiled->layout.same_layout(*known.layout)) {
        own->announced = known.announced;
        own->used_at = std::max(own->used_at, std::min(known.used, now));
        return Imported::nothing;
      }
      drop(session, id, index_in(found->second, own));
      imported = Imported::dropped;
    }
  }
  TemplatePtr held = pool_.hold(*known.layout);
  if (!has_room(session, *held)) return imported;
  // Behind what was announced here, and what was announced later.
  TemplateEntries& entries = session.by_id[id];
  const auto place = std::ranges::find_if(
      entries, [&](const TemplateEntry& entry) { return !entry.here && entry.announced < known.announced; });
  add(session, place, {stream, ++uses_, std::min(known.used, now), std::move(held), known.announced, false});
  return Imported::added;
}

std::vector<TemplateId> TemplateStore::adopt(SessionTemplates& session, const std::vector<SharedTemplate>& published,
                                             Timestamp now, flow::AnomalyCounts& anomalies) {
  const auto is_published = [&](TemplateId id, StreamNumber stream) {
    return std::ranges::any_of(
        published, [&](const SharedTemplate& shared) { return shared.layout->id == id && shared.stream == stream; });
  };
  std::vector<std::pair<TemplateId, StreamNumber>> gone;
  for (const auto& [id, entries] : session.by_id) {
    for (const TemplateEntry& entry : entries) {
      if (!is_published(id, entry.stream)) gone.emplace_back(id, entry.stream);
    }
  }
  for (const auto& [id, stream] : gone) {
    const TemplateEntries& entries = session.by_id.find(id)->second;
    drop(session, id, index_in(entries, find_own(entries, stream)));
  }
  std::vector<TemplateId> added;
  // The latest announced is first in the end.
  for (auto next = published.rbegin(); next != published.rend(); ++next) {
    const TemplateId id = next->layout->id;
    if (const auto found = session.by_id.find(id); found != session.by_id.end()) {
      const auto own = find_own(found->second, next->stream);
      if (own != found->second.end() && own->compiled->layout.same_layout(*next->layout)) {
        own->announced = next->received;
        own->order = next->announced;
        session.latest = nullptr;
        std::rotate(found->second.begin(), own, own + 1);
        continue;
      }
      if (own != found->second.end()) drop(session, id, index_in(found->second, own));
    }
    TemplatePtr held = pool_.hold(*next->layout);
    if (!has_room(session, *held)) {
      anomalies.add(Anomaly::template_limit);
      continue;
    }
    add(session, session.by_id[id].begin(),
        {next->stream, ++uses_, now, std::move(held), next->received, true, next->announced});
    added.push_back(id);
  }
  return added;
}

std::vector<TemplateState> TemplateStore::state_of(
    const SessionTemplates& session, const std::function<std::optional<StreamOrigin>(StreamNumber)>& origin_of) {
  std::vector<TemplateState> templates;
  templates.reserve(session.count);
  for (const auto& [id, entries] : session.by_id) {
    for (const TemplateEntry& entry : entries) {
      const auto origin = origin_of(entry.stream);
      if (origin) templates.push_back({layout_of(entry), *origin, entry.announced, entry.used_at});
    }
  }
  std::ranges::stable_sort(templates, {}, [](const TemplateState& known) { return known.layout->id; });
  return templates;
}

std::vector<SharedTemplate> TemplateStore::published_of(const SessionTemplates& session) {
  std::vector<SharedTemplate> templates;
  templates.reserve(session.count);
  for (const auto& [id, entries] : session.by_id) {
    for (const TemplateEntry& entry : entries) {
      templates.push_back({layout_of(entry), entry.stream, entry.announced, entry.order});
    }
  }
  return templates;
}

}  // namespace weir::decode
