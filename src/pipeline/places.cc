#include "pipeline/places.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "decode/session/stream.h"
#include "flow/flow_type.h"

namespace weir::pipeline {

using decode::SequencePlace;

void PlaceBoard::publish(size_t thread, std::vector<SequencePlace> places) {
  const std::lock_guard lock(mutex_);
  places_[thread] = std::move(places);
}

std::vector<SequencePlace> PlaceBoard::list() const {
  std::vector<SequencePlace> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [thread, places] : places_) all.insert(all.end(), places.begin(), places.end());
  }
  const auto identity = [](const SequencePlace& p) {
    return std::tuple(p.session.exporter, p.session.type, p.session.domain, p.agent, p.port, p.has_boot);
  };
  const auto same = [&](const SequencePlace& a, const SequencePlace& b) {
    return identity(a) == identity(b) && decode::is_same_boot(a.boot_by_ours, b.boot_by_ours);
  };
  std::ranges::sort(all, [&](const SequencePlace& a, const SequencePlace& b) {
    if (identity(a) != identity(b)) return identity(a) < identity(b);
    if (a.boot_by_ours != b.boot_by_ours) return a.boot_by_ours < b.boot_by_ours;
    if (a.heard != b.heard) return a.heard > b.heard;
    return static_cast<int32_t>(a.next - b.next) > 0;
  });
  std::vector<SequencePlace> kept;
  for (const SequencePlace& place : all) {
    if (kept.empty() || !same(kept.back(), place)) {
      kept.push_back(place);
    } else if (place.heard > kept.back().heard) {
      kept.back() = place;
    }
  }
  std::ranges::stable_sort(kept, std::greater{}, &SequencePlace::heard);
  if (kept.size() > kMaxPlaces) kept.resize(kMaxPlaces);
  return kept;
}

PlacesBefore::PlacesBefore(std::vector<SequencePlace> places, Timestamp started)
    : started_(started), places_(std::move(places)), taken_(places_.size()) {
  for (uint64_t id = 0; id < places_.size(); ++id) {
    sessions_[key_of(places_[id].session, places_[id].agent)].push_back(id);
    ++unclaimed_[places_[id].session.exporter];
  }
}

uint64_t PlacesBefore::claim(const IpAddress& exporter) {
  const std::lock_guard lock(mutex_);
  const auto known = unclaimed_.find(exporter);
  return known == unclaimed_.end() ? 0 : std::exchange(known->second, 0);
}

std::vector<decode::KnownPlace> PlacesBefore::places_of(const decode::SessionKey& session, const IpAddress& agent) {
  const std::lock_guard lock(mutex_);
  std::vector<decode::KnownPlace> found;
  const auto known = sessions_.find(key_of(session, agent));
  if (known == sessions_.end()) return found;
  for (const uint64_t id : known->second) {
    if (!taken_[id]) found.push_back({id, places_[id]});
  }
  return found;
}

bool PlacesBefore::take(uint64_t id) {
  const std::lock_guard lock(mutex_);
  if (taken_[id]) return false;
  taken_[id] = true;
  return true;
}

std::vector<SequencePlace> PlacesBefore::left(Timestamp now) const {
  std::vector<SequencePlace> left;
  if (now - started_ > kKeptFor) return left;
  const std::lock_guard lock(mutex_);
  for (uint64_t id = 0; id < places_.size(); ++id) {
    if (!taken_[id]) left.push_back(places_[id]);
  }
  return left;
}

std::string places_to_json(const std::vector<SequencePlace>& places) {
  std::string out = "[";
  for (const SequencePlace& p : places) {
    if (out.size() > 1) out += ',';
    fmt::format_to(std::back_inserter(out), "[\"{}\",\"{}\",{},\"{}\",{},{},{},{},{},{},{},{},{},{},{},{},{}]",
                   p.session.exporter.to_string(), flow::name(p.session.type), p.session.domain,
                   p.agent == IpAddress{} ? std::string() : p.agent.to_string(), static_cast<uint16_t>(p.port), p.next,
                   p.inclusive, p.has_boot, p.boot_by_ours, p.boot_by_its_own, p.most_units, p.units, p.messages,
                   p.lived_ms, to_us(p.heard), p.export_us, p.before_kill);
  }
  return out + "]";
}

}  // namespace weir::pipeline
