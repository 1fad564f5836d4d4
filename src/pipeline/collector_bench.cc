// How much arrives without loss: NetFlow v9 on loopback at a given rate, into a bare recvmmsg loop that only counts,
// and into the whole collector that decodes and writes Parquet. Both in one run, as the sender and the kernel take most
// of the machine.
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#include "base/log.h"
#include "gen/exporter.h"
#include "net/listen_socket.h"
#include "net/sender.h"
#include "pipeline/collector.h"

namespace weir::pipeline {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kDuration = std::chrono::seconds{2};
constexpr size_t kExporters = 8;

struct Prepared {
  std::vector<std::vector<uint8_t>> datagrams;  // exporters in turn
  uint64_t flows = 0;
};

// Templates come with the first datagram of each exporter; the rest is repeated as often as needed.
const Prepared& prepared() {
  static const Prepared made = [] {
    Prepared p;
    std::vector<gen::SyntheticExporter> exporters;
    for (uint32_t i = 0; i < kExporters; ++i) exporters.emplace_back(gen::ExporterOptions{.seed = 7, .domain = i});
    for (size_t n = 0; n < kExporters * 2000; ++n) {
      const ByteView bytes = exporters[n % kExporters].next_datagram(wall_clock_now());
      p.datagrams.emplace_back(bytes.begin(), bytes.end());
    }
    for (const gen::SyntheticExporter& exporter : exporters) p.flows += exporter.totals().all.flows;
    return p;
  }();
  return made;
}

double cpu_seconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Sends at `rate` datagrams a second for kDuration; returns how many.
uint64_t send_load(uint16_t port, uint64_t rate) {
  auto sender = net::Sender::open({.host = "127.0.0.1", .port = port});
  CHECK(sender);
  for (uint32_t i = 0; i < kExporters; ++i) CHECK(sender->add_source(net::loopback_address(i)));
  const std::vector<std::vector<uint8_t>>& datagrams = prepared().datagrams;
  constexpr auto slice = std::chrono::milliseconds{1};
  const Clock::time_point start = Clock::now();
  uint64_t sent = 0;
  for (Clock::time_point now = start; now < start + kDuration; now = Clock::now()) {
    const auto due =
        static_cast<uint64_t>(std::chrono::duration<double>(now - start).count() * static_cast<double>(rate));
    for (; sent < due; ++sent) CHECK(sender->send(sent % kExporters, datagrams[sent % datagrams.size()]));
    CHECK(sender->flush());
    std::this_thread::sleep_for(slice);
  }
  return sent;
}

// CPU of everything but the sender, which is the calling thread.
struct Cost {
  double others = cpu_seconds(RUSAGE_SELF) - cpu_seconds(RUSAGE_THREAD);
  double since() const { return cpu_seconds(RUSAGE_SELF) - cpu_seconds(RUSAGE_THREAD) - others; }
};

void report(benchmark::State& state, uint64_t sent, uint64_t received, double cpu) {
  const double flows_per_datagram =
      static_cast<double>(prepared().flows) / static_cast<double>(prepared().datagrams.size());
  const double flows = static_cast<double>(received) * flows_per_datagram;
  state.SetIterationTime(std::chrono::duration<double>(kDuration).count());
  state.SetItemsProcessed(static_cast<int64_t>(received));
  state.counters["lost %"] = 100 * (1 - static_cast<double>(received) / static_cast<double>(sent));
  state.counters["flows/s"] = flows / std::chrono::duration<double>(kDuration).count();
  state.counters["CPU s/M flows"] = cpu / flows * 1e6;
}

void BM_BareLoop(benchmark::State& state) {
  (void)prepared();
  auto sockets = net::open_listen_sockets({.host = "127.0.0.1", .port = 0}, 1,
                                          {.buffer_bytes = net::ReceiverOptions{}.socket_buffer_bytes});
  CHECK(sockets);
  for (auto _ : state) {
    const Cost cost;
    std::atomic<bool> stop = false;
    uint64_t received = 0;
    std::thread loop([&, fd = sockets->front().fd.get()] {
      std::vector<std::array<uint8_t, 2048>> memory(64);
      std::array<iovec, 64> parts;
      std::array<mmsghdr, 64> headers{};
      for (size_t i = 0; i < headers.size(); ++i) {
        parts[i] = {memory[i].data(), memory[i].size()};
        headers[i].msg_hdr.msg_iov = &parts[i];
        headers[i].msg_hdr.msg_iovlen = 1;
      }
      while (true) {
        const int taken = recvmmsg(fd, headers.data(), headers.size(), MSG_DONTWAIT, nullptr);
        if (taken > 0) received += static_cast<uint64_t>(taken);
        if (taken <= 0 && stop) return;
        if (taken <= 0) std::this_thread::sleep_for(std::chrono::microseconds{100});
      }
    });
    const uint64_t sent = send_load(sockets->front().address.port, static_cast<uint64_t>(state.range(0)));
    stop = true;
    loop.join();
    report(state, sent, received, cost.since());
  }
}

void BM_Collector(benchmark::State& state) {
  (void)prepared();
  log::set_level("error");
  const auto folder = std::filesystem::temp_directory_path() / "weir-collector-bench";
  for (auto _ : state) {
    std::filesystem::remove_all(folder);
    CollectorOptions options;
    options.listen = {{.host = "127.0.0.1", .port = 0}};
    options.store.directory = folder;
    const Cost cost;
    auto collector = Collector::start(options, store::make_parquet_writer());
    CHECK(collector);
    const uint64_t sent = send_load((*collector)->ports()[0], static_cast<uint64_t>(state.range(0)));
    const LedgerReport ledger = (*collector)->stop();
    CHECK(ledger.ledger.imbalance().empty());
    const flow::ExporterLedger& total = ledger.ledger.total;
    report(state, sent, total.counters.datagrams_received, cost.since());
    state.counters["flows dropped %"] = 100 * static_cast<double>(total.rows(flow::Table::flows).dropped_in_all()) /
                                        static_cast<double>(total.counters.rows[flow::Table::flows]);
  }
  std::filesystem::remove_all(folder);
}

// Datagrams a second, of some 24 flows each.
#define RATES Arg(20'000)->Arg(40'000)->Arg(80'000)->Arg(160'000)->Iterations(1)->UseManualTime()
BENCHMARK(BM_BareLoop)->RATES;
BENCHMARK(BM_Collector)->RATES;

}  // namespace
}  // namespace weir::pipeline
