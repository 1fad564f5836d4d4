#include "decode/session/options_store.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace weir::decode {
namespace {

using flow::Anomaly;
using Learned = OptionsState::Learned;

template <class Map>
auto sorted(const Map& map) {
  std::vector<std::pair<uint64_t, const typename Map::mapped_type*>> all;
  for (const auto& [id, value] : map) all.emplace_back(id, &value);
  std::ranges::sort(all);
  return all;
}

AnnouncedOptionsPtr snapshot_of(const OptionsState& state, Timestamp now) {
  AnnouncedOptions out{
      .changed = now, .start_ms = state.start_ms(), .domain_rate = state.domain_rate(), .rates = {}, .names = {}};
  size_t rates = 0;
  for (uint8_t s = 0; s < kRateScopes; ++s) rates += state.rates(static_cast<RateScope>(s)).size();
  out.rates.reserve(rates);
  for (uint8_t s = 0; s < kRateScopes; ++s) {
    const auto scope = static_cast<RateScope>(s);
    for (const auto& [id, rate] : sorted(state.rates(scope))) out.rates.push_back({scope, id, *rate});
  }
  for (uint8_t k = 0; k < kNameKinds; ++k) {
    const auto kind = static_cast<NameKind>(k);
    for (const auto& [id, name] : sorted(state.names(kind))) out.names.push_back({kind, id, *name});
  }
  return out.empty() ? nullptr : std::make_shared<const AnnouncedOptions>(std::move(out));
}

}  // namespace

bool SessionOptions::changed() const {
  const uint64_t start_ms = snapshot ? snapshot->start_ms : 0;
  return snapshot_version != state.version() || start_ms != state.start_ms();
}

void SessionOptions::take_snapshot(Timestamp now) {
  if (!changed()) return;
  snapshot = snapshot_of(state, now);
  snapshot_version = state.version();
}

Learned OptionsStore::learn_rate(SessionOptions& session, RateScope scope, uint64_t id, uint32_t rate,
                                 flow::AnomalyCounts& anomalies) {
  const Learned learned = session.state.set_rate(scope, id, rate, limits_);
  if (learned == Learned::full) anomalies.add(Anomaly::options_limit);
  return learned;
}

Learned OptionsStore::learn_name(SessionOptions& session, NameKind kind, uint64_t id, std::string_view text,
                                 flow::AnomalyCounts& anomalies) {
  const Learned learned = session.state.set_name(kind, id, text, limits_);
  if (learned == Learned::full) anomalies.add(Anomaly::options_limit);
  return learned;
}

void OptionsStore::add_speaker(const SessionOptions& session, OptionsOnly& speakers) const {
  if (std::ranges::find(speakers, &session) != speakers.end()) return;
  if (speakers.size() < limits_.options_only_domains) speakers.push_back(&session);
}

void OptionsStore::remove_speaker(const SessionOptions& session, OptionsOnly& speakers) {
  std::erase(speakers, &session);
}

void OptionsStore::add_speakers(uint32_t domain, flow::FlowType protocol, ExporterPort port,
                                const OptionsOnly& speakers, std::vector<const OptionsState*>& known) {
  const auto speaks = [&](const SessionOptions* other) {
    return other->domain != domain && other->protocol == protocol;
  };
  const bool of_port =
      std::ranges::any_of(speakers, [&](const SessionOptions* other) { return speaks(other) && other->port == port; });
  for (const SessionOptions* other : speakers) {
    if (speaks(other) && (!of_port || other->port == port)) known.push_back(&other->state);
  }
}

void OptionsStore::unite(SessionOptions& from, SessionOptions& into, Timestamp now) {
  into.here |= from.here;
  from.take_snapshot(now);
  if (from.snapshot) {
    const OptionsState& state = from.state;
    if (state.start_ms() != 0) into.state.set_start_ms(state.start_ms());
    if (state.domain_rate() != 0) into.state.set_domain_rate(state.domain_rate());
    for (const AnnouncedRate& rate : from.snapshot->rates) into.state.set_rate(rate.scope, rate.id, rate.rate, limits_);
    const AnnouncedOptionsPtr told = from.snapshot;
    from.state.clear();
    take_names(into, *told, true);
  }
}

// If they are not newer, those that are not known yet.
void OptionsStore::take_names(SessionOptions& session, const AnnouncedOptions& options, bool newer) const {
  OptionsState& state = session.state;
  for (const AnnouncedName& name : options.names) {
    if (newer || !state.names(name.kind).contains(name.id)) state.set_name(name.kind, name.id, name.text, limits_);
  }
}

bool OptionsStore::import(SessionOptions& session, const AnnouncedOptionsPtr& known) {
  OptionsState& state = session.state;
  const bool unknown = !session.snapshot && !session.here;
  const bool newer = unknown || (!session.here && known->changed > session.snapshot->changed);
  if (known->start_ms != 0 && (newer || state.start_ms() == 0)) state.set_start_ms(known->start_ms);
  if (known->domain_rate != 0 && (newer || state.domain_rate() == 0)) state.set_domain_rate(known->domain_rate);
  for (const AnnouncedRate& rate : known->rates) {
    if (newer || !state.rates(rate.scope).contains(rate.id)) state.set_rate(rate.scope, rate.id, rate.rate, limits_);
  }
  take_names(session, *known, newer);
  if (!session.changed()) return false;
  if (unknown) {
    session.snapshot = known;  // shared with whoever has it from there, too
    session.snapshot_version = state.version();
  } else if (!session.here) {
    session.take_snapshot(known->changed);
  }
  return true;
}

uint32_t OptionsStore::adopt(SessionOptions& session, const AnnouncedOptionsPtr& published) {
  OptionsState& state = session.state;
  uint32_t rate = published->domain_rate;
  if (published->start_ms != 0) state.set_start_ms(published->start_ms);
  if (published->domain_rate != 0) state.set_domain_rate(published->domain_rate);
  for (const AnnouncedRate& known : published->rates) {
    state.set_rate(known.scope, known.id, known.rate, limits_);
    rate = known.rate;
  }
  take_names(session, *published, true);
  session.snapshot = published;
  session.snapshot_version = state.version();
  session.here = true;
  return rate;
}

}  // namespace weir::decode
