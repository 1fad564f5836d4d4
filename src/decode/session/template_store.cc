#include "decode/session/template_store.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir::decode {
namespace {

using flow::Anomaly;

// A template of many fields counts as several against Limits::templates.
constexpr size_t kFieldsPerWeight = 32;

const TemplatePtr kNoTemplate;

size_t weight_of(const CompiledTemplate& compiled) { return 1 + compiled.layout.fields.size() / kFieldsPerWeight; }

bool older(Timestamp then, Timestamp now, std::chrono::seconds age) { return now > then && now - then > age; }

size_t index_in(const TemplateEntries& entries, TemplateEntries::const_iterator entry) {
  return static_cast<size_t>(entry - entries.begin());
}

auto find_own(auto& entries, StreamOrigin origin) { return std::ranges::find(entries, origin, &TemplateEntry::origin); }

LayoutPtr layout_of(const TemplateEntry& entry) { return {entry.compiled, &entry.compiled->layout}; }

}  // namespace

TemplateEntry& definition_for(StreamOrigin reader, TemplateEntries& entries) {
  const auto own = find_own(entries, reader);
  return own != entries.end() ? *own : entries.front();
}

const TemplatePtr& TemplateStore::find(SessionTemplates& session, TemplateId id, StreamOrigin reader, Timestamp now) {
  const auto found = session.by_id.find(id);
  if (found == session.by_id.end()) return kNoTemplate;
  TemplateEntry& entry = definition_for(reader, found->second);
  entry.last_used = ++uses_;
  entry.used_at = std::max(entry.used_at, now);
  return compiled_for_schema(entry);
}

bool TemplateStore::is_news(const SessionTemplates& session, const Template& layout, StreamOrigin origin) {
  const auto known = session.by_id.find(layout.id);
  return known == session.by_id.end() || std::ranges::none_of(known->second, [&](const TemplateEntry& entry) {
           return entry.origin == origin && entry.compiled->layout.same_layout(layout);
         });
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
// A new definition goes in front of those of other streams: streams without one of their own read by the latest.
TemplateStore::Defined TemplateStore::define(SessionTemplates& session, Template layout, StreamOrigin origin,
                                             Timestamp now, const MessageOrder& order, flow::AnomalyCounts& anomalies) {
  const TemplateId id = layout.id;
  if (const auto known = session.by_id.find(id); known != session.by_id.end()) {
    TemplateEntries& entries = known->second;
    const auto own = find_own(entries, origin);
    const bool outdated = own != entries.end() && order.before(own->order);
    if (own != entries.end() && (outdated || own->compiled->layout.same_layout(layout))) {
      if (!outdated) own->order = order;
      own->used_at = std::max(own->used_at, now);
      own->announced = std::max(own->announced, now);
      own->last_used = ++uses_;
      const bool was_here = std::exchange(own->here, true);
      std::rotate(entries.begin(), own, own + 1);
      return {compiled_for_schema(entries.front()), !was_here};
    }
    if (own != entries.end()) {
      anomalies.add(Anomaly::template_redefined);
      drop(session, id, index_in(entries, own));
    }
  }
  TemplatePtr compiled = pool_.compile(std::move(layout));
  make_room(session, id, weight_of(*compiled), anomalies);
  add(session, session.by_id[id].begin(), {origin, ++uses_, now, compiled, now, true, order});
  return {std::move(compiled), true};
}

// Three limits, and what goes for each:
//
//   of an id        the definition that was announced the longest ago. An exporter that changes its port with every
//                   datagram needs no more than the latest few.
//   of a session    its template that was used the longest ago.
//   of all          the session that has been silent the longest, with all that is known of it: one that has gone away
//                   holds no room, while a session whose templates went one by one would lose data that it still sends.
//                   The session that announces was used last of all, so it goes never; alone, it evicts its own.
void TemplateStore::make_room(SessionTemplates& session, TemplateId id, size_t weight, flow::AnomalyCounts& anomalies) {
  const auto known = session.by_id.find(id);
  if (known != session.by_id.end() && known->second.size() >= kMaxStreamsPerTemplate) {
    drop(session, id, kMaxStreamsPerTemplate - 1);
  }
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

bool TemplateStore::has_room(const SessionTemplates& session, const CompiledTemplate& compiled) const {
  return session.count < limits_.templates_per_session && weight_ + weight_of(compiled) <= limits_.templates;
}

void TemplateStore::add(SessionTemplates& session, TemplateEntries::const_iterator place, TemplateEntry entry) {
  weight_ += weight_of(*entry.compiled);
  ++session.count;
  session.by_id.find(entry.compiled->layout.id)->second.insert(place, std::move(entry));
}

void TemplateStore::drop(SessionTemplates& session, TemplateId id, size_t index) {
  const auto found = session.by_id.find(id);
  TemplateEntries& entries = found->second;
  weight_ -= weight_of(*entries[index].compiled);
  --session.count;
  entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(index));
  if (entries.empty()) session.by_id.erase(found);
}

void TemplateStore::evict_oldest(SessionTemplates& session, flow::AnomalyCounts& anomalies) {
  TemplateId oldest_id{};
  size_t oldest_index = 0;
  uint64_t oldest = UINT64_MAX;
  for (const auto& [id, entries] : session.by_id) {
    for (size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].last_used >= oldest) continue;
      oldest = entries[i].last_used;
      oldest_id = id;
      oldest_index = i;
    }
  }
  if (oldest == UINT64_MAX) return;
  anomalies.add(Anomaly::template_limit);
  drop(session, oldest_id, oldest_index);
}

bool TemplateStore::withdraw(SessionTemplates& session, TemplateId id, StreamOrigin origin,
                             flow::AnomalyCounts& anomalies) {
  const auto found = session.by_id.find(id);
  if (found == session.by_id.end()) return false;
  const TemplateEntry& withdrawn = definition_for(origin, found->second);
  anomalies.add(Anomaly::template_withdrawn);
  drop(session, id, static_cast<size_t>(&withdrawn - found->second.data()));
  return true;
}

std::vector<TemplateId> TemplateStore::announced_by(const SessionTemplates& session, bool options,
                                                    StreamOrigin origin) {
  std::vector<TemplateId> ids;
  for (const auto& [id, entries] : session.by_id) {
    const bool own = std::ranges::any_of(entries, [&](const TemplateEntry& entry) {
      return entry.origin == origin && entry.compiled->layout.options == options;
    });
    if (own) ids.push_back(id);
  }
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
  session.by_id.clear();
  session.count = 0;
}

TemplateStore::Imported TemplateStore::import(SessionTemplates& session, const TemplateState& known, Timestamp now) {
  const TemplateId id = known.layout->id;
  if (older(known.used, now, limits_.template_lifetime)) return Imported::nothing;
  Imported imported = Imported::nothing;
  if (const auto found = session.by_id.find(id); found != session.by_id.end()) {
    const auto own = find_own(found->second, known.origin);
    if (own != found->second.end()) {
      if (own->here || own->announced >= known.announced) return Imported::nothing;
      if (own->compiled->layout.same_layout(*known.layout)) {
        own->announced = known.announced;
        own->used_at = std::max(own->used_at, std::min(known.used, now));
        return Imported::nothing;
      }
      drop(session, id, index_in(found->second, own));
      imported = Imported::dropped;
    } else if (found->second.size() >= kMaxStreamsPerTemplate) {
      return Imported::nothing;
    }
  }
  TemplatePtr compiled = pool_.compile(*known.layout);
  if (!has_room(session, *compiled)) return imported;
  // Behind what was announced here, and what was announced later.
  TemplateEntries& entries = session.by_id[id];
  const auto place = std::ranges::find_if(
      entries, [&](const TemplateEntry& entry) { return !entry.here && entry.announced < known.announced; });
  add(session, place, {known.origin, ++uses_, std::min(known.used, now), std::move(compiled), known.announced, false});
  return Imported::added;
}

std::vector<TemplateId> TemplateStore::adopt(SessionTemplates& session, const std::vector<SharedTemplate>& published,
                                             Timestamp now, flow::AnomalyCounts& anomalies) {
  const auto is_published = [&](TemplateId id, StreamOrigin origin) {
    return std::ranges::any_of(
        published, [&](const SharedTemplate& shared) { return shared.layout->id == id && shared.origin == origin; });
  };
  std::vector<std::pair<TemplateId, StreamOrigin>> gone;
  for (const auto& [id, entries] : session.by_id) {
    for (const TemplateEntry& entry : entries) {
      if (!is_published(id, entry.origin)) gone.emplace_back(id, entry.origin);
    }
  }
  for (const auto& [id, origin] : gone) {
    const TemplateEntries& entries = session.by_id.find(id)->second;
    drop(session, id, index_in(entries, find_own(entries, origin)));
  }
  std::vector<TemplateId> added;
  // The latest announced is first in the end.
  for (auto next = published.rbegin(); next != published.rend(); ++next) {
    const TemplateId id = next->layout->id;
    if (const auto found = session.by_id.find(id); found != session.by_id.end()) {
      const auto own = find_own(found->second, next->origin);
      if (own != found->second.end() && own->compiled->layout.same_layout(*next->layout)) {
        own->announced = next->received;
        own->order = next->announced;
        std::rotate(found->second.begin(), own, own + 1);
        continue;
      }
      if (own != found->second.end()) drop(session, id, index_in(found->second, own));
    }
    TemplatePtr compiled = pool_.compile(*next->layout);
    if (!has_room(session, *compiled)) {
      anomalies.add(Anomaly::template_limit);
      continue;
    }
    add(session, session.by_id[id].begin(),
        {next->origin, ++uses_, now, std::move(compiled), next->received, true, next->announced});
    added.push_back(id);
  }
  return added;
}

std::vector<TemplateState> TemplateStore::state_of(const SessionTemplates& session) {
  std::vector<TemplateState> templates;
  templates.reserve(session.count);
  for (const auto& [id, entries] : session.by_id) {
    for (const TemplateEntry& entry : entries) {
      templates.push_back({layout_of(entry), entry.origin, entry.announced, entry.used_at});
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
      templates.push_back({layout_of(entry), entry.origin, entry.announced, entry.order});
    }
  }
  return templates;
}

}  // namespace weir::decode
