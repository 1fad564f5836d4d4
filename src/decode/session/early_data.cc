#include "decode/session/early_data.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"

namespace weir::decode {
namespace {

using flow::Anomaly;

// Memory of a held set besides its bytes; of the first one of its template, the place of those that wait for that.
constexpr size_t kOverhead = sizeof(EarlySet) + 64;
constexpr size_t kFirst = 64;

}  // namespace

size_t EarlyData::memory_of(const SessionEarlyData& session, TemplateId id, size_t senders, size_t body) {
  return body + senders * sizeof(StreamNumber) + kOverhead + (session.by_template.contains(id) ? 0 : kFirst);
}

void EarlyData::refuse(SessionEarlyData& session) {
  flow::ExporterCounters& counters = *session.exporter->counters;
  counters.anomalies.add(Anomaly::missing_template);
  counters.anomalies.add(Anomaly::early_data_limit);
  ++counters.undecodable_sets;
}

EarlyData::Held EarlyData::hold(SessionEarlyData& session, TemplateId id, const MessageContext& message,
                                std::vector<StreamNumber> senders, ByteView body, bool clipped) {
  const size_t size = memory_of(session, id, senders.size(), body.size());
  ExporterEarlyData& exporter = *session.exporter;
  const size_t share =
      std::max(limits_.early_bytes / 4, std::min(limits_.early_bytes, limits_.early_bytes_per_session));
  if (session.bytes + size > limits_.early_bytes_per_session || exporter.bytes + size > share) {
    refuse(session);
    return Held::refused;
  }
  exporter.counters->anomalies.add(Anomaly::missing_template);
  while (bytes_ + size > limits_.early_bytes) {
    all_.front().session->exporter->counters->anomalies.add(Anomaly::early_data_limit);
    give_up(all_.begin());
  }
  const auto [waiting, is_first] = session.by_template.try_emplace(id);
  const auto before = is_first ? all_.end() : waiting->second.last;
  const auto made = all_.insert(
      all_.end(),
      {&session, id, message, std::move(senders), {body.begin(), body.end()}, clipped, size, before, all_.end()});
  (is_first ? waiting->second.first : before->behind) = made;
  waiting->second.last = made;
  session.bytes += size;
  exporter.bytes += size;
  bytes_ += size;
  ++exporter.counters->early_sets_held;
  return is_first ? Held::first : Held::next;
}

// Takes a set out of all lists.
EarlySet EarlyData::take(EarlyList::iterator early) {
  SessionEarlyData& session = *early->session;
  session.bytes -= early->memory;
  session.exporter->bytes -= early->memory;
  bytes_ -= early->memory;
  --session.exporter->counters->early_sets_held;
  const auto found = session.by_template.find(early->template_id);
  CHECK(found != session.by_template.end());
  (early->before == all_.end() ? found->second.first : early->before->behind) = early->behind;
  (early->behind == all_.end() ? found->second.last : early->behind->before) = early->before;
  if (found->second.first == all_.end()) session.by_template.erase(found);
  EarlySet taken = std::move(*early);
  all_.erase(early);
  return taken;
}

void EarlyData::give_up(EarlyList::iterator early) {
  ++early->session->exporter->counters->undecodable_sets;
  take(early);
}

std::vector<EarlySet> EarlyData::release(SessionEarlyData& session, TemplateId id, const Readable& readable) {
  std::vector<EarlySet> released;
  const auto found = session.by_template.find(id);
  if (found == session.by_template.end()) return released;
  std::vector<EarlyList::iterator> ready;
  for (auto early = found->second.first; early != all_.end(); early = early->behind) {
    if (readable(*early)) ready.push_back(early);
  }
  released.reserve(ready.size());
  for (const EarlyList::iterator early : ready) released.push_back(take(early));
  return released;
}

void EarlyData::give_up(SessionEarlyData& session) {
  while (!session.empty()) give_up(session.by_template.begin()->second.first);
}

void EarlyData::expire(Timestamp now) {
  const auto too_old = [&](const EarlySet& early) {
    const Timestamp received = early.message.received;
    return now == Timestamp::max() || (now > received && now - received > limits_.early_age);
  };
  while (!all_.empty() && too_old(all_.front())) {
    all_.front().session->exporter->counters->anomalies.add(Anomaly::early_data_limit);
    give_up(all_.begin());
  }
}

}  // namespace weir::decode
