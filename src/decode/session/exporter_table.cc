#include "decode/session/exporter_table.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>

#include "base/big_endian.h"
#include "base/check.h"
#include "base/prefetch.h"
#include "decode/session/shared_exporter.h"

namespace weir::decode {
namespace {

using flow::Anomaly;

// Fewer exporters than this stay in the cache by themselves.
constexpr size_t kManyExporters = 256;
constexpr size_t kExpectedAtOnce = 32;

// Memory of an exporter with its place in the ledger, and of a session with its state as it is kept for a restart,
// before anything was announced.
constexpr size_t kExporterBytes = 1500;
constexpr size_t kSessionBytes = 1280;

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
  const uint64_t stream = uint64_t{key.domain} << 8 | static_cast<uint8_t>(key.type);
  return keyed_hash(IpAddressHash{}(key.exporter) ^ stream, key.connection);
}

bool ExporterTable::ByConnection::operator()(const SessionKey& a, const SessionKey& b) const {
  return std::tie(a.connection, a.exporter, a.domain, a.type) < std::tie(b.connection, b.exporter, b.domain, b.type);
}

bool ExporterTable::is_proven(Exporter& exporter) {
  if (exporter.proven) return true;
  const flow::ExporterCounters& seen = exporter.counters;
  exporter.proven = (seen.datagrams_decoded >= kProvenDatagrams && seen.last_seen - seen.first_seen >= kProvenTime) ||
                    (exporter.shared && exporter.shared->is_proven());
  if (exporter.proven && exporter.shared) exporter.shared->prove();
  return exporter.proven;
}

void ExporterTable::use(std::list<Exporter>::iterator exporter) {
  exporters_.use(exporter, is_proven(*exporter));
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
      charge(*made, 0, kExporterBytes);
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
  if (exporter.latest == nullptr || exporter.latest->key != key) {
    exporter.latest = find_session(key);
    if (exporter.latest != nullptr)
      exporter.sessions.splice(exporter.sessions.begin(), exporter.sessions, exporter.latest->of_exporter);
  }
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
  exporter.sessions.push_front(&session);
  session.of_exporter = exporter.sessions.begin();
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
  charge(*session.exporter, session.memory, 0);
  session.exporter->sessions.erase(session.of_exporter);
  if (session.exporter->latest == &session) session.exporter->latest = nullptr;
  if (latest_session_ == &session) latest_session_ = nullptr;
  session_index_.erase(session.key);
  if (session.key.connection != 0) connection_index_.erase(session.key);
  sessions_.erase(forgotten);
}

void ExporterTable::forget_oldest_exporter() { forget(exporters_.oldest()); }

void ExporterTable::forget(std::list<Exporter>::iterator forgotten) {
  while (!forgotten->sessions.empty()) forget(forgotten->sessions.back()->self);
  charge(*forgotten, kExporterBytes, 0);
  forgotten->counters.streams = {};
  forgotten_ += forgotten->counters;
  exporter_index_.erase(forgotten->address);
  if (latest_ == &*forgotten) latest_ = nullptr;
  exporters_.erase(forgotten);
}

void ExporterTable::set_limits(const Limits& limits) {
  limits_ = limits;
  large_.clear();
  for (Exporter& exporter : exporters_.all()) {
    if (exporter.memory > much()) large_.push_back(&exporter);
  }
}

void ExporterTable::charge(Exporter& exporter, size_t before, size_t after) {
  const bool was_large = exporter.memory > much();
  exporter.memory += after - before;
  memory_ += after - before;
  const bool is_large = exporter.memory > much();
  if (is_large && !was_large) large_.push_back(&exporter);
  if (was_large && !is_large) std::erase(large_, &exporter);
}

void ExporterTable::charge(Session& session, size_t bytes, size_t shared) {
  charge(*session.exporter, session.memory, kSessionBytes + bytes);
  session.memory = kSessionBytes + bytes;
  shared_memory_ = shared;
}

bool ExporterTable::forget_oldest_of(Exporter& exporter, const Session& keep) {
  for (auto next = exporter.sessions.rbegin(); next != exporter.sessions.rend(); ++next) {
    if (*next == &keep) continue;
    forget((*next)->self);
    return true;
  }
  return false;
}

bool ExporterTable::forget_for(const Session& keep) {
  auto oldest = exporters_.oldest();
  if (&*oldest == keep.exporter && exporters_.size() > 1) --oldest;
  const bool newcomer = !oldest->in_front && &*oldest != keep.exporter;
  if (!newcomer && !large_.empty()) {
    Exporter* const largest = *std::ranges::max_element(large_, {}, &Exporter::memory);
    return forget_oldest_of(*largest, keep);
  }
  if (&*oldest == keep.exporter) return forget_oldest_of(*oldest, keep);
  forget(oldest);
  return true;
}

bool ExporterTable::make_room(Session& session, size_t more) {
  Exporter& exporter = *session.exporter;
  while (exporter.memory + more > share()) {
    if (!forget_oldest_of(exporter, session)) return false;
    exporter.counters.anomalies.add(Anomaly::session_limit);
  }
  while (memory() + more > limits_.memory) {
    if (!forget_for(session)) return false;
    exporter.counters.anomalies.add(Anomaly::session_limit);
  }
  return true;
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
