// How much of what a bare recvmmsg loop can take does net::Receiver take? Both in one run, in turns, since timings of
// different runs do not compare. One thread sends prebuilt datagrams over loopback, one receives.
//
//   lossless  the sender waits for the receiver when 2048 datagrams are on their way: what comes through without any
//   loss flooded   the sender never waits: what is left when more comes than can be taken
#include <benchmark/benchmark.h>
#include <time.h>

#include <chrono>
#include <thread>

#include "base/check.h"
#include "net/bare_counter.h"
#include "net/receiver.h"
#include "net/sender.h"

namespace weir::net {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kDatagramBytes = 1400;
constexpr uint64_t kDatagrams = 300'000;
constexpr uint64_t kWindow = 2048;
constexpr size_t kBufferBytes = size_t{32} << 20;

struct Round {
  double per_second = 0;
  double lost_percent = 0;
};

// Waits where more than kWindow are on their way.
void send_all(uint16_t port, uint64_t count, const std::atomic<uint64_t>& received) {
  auto sender = Sender::open({"127.0.0.1", port});
  CHECK(sender && sender->add_source(std::nullopt));
  const std::vector<uint8_t> datagram(kDatagramBytes, 9);
  for (uint64_t sent = 0; sent < count; ++sent) {
    while (sent - received.load(std::memory_order_acquire) >= kWindow) std::this_thread::yield();
    CHECK(sender->send(0, datagram));
  }
  CHECK(sender->flush());
}

// receive: what the receiving thread runs until `stop`, counting into `received`.
template <class Receive>
Round lossless_round(uint16_t port, Receive&& receive) {
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> received = 0;
  const auto start = SteadyClock::now();
  std::thread receiver([&] { receive(stop, received); });
  send_all(port, kDatagrams, received);
  stop.store(true, std::memory_order_release);
  receiver.join();
  const double seconds = std::chrono::duration<double>(SteadyClock::now() - start).count();
  const auto count = static_cast<double>(received.load());
  return {count / seconds, 100 * (1 - count / static_cast<double>(kDatagrams))};
}

// Processor time of this thread: other programs on the machine do not count.
double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <class Receive>
Round drain_round(uint16_t port, Receive&& receive) {
  const std::atomic<bool> stop = true;  // end when nothing is left
  std::atomic<uint64_t> received = 0;
  double seconds = 0;
  constexpr uint64_t kFills = 30;
  for (uint64_t fill = 0; fill < kFills; ++fill) {
    send_all(port, kWindow, std::atomic<uint64_t>(0));
    const double start = thread_seconds();
    receive(stop, received);
    seconds += thread_seconds() - start;
  }
  const auto count = static_cast<double>(received.load());
  return {count / seconds, 100 * (1 - count / static_cast<double>(kFills * kWindow))};
}

struct Lossless {
  template <class Receive>
  Round operator()(uint16_t port, Receive&& receive) const {
    return lossless_round(port, receive);
  }
};
struct Drain {
  template <class Receive>
  Round operator()(uint16_t port, Receive&& receive) const {
    return drain_round(port, receive);
  }
};

template <class Kind>
Round bare(Kind kind) {
  auto counter = BareCounter::open(kBufferBytes);
  CHECK(counter);
  return kind(counter->port(), [&](const auto& stop, auto& received) { counter->run(stop, received); });
}

template <class Kind>
Round ours(Kind kind) {
  const ListenAddress any{"127.0.0.1", 0};
  auto receivers = Receiver::open({&any, 1}, 1, {.socket_buffer_bytes = kBufferBytes});
  CHECK(receivers);
  Receiver& receiver = (*receivers)[0];
  return kind(receiver.ports()[0], [&](const std::atomic<bool>& stop, std::atomic<uint64_t>& received) {
    while (true) {
      const bool stopping = stop.load(std::memory_order_acquire);
      const auto batch = receiver.receive(std::chrono::milliseconds{stopping ? 0 : 20});
      CHECK(batch);
      received.fetch_add(batch->size(), std::memory_order_release);
      if (batch->empty() && stopping) return;
    }
  });
}

template <class Kind>
void compare(benchmark::State& state, Kind kind) {
  Round yardstick;
  Round receiver;
  for ([[maybe_unused]] auto _ : state) {
    yardstick = bare(kind);
    receiver = ours(kind);
  }
  state.counters["bare/s"] = yardstick.per_second;
  state.counters["receiver/s"] = receiver.per_second;
  state.counters["ratio"] = receiver.per_second / yardstick.per_second;
  state.counters["bare lost %"] = yardstick.lost_percent;
  state.counters["receiver lost %"] = receiver.lost_percent;
}

BENCHMARK_CAPTURE(compare, lossless, Lossless{})->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compare, drain, Drain{})->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir::net
