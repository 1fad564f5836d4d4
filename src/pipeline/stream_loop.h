// What the thread of the TCP and TLS connections does: whole IPFIX messages, through its decoder, into batches for the
// store. All connections share it: templates are theirs alone, so nothing is gained by spreading them, and one core
// decodes more than they bring.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "base/log_limit.h"
#include "net/stream_listener.h"
#include "pipeline/intake.h"

namespace weir::pipeline {

// At most one line about each reason in a while: a flood must not fill the log.
class StreamLog {
 public:
  void closed(const net::StreamPeer& peer, StreamClose reason, const std::string& detail);
  void refused(const net::StreamPeer& peer, StreamRefusal reason);

 private:
  static void write(LogLimit& limit, const std::string& text);

  std::array<LogLimit, kStreamCloses.size()> closed_;
  std::array<LogLimit, kStreamRefusals.size()> refused_;
};

class StreamLoop : private net::StreamSink {
 public:
  StreamLoop(net::StreamListener listener, decode::DecoderOptions decoder, ReceiveLoopOptions options, BatchOut out,
             flow::Ledger& ledger);

  // Until stop(); then takes what has arrived, ends the connections, hands over the last batch and publishes the last
  // counters. The calling thread owns listener and decoder meanwhile.
  void run();

  // From any thread.
  void stop();
  void set_options(decode::DecoderOptions options, std::chrono::milliseconds seal_after) {
    intake_.set_options(std::move(options), seal_after);
  }
  DecodeTimes decode_times() const { return intake_.decode_times(); }
  // For connections that begin from now on.
  void set_streams(const net::StreamLimits& limits, std::optional<net::TlsContext> tls);

 private:
  struct Change {
    net::StreamLimits limits;
    std::optional<net::TlsContext> tls;
  };

  void on_message(const Datagram& message) override { intake_.decode({&message, 1}); }
  void on_closed(uint64_t connection, const net::StreamPeer& peer, StreamClose reason,
                 const std::string& detail) override;
  void on_refused(const net::StreamPeer& peer, StreamRefusal reason) override { log_.refused(peer, reason); }

  bool poll(std::chrono::milliseconds timeout);
  void take_change();
  void drain();

  net::StreamListener listener_;
  const ReceiveLoopOptions options_;
  Intake intake_;
  StreamLog log_;
  MessageLimit error_log_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::optional<Change> change_;  // guarded by mutex_
};

}  // namespace weir::pipeline
