#include "pipeline/stream_loop.h"

#include <thread>
#include <utility>

#include "base/log.h"

namespace weir::pipeline {
namespace {

constexpr std::chrono::milliseconds kLongestRound{100};
constexpr std::chrono::milliseconds kErrorPause{100};
constexpr std::chrono::seconds kLogInterval{10};

// What the operator should know, and what to do about it; empty for an ordinary end.
std::string_view explain(StreamClose reason) {
  switch (reason) {
    case StreamClose::by_exporter:
    case StreamClose::shutdown:
      return {};
    case StreamClose::within_message:
      return "the exporter ended it in the middle of a message";
    case StreamClose::failed:
      return "it broke";
    case StreamClose::not_ipfix:
      return "what it sends is not IPFIX (only IPFIX comes over TCP and TLS; is it TLS to a port without, or the other "
             "way round?)";
    case StreamClose::handshake_failed:
      return "the TLS handshake failed";
    case StreamClose::handshake_timeout:
      return "the TLS handshake took longer than limits.handshake_time";
    case StreamClose::message_timeout:
      return "a message was not completed within limits.message_time";
    case StreamClose::idle_timeout:
      return "nothing came for limits.idle_time";
    case StreamClose::evicted:
      return "it had not sent a message yet, and made room for another one";
    case StreamClose::buffer_limit:
      return "incomplete messages took more than limits.stream_bytes";
  }
  return {};
}

std::string_view explain(StreamRefusal reason) {
  switch (reason) {
    case StreamRefusal::connection_limit:
      return "there are as many connections as limits.connections";
    case StreamRefusal::exporter_limit:
      return "its address has as many connections as limits.connections_per_exporter";
    case StreamRefusal::no_descriptor:
      return "the process has no file descriptor left (raise `ulimit -n`)";
  }
  return {};
}

}  // namespace

void StreamLog::closed(const net::StreamPeer& peer, StreamClose reason, const std::string& detail) {
  const std::string_view why = explain(reason);
  if (why.empty()) {
    log::debug("connection of {} closed: {}", peer.to_string(), kStreamCloses[static_cast<size_t>(reason)]);
    return;
  }
  write(closed_[static_cast<size_t>(reason)],
        fmt::format("connection of {} closed: {}{}{}", peer.to_string(), why, detail.empty() ? "" : ": ", detail));
}

void StreamLog::refused(const net::StreamPeer& peer, StreamRefusal reason) {
  const std::string who = peer.port == 0 ? std::string("connections") : "connection of " + peer.to_string();
  write(refused_[static_cast<size_t>(reason)], fmt::format("{} refused: {}", who, explain(reason)));
}

void StreamLog::write(LogLimit& limit, const std::string& text) {
  const auto left_out = limit.allows(LogLimit::Clock::now(), kLogInterval);
  if (!left_out) return;
  log::warn("{}{}", text, more_like_this(*left_out));
}

StreamLoop::StreamLoop(net::StreamListener listener, decode::DecoderOptions decoder, ReceiveLoopOptions options,
                       BatchOut out, flow::Ledger& ledger)
    : listener_(std::move(listener)),
      options_(options),
      intake_(std::move(decoder), options, std::move(out), ledger,
              [this] { return flow::SocketCounters{.drops = 0, .left = 0, .streams = listener_.counters()}; }) {}

void StreamLoop::run() {
  while (!stopping_.load(std::memory_order_acquire)) {
    poll(intake_.next_round(kLongestRound));
    take_change();
    intake_.hand_over();
  }
  drain();
  listener_.close_all(*this);
  intake_.finish();
}

void StreamLoop::stop() {
  stopping_.store(true, std::memory_order_release);
  listener_.wake();
}

void StreamLoop::set_streams(const net::StreamLimits& limits, std::optional<net::TlsContext> tls) {
  const std::lock_guard lock(mutex_);
  change_ = Change{limits, std::move(tls)};
}

void StreamLoop::on_closed(uint64_t connection, const net::StreamPeer& peer, StreamClose reason,
                           const std::string& detail) {
  intake_.close_connection(connection);
  log_.closed(peer, reason, detail);
}

bool StreamLoop::poll(std::chrono::milliseconds timeout) {
  const Result<bool> polled = listener_.poll(timeout, *this);
  if (polled) return *polled;
  const std::string& why = polled.error().message;
  if (const auto more = error_log_.allows(why, MessageLimit::Clock::now()))
    log::error("{}; receiving goes on{}", why, more_like_this(*more));
  std::this_thread::sleep_for(kErrorPause);  // an error that stays must not eat a core
  return false;
}

void StreamLoop::take_change() {
  std::optional<Change> change;
  {
    const std::lock_guard lock(mutex_);
    change = std::exchange(change_, std::nullopt);
  }
  if (!change) return;
  listener_.set_limits(change->limits);
  if (change->tls) listener_.set_tls(*std::move(change->tls));
}

// Takes what the kernel already holds for us, connections that wait to be accepted included. An exporter that goes on
// sending must not keep us alive.
void StreamLoop::drain() {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point limit = Clock::now() + options_.drain_limit;
  poll(std::chrono::milliseconds{0});  // may come back empty because of the wake-up
  while (poll(std::chrono::milliseconds{0}) && Clock::now() < limit) intake_.hand_over();
}

}  // namespace weir::pipeline
