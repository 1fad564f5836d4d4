#include "decode/session/state.h"

#include <algorithm>
#include <map>

namespace weir::decode {
namespace {

// Of what both have, the newer wins; what only one has stays.
bool merge_announced(AnnouncedOptionsPtr& into, const AnnouncedOptionsPtr& from) {
  if (!from || into == from) return false;
  if (!into) {
    into = from;
    return true;
  }
  const bool newer = from->changed > into->changed;
  AnnouncedOptions merged = newer ? *from : *into;
  const AnnouncedOptions& older = newer ? *into : *from;
  if (merged.start_ms == 0) merged.start_ms = older.start_ms;
  if (merged.domain_rate == 0) merged.domain_rate = older.domain_rate;
  std::map<std::pair<RateScope, uint64_t>, uint32_t> rates;
  for (const AnnouncedRate& rate : merged.rates) rates.try_emplace({rate.scope, rate.id}, rate.rate);
  for (const AnnouncedRate& rate : older.rates) rates.try_emplace({rate.scope, rate.id}, rate.rate);
  std::map<std::pair<NameKind, uint64_t>, std::string> names;
  for (const AnnouncedName& name : merged.names) names.try_emplace({name.kind, name.id}, name.text);
  for (const AnnouncedName& name : older.names) names.try_emplace({name.kind, name.id}, name.text);
  merged.rates.clear();
  merged.names.clear();
  for (const auto& [key, rate] : rates) merged.rates.push_back({key.first, key.second, rate});
  for (auto& [key, text] : names) merged.names.push_back({key.first, key.second, std::move(text)});
  if (merged == *into) return false;
  into = std::make_shared<const AnnouncedOptions>(std::move(merged));
  return true;
}

bool merge_options(std::vector<StreamOptions>& into, const std::vector<StreamOptions>& from) {
  bool changed = false;
  for (const StreamOptions& other : from) {
    const auto same = std::ranges::find(into, other.origin, &StreamOptions::origin);
    if (same != into.end()) {
      changed |= merge_announced(same->options, other.options);
    } else if (into.size() < kMaxStreamsPerTemplate) {
      into.push_back(other);
      changed = true;
    }
  }
  if (changed) std::ranges::sort(into, {}, &StreamOptions::origin);
  return changed;
}

void merge_template(std::vector<TemplateState>& into, const TemplateState& from) {
  const auto same = std::ranges::find_if(into, [&](const TemplateState& known) {
    return known.layout->id == from.layout->id && known.origin == from.origin;
  });
  if (same == into.end()) {
    into.push_back(from);
  } else if (same->announced < from.announced) {
    *same = from;
  } else if (same->announced == from.announced) {
    same->used = std::max(same->used, from.used);
  }
}

// By id, the latest first, and of each id no more than a session keeps.
void put_in_order(std::vector<TemplateState>& templates) {
  std::ranges::stable_sort(templates, [](const TemplateState& a, const TemplateState& b) {
    return a.layout->id != b.layout->id ? a.layout->id < b.layout->id : a.announced > b.announced;
  });
  TemplateId id{};
  size_t of_id = 0;
  std::erase_if(templates, [&](const TemplateState& known) {
    of_id = known.layout->id == id ? of_id + 1 : 1;
    id = known.layout->id;
    return of_id > kMaxStreamsPerTemplate;
  });
}

}  // namespace

bool TemplateState::operator==(const TemplateState& other) const {
  return origin == other.origin && announced == other.announced && used == other.used &&
         layout->id == other.layout->id && layout->same_layout(*other.layout);
}

bool StreamOptions::operator==(const StreamOptions& other) const {
  return origin == other.origin && (options == other.options || *options == *other.options);
}

bool SessionState::operator==(const SessionState& other) const {
  return options == other.options && key == other.key && sent_data == other.sent_data && streams == other.streams &&
         templates == other.templates;
}

bool merge_state(SessionState& into, const SessionState& from) {
  bool changed = merge_options(into.options, from.options);
  std::vector<TemplateState> templates = into.templates;
  for (const TemplateState& known : from.templates) merge_template(templates, known);
  put_in_order(templates);
  if (templates != into.templates) {
    into.templates = std::move(templates);
    changed = true;
  }
  if (from.sent_data && !into.sent_data) {
    into.sent_data = true;
    changed = true;
  }
  return changed;
}

bool drop_expired(SessionState& state, Timestamp now, std::chrono::seconds lifetime) {
  const auto expired = [&](Timestamp last) { return now > last && now - last > lifetime; };
  Timestamp last{};
  for (const StreamOptions& known : state.options) last = std::max(last, known.options->changed);
  for (const TemplateState& known : state.templates) last = std::max(last, known.used);
  std::erase_if(state.templates, [&](const TemplateState& known) { return expired(known.used); });
  // What options records announced is as good as the exporter is alive.
  if (expired(last)) state.options.clear();
  return !state.empty();
}

}  // namespace weir::decode
