// The collector: threads, queues and their life cycle.
//
//   N receive threads    ReceiveLoop: UDP sockets -> decoder -> full batches
//   stream thread        StreamLoop: TCP and TLS connections -> the same, if any are asked for
//   enrich thread        EnrichStage: passes over full batches, if there are any
//   a thread an outlet   Outlet: queue -> sink; the store is the first
//   maintenance thread   merges, retention
//   report thread        ledger.json, log lines
//   account thread       rows of the table account
//   state thread         the state file
//   memory thread        the memory of the process against its limit
//   redis thread         templates to and from other collectors, if there are any
//
// They are a list (plan_stages()), started from the store up and stopped in the order of the data, so that everything
// that was received is stored or counted as dropped.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/account_history.h"
#include "pipeline/details.h"
#include "pipeline/enrich_stage.h"
#include "pipeline/fan_out.h"
#include "pipeline/ledger_json.h"
#include "pipeline/memory_watch.h"
#include "pipeline/metrics.h"
#include "pipeline/places.h"
#include "pipeline/receive_loop.h"
#include "pipeline/recovery.h"
#include "pipeline/redis_sharing.h"
#include "pipeline/reporter.h"
#include "pipeline/shared_state.h"
#include "pipeline/stages.h"
#include "pipeline/state_file.h"
#include "pipeline/stream_list.h"
#include "pipeline/stream_loop.h"

namespace weir::pipeline {

// A sink beside the store.
struct SinkOptions {
  std::shared_ptr<sink::Sink> sink;
  OutletOptions outlet;
};

struct CollectorOptions {
  std::vector<net::ListenAddress> listen;
  size_t threads = 1;
  std::vector<size_t> cpus;  // that the receiving threads stay on, in turn; empty: any
  std::vector<net::ListenAddress> listen_tcp;
  std::vector<net::ListenAddress> listen_tls;  // needs tls
  std::optional<net::TlsContext> tls;
  net::StreamLimits streams;
  net::ReceiverOptions receiver;
  decode::DecoderOptions decoder;
  store::StoreOptions store;
  size_t queue_batches = 64;  // that may wait for the store
  uint64_t queue_bytes = OutletOptions{}.queue_bytes;
  std::vector<SinkOptions> sinks;
  EnrichStage::Passes passes;  // of enrichment, in this order; none: no such stage
  ReceiveLoopOptions loop;     // number is set for each thread
  std::chrono::milliseconds maintain_every{10'000};
  std::chrono::milliseconds scrub_every{1'000};  // a segment of the store is read again, slowly
  std::chrono::milliseconds report_every{5'000};
  std::chrono::milliseconds account_every{1'000};  // looks whether a minute is over
  std::filesystem::path state_file;                // empty: none
  std::chrono::milliseconds save_state_every{10'000};
  bool journal = false;  // of datagrams, until their rows are stored
  uint64_t journal_bytes = uint64_t{1} << 30;
  std::chrono::milliseconds sync_journal_every{1'000};
  std::optional<RedisUrl> redis;  // through which collectors share templates
  net::TlsClientOptions redis_tls;
  std::string redis_server_name;  // in its certificate; empty: the host of the URL
  std::optional<uint64_t> memory_limit_bytes;
  std::chrono::milliseconds check_memory_every{500};
};

class Collector {
 public:
  // Opens the store and the sockets, then starts. Fails with what is in the way: the store in use or not writable, a
  // port in use.
  static Result<std::unique_ptr<Collector>> start(CollectorOptions options,
                                                  std::unique_ptr<store::SegmentWriter> writer);
  ~Collector();
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  // As bound: for port 0, what the kernel chose.
  const std::vector<uint16_t>& ports() const { return ports_; }
  // The same of listen_tcp, then listen_tls.
  const std::vector<uint16_t>& stream_ports() const { return stream_ports_; }
  // The smallest socket buffer that the kernel granted.
  size_t granted_buffer_bytes() const { return granted_buffer_bytes_; }

  // Takes over what may change while running, or nothing of it: fails if a configured column has another type in the
  // store. Receiving goes on meanwhile.
  Result<> reload(const decode::DecoderOptions& decoder, const store::StoreOptions& store,
                  const net::StreamLimits& streams, std::optional<net::TlsContext> tls,
                  std::optional<uint64_t> memory_limit_bytes);

  flow::LedgerSnapshot ledger() const { return ledger_.snapshot(); }
  // The account as it is now, from any thread until stop().
  MetricsReport metrics() const;

  // Stops receiving, takes what the sockets hold, stores everything, writes the last ledger. Once.
  LedgerReport stop();

 private:
  explicit Collector(CollectorOptions options);
  Result<> open(std::unique_ptr<store::SegmentWriter> writer);
  Result<> open_streams();
  void open_state();
  void open_places();
  std::vector<decode::SequencePlace> places() const;
  void note_history(bool last);
  Result<> open_journal();
  void deliver(const flow::SealedBatch& batch);
  StateReport state_report() const;
  decode::DecoderOptions share_of(decode::DecoderOptions decoder) const;
  ReceiveLoopOptions loop_options();
  Result<uint64_t> receiving_bytes() const;
  void open_outlets();
  BatchOut batch_out();
  void add_periodic(const char* name, std::chrono::milliseconds interval, std::function<void()> work,
                    std::function<void()> last = {});
  void plan_stages();
  void start_receiving();
  void stop_receiving();

  const CollectorOptions options_;
  const Timestamp started_;
  const std::chrono::steady_clock::time_point started_at_ = std::chrono::steady_clock::now();
  std::unique_ptr<journal::Journal> journal_;  // outlives who answers for batches
  flow::Ledger ledger_;
  DetailsBoard details_;
  StreamBoard streams_;
  PlaceBoard places_;
  std::optional<PlacesBefore> places_before_;
  AccountHistory history_;
  const std::shared_ptr<flow::Account> history_account_ = std::make_shared<flow::Account>("store");
  MemoryWatch memory_;
  std::shared_ptr<store::Store> store_;
  FanOut outlets_{ledger_};
  std::optional<EnrichStage> enrich_;
  std::vector<uint16_t> ports_;
  std::vector<uint16_t> stream_ports_;
  size_t granted_buffer_bytes_ = 0;
  std::optional<decode::SharedExporters> shared_exporters_;  // if datagrams of one exporter go to several threads
  std::vector<std::unique_ptr<ReceiveLoop>> loops_;
  std::unique_ptr<StreamLoop> stream_loop_;  // none without addresses
  std::optional<SharedState> state_;
  std::optional<StateFile> state_file_;
  std::optional<RedisSharing> sharing_;
  std::atomic<const RedisSharing*> running_sharing_ = nullptr;  // for reports, whose thread begins earlier
  std::optional<Recovery> recovery_;                            // if an earlier run has left something
  std::optional<Reporter> reporter_;

  std::vector<std::thread> receive_threads_;
  bool ending_ = false;       // by stop()
  LedgerReport last_report_;  // once it has ended
  Stages stages_;             // last: they use the others
};

}  // namespace weir::pipeline
