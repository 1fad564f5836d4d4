#include "pipeline/recovery.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace weir::pipeline {
namespace {

std::vector<uint64_t> streams_of(const journal::Leftover& leftover) {
  std::vector<uint64_t> streams;
  for (const journal::LeftStream& stream : leftover.streams) streams.push_back(stream.header.stream);
  return streams;
}

constexpr unsigned kBits = flow::TableBuilders::kDatagramBits;
constexpr uint64_t kAll = UINT64_MAX;
constexpr uint64_t kMostStreams = uint64_t{1} << (64 - kBits);

}  // namespace

Recovery::Recovery(journal::Journal& journal, journal::Coverage coverage, decode::DecoderOptions decoder,
                   const ReceiveLoopOptions& options, BatchOut keep, BatchOut known, flow::Ledger& ledger)
    : journal_(journal),
      coverage_(std::move(coverage)),
      options_(options),
      keep_(std::move(keep)),
      known_(std::move(known)),
      ledger_(ledger),
      decoder_(decoder),
      builders_([this](flow::FullBatch batch) { full_.push_back(std::move(batch)); }, options.batch_rows,
                decoder.schema) {
  decoder_.set_state_source(options_.state);
  builders_.track(streams_of(journal_.leftover()));
  builders_.set_known([this](flow::Table table, uint64_t stream,
                             flow::SetPlace place) { return coverage_.is_stored(table, stream, place); },
                      [this](flow::FullBatch batch) { full_known_.push_back(std::move(batch)); });
}

void Recovery::run() {
  const journal::Leftover& left = journal_.leftover();
  journal::LeftoverReader reader(left);
  while (const auto next = reader.next()) take(*next);
  // Their templates do not come any more.
  for (const auto& [of, connection] : connections_) decoder_.close_connection(connection);
  connections_.clear();
  builders_.hand_over();
  send_out();
  if (options_.state != nullptr) {
    for (bool more = true; more;) {
      decode::SessionChanges changes = decoder_.take_changes(wall_clock_now());
      more = changes.more;
      take_wanted(changes);
      options_.state->update(std::move(changes));
    }
    for (const journal::LeftStream& stream : left.streams) options_.state->reached(stream.header.stream, kAll);
  }
  const journal::JournalCounters counters = journal_.counters();
  log::info("{} datagrams of the journal were decoded again: {} flows and counters were not stored yet, {} were",
            counters.replayed.datagrams, counters.replayed.rows, counters.replayed.known_rows);
  if (counters.replayed.not_decoded > 0) {
    log::warn("{} messages of connections that had begun before the journal does were not decoded again",
              counters.replayed.not_decoded);
  }
  if (counters.damaged > 0) log::warn("{} records of the journal are damaged and were left out", counters.damaged);
}

void Recovery::take(const journal::LeftoverReader::Next& next) {
  CHECK(next.stream < kMostStreams);
  const journal::Record& record = next.record;
  const std::pair connection(
      next.stream, record.kind == journal::RecordKind::datagram ? record.datagram.connection : record.connection);
  if (record.kind == journal::RecordKind::opened) connections_.try_emplace(connection, ++last_connection_);
  if (record.kind == journal::RecordKind::closed) {
    const auto open = connections_.find(connection);
    if (open == connections_.end()) return;
    decoder_.close_connection(open->second);
    connections_.erase(open);
  }
  if (record.kind != journal::RecordKind::datagram || record.number >> kBits != 0) return;
  if (!is_needed(journal_.leftover().streams[next.stream], record.number)) return;
  const uint64_t number = next.stream << kBits | record.number;
  Datagram datagram = record.datagram;
  if (datagram.connection != 0) {
    // Of a connection whose beginning is not here any more nobody knows the templates, nor what its options said.
    const auto open = connections_.find(connection);
    if (open == connections_.end()) return journal_.count_replayed({.not_decoded = 1});
    datagram.connection = open->second;
  }
  builders_.begin(number, datagram.bytes.size());
  decoder_.set_datagram_number(number);
  decoder_.decode(datagram, builders_);
  journal_.count_replayed({.datagrams = 1});
  note_held();
  if (!full_.empty() || !full_known_.empty()) send_out();
}

bool Recovery::is_needed(const journal::LeftStream& stream, uint64_t number) const {
  const auto reached = reached_.find(stream.header.stream);
  if (reached == reached_.end() || number >= reached->second) return true;
  const auto first = std::ranges::lower_bound(stream.held, flow::SetPlace{number, 0});
  for (auto held = first; held != stream.held.end() && held->datagram == number; ++held) {
    if (!coverage_.is_stored(flow::Table::flows, stream.header.stream, *held)) return true;
  }
  return false;
}

// Should this process be killed, too, the next one has to know of what waited here for the first time. What is stored
// already had not to wait then.
void Recovery::note_held() {
  for (const flow::SetPlace held : builders_.take_held()) {
    const journal::LeftStream& stream = journal_.leftover().streams[held.datagram >> kBits];
    const flow::SetPlace place{held.datagram & ((uint64_t{1} << kBits) - 1), held.set};
    const uint64_t id = stream.header.stream;
    if (!stream.was_held(place) && !coverage_.is_stored(flow::Table::flows, id, place)) journal_.note_held(id, {place});
  }
}

void Recovery::send_out() {
  ledger_.publish(options_.number, decoder_.counters(), {});
  for (flow::FullBatch& batch : full_) {
    journal_.count_replayed({.rows = batch->rows()});
    if (batch->marks()) journal_.sent(*batch->marks());
    keep_(std::move(batch));
  }
  full_.clear();
  for (flow::FullBatch& batch : full_known_) {
    journal_.count_replayed({.known_rows = batch->rows()});
    known_(std::move(batch));
  }
  full_known_.clear();
}

void Recovery::take_wanted(decode::SessionChanges& changes) {
  for (const decode::WantedTemplate& wanted : changes.wanted) {
    if (std::ranges::find(wanted_, wanted.session) == wanted_.end()) wanted_.push_back(wanted.session);
  }
}

void Recovery::look() {
  if (ended_) return;
  const Timestamp now = wall_clock_now();
  if (options_.state != nullptr && decoder_.oldest_waiting()) {
    for (const decode::SessionKey& key : wanted_) {
      if (const auto state = options_.state->find(key)) decoder_.import_state(*state, now, builders_);
    }
    decoder_.take_changes(now);  // others know it already
  }
  decoder_.expire(now);
  note_held();
  builders_.hand_over();
  send_out();
  tell_waiting();
}

// Of each stream the first datagram that is needed any more.
void Recovery::tell_waiting() {
  std::map<uint64_t, uint64_t> first;
  for (const uint64_t number : decoder_.all_waiting()) {
    first.try_emplace(journal_.leftover().streams[number >> kBits].header.stream,
                      number & ((uint64_t{1} << kBits) - 1));
  }
  ended_ = first.empty();
  journal_.replayed(first);
}

void Recovery::finish() {
  if (ended_) return;
  decoder_.expire(Timestamp::max());
  builders_.hand_over();
  send_out();
  tell_waiting();
}

}  // namespace weir::pipeline
