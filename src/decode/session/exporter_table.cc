#include "decode/session/exporter_table.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>

#include "base/big_endian.h"
#include "base/check.h"
#include "base/prefetch.h"

namespace weir::decode {
namespace {

using flow::Anomaly;

// Fewer exporters than this stay in the cache by themselves.
constexpr size_t kManyExporters = 256;
constexpr size_t kExpectedAtOnce = 32;

// What moving a list's node to the front will write to.
template <class T>
void prefetch_neighbours(const std::list<T>& list, typename std::list<T>::const_iterator node) {
  if (node != list.begin()) __builtin_prefetch(&*std::prev(node), 1);
  if (std::next(node) != list.end()) __builtin_prefetch(&*std::next(node), 1);
}

// The id of the first set of a NetFlow v9 or IPFIX message (RFC 3954 section 5.1, RFC 7011 section 3.1), which mostly
// is that of a template; 0 if it is neither.
TemplateId first_set(ByteView message) {
  ByteReader in(message);
  const auto version = in.read<Be16>();
  if (!version || (*version != 9 && *version != 10)) return {};
  if (!in.skip(*version == 9 ? 18 : 14)) return {};
  const auto id = in.read<Be16>();
  return id ? TemplateId{id->value()} : TemplateId{};
}

}  // namespace

size_t ExporterTable::KeyHash::operator()(const SessionKey& key) const {
  const uint64_t mixed = (uint64_t{key.domain} << 8 | static_cast<uint8_t>(key.type)) * 0x9e3779b97f4a7c15U;
  return IpAddressHash{}(key.exporter) ^ static_cast<size_t>(mixed ^ mixed >> 32) ^
         static_cast<size_t>(key.connection * 0xd6e8feb86659fd93U);
}

bool ExporterTable::ByConnection::operator()(const SessionKey& a, const SessionKey& b) const {
  return std::tie(a.connection, a.exporter, a.domain, a.type) < std::tie(b.connection, b.exporter, b.domain, b.type);
}

void ExporterTable::use(std::list<Exporter>::iterator exporter) {
  const flow::ExporterCounters& seen = exporter->counters;
  exporter->proven |= seen.datagrams_decoded >= kProvenDatagrams && seen.last_seen - seen.first_seen >= kProvenTime;
  exporters_.use(exporter, exporter->proven);
  latest_ = &*exporter;
}

ExporterTable::Found ExporterTable::exporter(const IpAddress& address, Timestamp received) {
  bool is_new = false;
  if (latest_ == nullptr || latest_->address != address) {
    const auto known = exporter_index_.find(address);
    if (known != exporter_index_.end()) {
      use(known->second);
    } else {
      const bool full = exporters_.size() >= std::max<size_t>(limits_.sessions, 1) ||
                        exporters_.newcomers() >= std::max<size_t>(most_newcomers(), 1);
      if (full) forget_oldest_exporter();
      const auto made = exporters_.add();
      made->address = address;
      made->counters.first_seen = received;
      if (full) made->counters.anomalies.add(Anomaly::session_limit);
      exporter_index_.emplace(address, made);
      latest_ = &*made;
      is_new = true;
    }
  }
  latest_->counters.last_seen = std::max(latest_->counters.last_seen, received);
  return {*latest_, is_new};
}

Session& ExporterTable::session(Exporter& exporter, const SessionKey& key) {
  if (latest_session_ != nullptr && latest_session_->key == key) return *latest_session_;
  if (exporter.latest == nullptr || exporter.latest->key != key) exporter.latest = find_session(key);
  if (exporter.latest != nullptr) {
    sessions_.use(exporter.latest->self, exporter.proven);
    latest_session_ = exporter.latest;
    return *latest_session_;
  }
  const bool full = sessions_.size() >= std::max<size_t>(limits_.sessions, 1) ||
                    (!exporter.proven && sessions_.newcomers() >= std::max<size_t>(most_newcomers(), 1));
  if (full) {
    forget(sessions_.oldest());
    exporter.counters.anomalies.add(Anomaly::session_limit);
  }
  const auto made = sessions_.add();
  Session& session = *made;
  session.key = key;
  session.exporter = &exporter;
  session.self = made;
  exporter.latest = latest_session_ = &session;
  session_index_.emplace(key, made);
  if (key.connection != 0) connection_index_.emplace(key, made);
  ++exporter.sessions;
  sessions_.use(made, exporter.proven);
  return session;
}

Exporter* ExporterTable::find_exporter(const IpAddress& address) {
  const auto known = exporter_index_.find(address);
  return known == exporter_index_.end() ? nullptr : &*known->second;
}

Session* ExporterTable::find_session(const SessionKey& key) {
  const auto known = session_index_.find(key);
  return known == session_index_.end() ? nullptr : &*known->second;
}

flow::ExporterCounters& ExporterTable::counters_of(const IpAddress& address) {
  Exporter* known = find_exporter(address);
  return known == nullptr ? forgotten_ : known->counters;
}

bool ExporterTable::forget_oldest_session() {
  if (sessions_.size() <= 1) return false;
  auto oldest = sessions_.oldest();
  if (&*oldest == latest_session_) --oldest;  // the only newcomer
  forget(oldest);
  return true;
}

void ExporterTable::close_connection(uint64_t connection) {
  if (connection == 0) return;  // UDP has none
  SessionKey first;
  first.connection = connection;
  auto next = connection_index_.lower_bound(first);
  while (next != connection_index_.end() && next->first.connection == connection) forget((next++)->second);
}

void ExporterTable::forget(std::list<Session>::iterator forgotten) {
  Session& session = *forgotten;
  on_forget_(session);
  --session.exporter->sessions;
  if (session.exporter->latest == &session) session.exporter->latest = nullptr;
  if (latest_session_ == &session) latest_session_ = nullptr;
  session_index_.erase(session.key);
  if (session.key.connection != 0) connection_index_.erase(session.key);
  sessions_.erase(forgotten);
}

void ExporterTable::forget_oldest_exporter() {
  const auto oldest = exporters_.oldest();
  // Its sessions were used before any other exporter of its class was: they are at the end of the list, or near it.
  while (oldest->sessions > 0) forget(sessions_.oldest());
  forgotten_ += oldest->counters;
  exporter_index_.erase(oldest->address);
  if (latest_ == &*oldest) latest_ = nullptr;
  exporters_.erase(oldest);
}

// In steps, so that what one step asks for is there when the next one looks into it.
void ExporterTable::expect(std::span<const Datagram> next) const {
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
    prefetch_neighbours(exporters_.all(), k.exporter);
    if (k.exporter->latest != nullptr) prefetch(*k.exporter->latest);
  }
  for (Known& k : known) {
    if (k.exporter->latest == nullptr) continue;
    const Session& session = *k.exporter->latest;
    prefetch_neighbours(sessions_.all(), session.self);
    const auto found = session.templates.by_id.find(first_set(k.datagram->bytes));
    if (found == session.templates.by_id.end() || found->second.empty()) continue;
    k.compiled = found->second.front().compiled.get();
    if (k.compiled != nullptr) prefetch(*k.compiled);
  }
  for (const Known& k : known) {
    if (k.compiled != nullptr) k.compiled->plan.prefetch();
  }
}

}  // namespace weir::decode
