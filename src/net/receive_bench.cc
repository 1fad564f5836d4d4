// What does net::Receiver take of a thread's time for a datagram, beside a bare recvmmsg loop that only counts? Both in
// one run, since timings of different runs do not compare: a full socket buffer is emptied, again and again. Rates that
// come through without loss are for `./dev bench peers`, whose sender does not wait.
#include <benchmark/benchmark.h>
#include <time.h>

#include <atomic>
#include <chrono>

#include "base/check.h"
#include "net/bare_counter.h"
#include "net/receiver.h"
#include "net/sender.h"

namespace weir::net {
namespace {

constexpr size_t kDatagramBytes = 1400;
constexpr uint64_t kFills = 30;
constexpr uint64_t kDatagrams = 2048;  // of a fill
constexpr size_t kBufferBytes = size_t{32} << 20;

struct Round {
  double per_second = 0;
  double lost_percent = 0;
};

void fill(Sender& sender) {
  const std::vector<uint8_t> datagram(kDatagramBytes, 9);
  for (uint64_t sent = 0; sent < kDatagrams; ++sent) CHECK(sender.send(0, datagram));
  CHECK(sender.flush());
}

// Processor time of this thread: other programs on the machine do not count.
double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// receive: takes all that is there and returns how much it was.
template <class Receive>
Round drain(uint16_t port, Receive&& receive) {
  auto sender = Sender::open({"127.0.0.1", port});
  CHECK(sender && sender->add_source(std::nullopt));
  uint64_t received = 0;
  double seconds = 0;
  for (uint64_t i = 0; i < kFills; ++i) {
    fill(*sender);
    const double start = thread_seconds();
    received += receive();
    seconds += thread_seconds() - start;
  }
  const auto count = static_cast<double>(received);
  return {count / seconds, 100 * (1 - count / static_cast<double>(kFills * kDatagrams))};
}

Round bare() {
  auto counter = BareCounter::open(kBufferBytes);
  CHECK(counter);
  const std::atomic<bool> stop = true;  // ends when nothing is left
  return drain(counter->port(), [&] {
    std::atomic<uint64_t> received = 0;
    counter->run(stop, received);
    return received.load();
  });
}

Round ours() {
  const ListenAddress any{"127.0.0.1", 0};
  auto receivers = Receiver::open({&any, 1}, 1, {.socket_buffer_bytes = kBufferBytes});
  CHECK(receivers);
  Receiver& receiver = (*receivers)[0];
  return drain(receiver.ports()[0], [&] {
    uint64_t received = 0;
    while (true) {
      const auto batch = receiver.receive(std::chrono::milliseconds{0});
      CHECK(batch);
      if (batch->empty()) return received;
      received += batch->size();
    }
  });
}

void drain(benchmark::State& state) {
  Round yardstick;
  Round receiver;
  for ([[maybe_unused]] auto _ : state) {
    yardstick = bare();
    receiver = ours();
  }
  state.counters["bare/s"] = yardstick.per_second;
  state.counters["receiver/s"] = receiver.per_second;
  state.counters["ratio"] = receiver.per_second / yardstick.per_second;
  state.counters["bare lost %"] = yardstick.lost_percent;
  state.counters["receiver lost %"] = receiver.lost_percent;
}

BENCHMARK(drain)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir::net
