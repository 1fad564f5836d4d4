#include "pipeline/intake.h"

#include <algorithm>
#include <utility>

namespace weir::pipeline {
namespace {

// Changed sessions that are handed out in one go: that takes some milliseconds, in which the sockets have to wait.
constexpr size_t kMaxChangesPerTick = 2000;
// Datagrams whose exporters are fetched into the cache together, and whose time is measured together.
constexpr size_t kDecodedAtOnce = 16;
constexpr std::chrono::seconds kSurveyEvery{3};

}  // namespace

std::chrono::milliseconds seal_after(Micros flush_interval) {
  const auto fifth = std::chrono::duration_cast<std::chrono::milliseconds>(flush_interval) / 100 * 19;
  return std::clamp(fifth, kShortestRound, std::chrono::milliseconds{950});
}

Intake::Intake(decode::DecoderOptions decoder, const ReceiveLoopOptions& options, BatchOut out, flow::Ledger& ledger,
               std::function<flow::SocketCounters()> sockets)
    : schema_(decoder.schema),
      decoder_(std::move(decoder)),
      options_(options),
      out_(std::move(out)),
      ledger_(ledger),
      sockets_(std::move(sockets)),
      seal_after_(options.seal_after),
      stream_(options.journal == nullptr ? nullptr
                                         : &options.journal->add_stream(static_cast<uint32_t>(options.number))),
      builders_([this](flow::FullBatch batch) { take_full(std::move(batch)); }, options.batch_rows, schema_),
      next_tick_(options_.now() + options.tick_every) {
  decoder_.set_state_source(options.state);
  decoder_.set_place_source(options.places_before);
  if (options.shared != nullptr) decoder_.set_shared(options.shared);
  if (stream_ != nullptr) builders_.track({stream_->stream()});
}

void Intake::decode(std::span<const Datagram> datagrams) {
  if (options_.memory != nullptr && options_.memory->refusing()) {
    for (const Datagram& datagram : datagrams) decoder_.refuse(datagram, flow::Anomaly::memory_limit);
    return;
  }
  uint64_t number = stream_ != nullptr ? append(datagrams) : 0;
  while (!datagrams.empty()) {
    const auto next = datagrams.first(std::min(kDecodedAtOnce, datagrams.size()));
    const Clock::time_point start = options_.now();
    arrives(next.front().received, start);
    decoder_.expect(next);
    for (const Datagram& datagram : next) {
      if (stream_ != nullptr) {
        builders_.begin(number, datagram.bytes.size());
        decoder_.set_datagram_number(number++);
      }
      decoder_.decode(datagram, builders_);
    }
    const std::chrono::duration<double> took = options_.now() - start;
    decode_times_.observe(took.count() / static_cast<double>(next.size()), next.size());
    datagrams = datagrams.subspan(next.size());
  }
  // Before any batch leaves: what is stored of a datagram is told by its footer and by this.
  if (stream_ != nullptr) stream_->append_held(builders_.take_held());
}

// Numbers of connections rise.
uint64_t Intake::append(std::span<const Datagram> datagrams) {
  for (const Datagram& datagram : datagrams) {
    if (datagram.connection <= last_connection_) continue;
    last_connection_ = datagram.connection;
    stream_->append_connection(journal::RecordKind::opened, last_connection_);
  }
  return stream_->append(datagrams);
}

void Intake::close_connection(uint64_t connection) {
  if (stream_ != nullptr) stream_->append_connection(journal::RecordKind::closed, connection);
  decoder_.close_connection(connection);
}

void Intake::arrives(Timestamp at, Clock::time_point now) {
  last_ = {at, now};
  for (const flow::Table table : flow::kTables) {
    if (builders_.pending_rows(table) == 0) first_rows_[table] = last_;
  }
}

// The next batch of the table begins with what is decoded now.
void Intake::take_full(flow::FullBatch batch) {
  batch->set_since(std::exchange(first_rows_[batch->schema().table()], last_).at);
  full_.push_back(std::move(batch));
}

void Intake::hand_over() {
  seal_old();
  send_out();
  if (options_.now() >= next_tick_) tick();
}

void Intake::seal_old() {
  for (const flow::Table table : flow::kTables) {
    const bool waits = builders_.pending_rows(table) > 0;
    if (waits && options_.now() - first_rows_[table].since >= seal_after_) builders_.hand_over(table);
  }
}

std::chrono::milliseconds Intake::next_round(std::chrono::milliseconds most) {
  std::chrono::milliseconds round = most;
  for (const flow::Table table : flow::kTables) {
    if (builders_.pending_rows(table) == 0) continue;
    const Clock::duration left = first_rows_[table].since + seal_after_ - options_.now();
    round = std::min(round, std::chrono::ceil<std::chrono::milliseconds>(left));
  }
  return std::max(round, kShortestRound);
}

void Intake::finish() {
  if (options_.shared != nullptr) decoder_.take_shared(builders_);
  exchange_state(SIZE_MAX);
  decoder_.expire(Timestamp::max());
  builders_.hand_over();
  publish_streams();
  publish();
  publish_details(SIZE_MAX);
  send_out();
  let_go();
}

void Intake::set_options(decode::DecoderOptions options, std::chrono::milliseconds seal_after) {
  const std::lock_guard lock(mutex_);
  new_options_ = {std::move(options), seal_after};
}

// Once a second: what is too old is given up, what others know is taken over, the ledger hears of it.
void Intake::tick() {
  arrives(wall_clock_now(), options_.now());
  take_options();
  exchange_state(kMaxChangesPerTick);
  if (options_.shared != nullptr) decoder_.take_shared(builders_);
  decoder_.expire(wall_clock_now());
  if (options_.now() >= next_survey_) publish_streams();
  publish();
  publish_details(kMaxChangesPerTick);
  send_out();
  let_go();
  next_tick_ = options_.now() + options_.tick_every;
}

// What other collectors learned, and what we did.
void Intake::exchange_state(size_t max_sessions) {
  if (options_.state == nullptr) return;
  const Timestamp now = wall_clock_now();
  for (const decode::SessionStatePtr& state : options_.state->take_imports(options_.number)) {
    decoder_.import_state(*state, now, builders_);
  }
  decode::SessionChanges changes = decoder_.take_changes(now, max_sessions);
  const bool all = !changes.more;
  options_.state->update(std::move(changes));
  if (stream_ != nullptr && all) options_.state->reached(stream_->stream(), stream_->next_number());
}

void Intake::take_options() {
  std::optional<Options> options;
  {
    const std::lock_guard lock(mutex_);
    options = std::exchange(new_options_, std::nullopt);
  }
  if (!options) return;
  seal_after_ = options->seal_after;
  if (options->decoder.schema != schema_) {
    schema_ = options->decoder.schema;
    builders_.set_schema(schema_);  // rows of before keep their columns
  }
  decoder_.set_options(std::move(options->decoder));
}

// Publishes before the batches leave, so that nobody sees more rows stored than decoded; but with very many exporters a
// publication is expensive, and then at most a tenth of the time goes into it.
void Intake::send_out() {
  if (full_.empty()) return;
  if (options_.now() >= next_publish_) publish();
  for (flow::FullBatch& batch : full_) {
    const auto held = ledger_.hold();
    ledger_.note_handed_over(options_.number, batch->schema().table(), batch->rows());
    if (stream_ != nullptr && batch->marks()) options_.journal->sent(*batch->marks());
    out_(std::move(batch));
  }
  full_.clear();
}

// Decoded, and still in this thread.
flow::PerTable<uint64_t> Intake::waiting_rows() const {
  flow::PerTable<uint64_t> waiting;
  for (const flow::Table table : flow::kTables) waiting[table] = builders_.pending_rows(table);
  for (const flow::FullBatch& batch : full_) waiting[batch->schema().table()] += batch->rows();
  return waiting;
}

// Tells the journal what nobody needs here any more: no builder, and no set that waits for its template.
void Intake::let_go() {
  if (stream_ == nullptr) return;
  const uint64_t next = stream_->next_number();
  options_.journal->set_floor(stream_->stream(), std::min(next, builders_.oldest().value_or(next)),
                              std::min(next, decoder_.oldest_waiting().value_or(next)));
}

void Intake::publish() {
  const Clock::time_point start = options_.now();
  std::vector<decode::SequencePlace> places;
  if (options_.places != nullptr) places = decoder_.places(kMaxPlaces);
  ledger_.publish(options_.number, decoder_.counters(), sockets_(), waiting_rows(), [&] {
    if (options_.places != nullptr) options_.places->publish(options_.number, std::move(places));
  });
  const Clock::time_point end = options_.now();
  next_publish_ = end + 9 * (end - start);
}

// With very many streams the look at them takes a moment: at most a hundredth of the time goes into it.
void Intake::publish_streams() {
  if (options_.streams == nullptr) return;
  const Clock::time_point start = options_.now();
  options_.streams->publish(options_.number, decoder_.survey_streams(kMaxStreams));
  const Clock::time_point end = options_.now();
  next_survey_ = end + std::max<Clock::duration>(kSurveyEvery, 99 * (end - start));
}

void Intake::publish_details(size_t max_sessions) {
  if (options_.details == nullptr) return;
  if (auto told = decoder_.take_options(wall_clock_now(), max_sessions))
    options_.details->publish(options_.number, *std::move(told));
}

}  // namespace weir::pipeline
