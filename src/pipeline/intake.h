// The way of datagrams through one receiving thread: decoder, builders, and out as full batches. Nothing here waits for
// what comes after it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "decode/decoder.h"
#include "decode/session/shared_exporter.h"
#include "flow/batch_builder.h"
#include "flow/ledger.h"
#include "journal/journal.h"
#include "pipeline/details.h"
#include "pipeline/memory_watch.h"
#include "pipeline/places.h"
#include "pipeline/shared_state.h"
#include "pipeline/stream_list.h"
#include "telemetry/histogram.h"

namespace weir::pipeline {

// Takes a full batch from a receiving thread, without waiting: to enrichment, or sealed to the outlets.
using BatchOut = std::function<void(flow::FullBatch)>;

struct ReceiveLoopOptions {
  size_t number = 0;             // of the thread, for the ledger
  SharedState* state = nullptr;  // where what exporters told is kept for restarts and others; may be nullptr
  size_t batch_rows = flow::FlowBatch::kDefaultCapacity;
  std::chrono::milliseconds tick_every{1000};    // what is too old is given up, the ledger hears of what was done
  std::chrono::milliseconds seal_after{950};     // a batch leaves when its first row has waited so long
  std::chrono::milliseconds drain_limit{2000};   // how long stop() goes on taking what the sockets hold
  decode::PlaceSource* places_before = nullptr;  // where streams were before the start; nullptr: not known
  PlaceBoard* places = nullptr;                  // where to leave where they are; nullptr: nowhere
  DetailsBoard* details = nullptr;            // where to leave what exporters tell about themselves; nullptr: nowhere
  StreamBoard* streams = nullptr;             // where to leave what is known of streams; nullptr: nowhere
  decode::SharedExporters* shared = nullptr;  // what threads that share exporters have in common; nullptr: none do
  journal::Journal* journal = nullptr;        // where datagrams go before they are decoded; nullptr: nowhere
  const MemoryWatch* memory = nullptr;        // above whose limit datagrams are refused; nullptr: none
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

// ReceiveLoopOptions::seal_after for a flush interval of the store: a little less than a fifth, so that of batches that
// follow each other the fifth comes in time for the segment of the first; a second at most.
std::chrono::milliseconds seal_after(Micros flush_interval);

// Longer than what datagrams gather for (net/gather_time.h): shorter rounds would do without.
inline constexpr std::chrono::milliseconds kShortestRound{20};

// Seconds that a datagram took to decode: upper bounds of a histogram.
inline constexpr std::array<double, 11> kDecodeTimeBounds = {5e-7, 1e-6, 2e-6, 5e-6, 1e-5, 2e-5,
                                                             5e-5, 1e-4, 2e-4, 5e-4, 1e-3};
using DecodeTimes = telemetry::HistogramCounts<kDecodeTimeBounds.size()>;

class Intake {
 public:
  // sockets: what the thread's sockets have counted so far.
  Intake(decode::DecoderOptions decoder, const ReceiveLoopOptions& options, BatchOut out, flow::Ledger& ledger,
         std::function<flow::SocketCounters()> sockets);

  // The receiving thread only. Datagrams that came together, or one message.
  void decode(std::span<const Datagram> datagrams);
  void close_connection(uint64_t connection);
  // Batches that are full go out, and those whose first row has waited for `seal_after`. Once every `tick_every` what
  // is too old is given up, and the ledger hears of it. After every round of receiving.
  void hand_over();
  // How long the next round of receiving may take, so that batches leave in time: `most` if there are none, but at
  // least kShortestRound.
  std::chrono::milliseconds next_round(std::chrono::milliseconds most);
  // At the end: gives up what waits for a template, hands over the last batch, publishes the last counters.
  void finish();

  // From any thread.
  DecodeTimes decode_times() const { return decode_times_.counts(); }
  // From any thread; taken over within `tick_every`.
  void set_options(decode::DecoderOptions options, std::chrono::milliseconds seal_after);

 private:
  using Clock = std::chrono::steady_clock;
  struct Options {
    decode::DecoderOptions decoder;
    std::chrono::milliseconds seal_after;
  };
  // When something came in.
  struct Arrival {
    Timestamp at{};
    Clock::time_point since{};
  };

  void arrives(Timestamp at, Clock::time_point now);
  void seal_old();
  void take_full(flow::FullBatch batch);
  void tick();
  void let_go();
  uint64_t append(std::span<const Datagram> datagrams);
  void take_options();
  void exchange_state(size_t max_sessions);
  void send_out();
  void publish();
  flow::PerTable<uint64_t> waiting_rows() const;
  void publish_details(size_t max_sessions);
  void publish_streams();

  flow::SchemaPtr schema_;  // of flows
  decode::Decoder decoder_;
  const ReceiveLoopOptions options_;
  const BatchOut out_;
  flow::Ledger& ledger_;
  const std::function<flow::SocketCounters()> sockets_;

  telemetry::Histogram<kDecodeTimeBounds.size()> decode_times_{kDecodeTimeBounds};
  std::vector<flow::FullBatch> full_;   // on their way out
  Arrival last_;                        // of what is decoded now
  flow::PerTable<Arrival> first_rows_;  // of the batches that are being filled
  std::chrono::milliseconds seal_after_;
  journal::StreamWriter* const stream_;  // of the journal; nullptr: there is none
  uint64_t last_connection_ = 0;
  flow::TableBuilders builders_;
  Clock::time_point next_tick_;
  Clock::time_point next_publish_{};  // not before, for batches that leave between two ticks
  Clock::time_point next_survey_{};

  std::mutex mutex_;
  std::optional<Options> new_options_;  // guarded by mutex_
};

}  // namespace weir::pipeline
