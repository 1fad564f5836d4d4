#include "decode/session/early_data.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"

namespace weir::decode {
namespace {

using flow::Anomaly;

// Memory of a held set besides its bytes; of the first one of its template, the list of those that wait for that.
constexpr size_t kOverhead = sizeof(EarlySet) + 64;
constexpr size_t kFirst = 800;

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

bool EarlyData::hold(SessionEarlyData& session, TemplateId id, const MessageContext& message,
                     std::vector<StreamNumber> senders, ByteView body, bool clipped) {
  const size_t size = memory_of(session, id, senders.size(), body.size());
  ExporterEarlyData& exporter = *session.exporter;
  const size_t share =
      std::max(limits_.early_bytes / 4, std::min(limits_.early_bytes, limits_.early_bytes_per_session));
  if (session.bytes + size > limits_.early_bytes_per_session || exporter.bytes + size > share) {
    refuse(session);
    return false;
  }
  exporter.counters->anomalies.add(Anomaly::missing_template);
  while (bytes_ + size > limits_.early_bytes) {
    all_.front().session->exporter->counters->anomalies.add(Anomaly::early_data_limit);
    give_up(all_.begin());
  }
  all_.push_back({&session, id, message, std::move(senders), {body.begin(), body.end()}, clipped, size});
  std::deque<EarlyList::iterator>& waiting = session.by_template[id];
  waiting.push_back(std::prev(all_.end()));
  session.bytes += size;
  exporter.bytes += size;
  bytes_ += size;
  ++exporter.counters->early_sets_held;
  return waiting.size() == 1;
}

// Takes a set out of all lists.
EarlySet EarlyData::take(EarlyList::iterator early) {
  SessionEarlyData& session = *early->session;
  session.bytes -= early->memory;
  session.exporter->bytes -= early->memory;
  bytes_ -= early->memory;
  --session.exporter->counters->early_sets_held;
  const auto found = session.by_template.find(early->template_id);
  const auto place = std::ranges::find(found->second, early);
  CHECK(place != found->second.end());
  found->second.erase(place);
  if (found->second.empty()) session.by_template.erase(found);
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
  for (const EarlyList::iterator early : found->second) {
    if (readable(*early)) ready.push_back(early);
  }
  released.reserve(ready.size());
  for (const EarlyList::iterator early : ready) released.push_back(take(early));
  return released;
}

void EarlyData::give_up(SessionEarlyData& session) {
  while (!session.empty()) give_up(session.by_template.begin()->second.front());
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
