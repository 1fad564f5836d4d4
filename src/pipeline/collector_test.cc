// The collector over loopback: everything that was sent is stored or counted, whatever fails.
#include "pipeline/collector.h"

#include <fstream>
#include <iterator>

#include "pipeline/test_support.h"

namespace weir::pipeline {
namespace {

using namespace test;

struct Running {
  std::shared_ptr<Disk> disk = std::make_shared<Disk>();
  std::unique_ptr<Collector> collector;
  uint16_t port = 0;

  explicit Running(CollectorOptions options, bool disk_fails = false) {
    disk->fails = disk_fails;
    auto started = Collector::start(std::move(options), std::make_unique<FakeWriter>(disk));
    EXPECT_TRUE(started) << started.error().message;
    collector = *std::move(started);
    port = collector->ports().at(0);
  }
  // Until the decoder has seen so many datagrams.
  bool received(uint64_t datagrams) const {
    return wait_until([&] { return collector->ledger().total.counters.datagrams_received >= datagrams; });
  }
};

uint64_t dropped(const LedgerReport& report, flow::DropReason reason) {
  return report.ledger.total.rows(flow::Table::flows)[reason];
}

TEST(Collector, StoresWhatIsSent) {
  const Folder folder;
  Running run(fast_options(folder));
  const Exporter a("127.0.0.1");
  const Exporter b("127.0.0.2");
  for (uint32_t i = 0; i < 50; ++i) {
    a.send(run.port, v5_datagram(i * 30, 30));
    b.send(run.port, v5_datagram(i * 10, 10));
  }
  b.send(run.port, Bytes{0, 99, 0, 0});
  ASSERT_TRUE(run.received(101));
  EXPECT_TRUE(wait_until([&] { return run.disk->rows == 2000; })) << "flushed while running";
  const LedgerReport report = run.collector->stop();
  EXPECT_EQ(report.ledger.imbalance(), "");
  EXPECT_TRUE(report.finished);
  EXPECT_EQ(report.ledger.total.rows(flow::Table::flows).stored, 2000u);
  EXPECT_EQ(report.ledger.socket_drops, 0u);
  ASSERT_EQ(report.ledger.exporters.size(), 2u);
  const flow::ExporterLedger& second = report.ledger.exporters.at(*IpAddress::parse("127.0.0.2"));
  EXPECT_EQ(second.rows(flow::Table::flows).stored, 500u);
  EXPECT_EQ(second.counters.datagrams_rejected, 1u);
  EXPECT_EQ(second.counters.anomalies[flow::Anomaly::unknown_version], 1u);
}

// Stop comes while datagrams still wait in the socket: they are taken, not lost.
TEST(Collector, TakesWhatTheSocketHoldsAtTheEnd) {
  const Folder folder;
  Running run(fast_options(folder));
  const Exporter exporter;
  for (uint32_t i = 0; i < 200; ++i) exporter.send(run.port, v5_datagram(i * 30, 30));
  const LedgerReport report = run.collector->stop();
  EXPECT_EQ(report.ledger.imbalance(), "");
  EXPECT_EQ(report.ledger.total.counters.datagrams_received + report.ledger.socket_drops, 200u);
  EXPECT_EQ(report.ledger.socket_drops, 0u);
  EXPECT_EQ(run.disk->rows, 6000u);
}

TEST(Collector, SeveralThreadsShareAPort) {
  const Folder folder;
  CollectorOptions options = fast_options(folder);
  options.threads = 3;
  Running run(options);
  for (int host = 1; host <= 20; ++host) {
    const Exporter exporter(fmt::format("127.0.0.{}", host).c_str());
    for (uint32_t i = 0; i < 10; ++i) exporter.send(run.port, v5_datagram(i * 5, 5));
  }
  const LedgerReport report = run.collector->stop();
  EXPECT_EQ(report.ledger.imbalance(), "");
  EXPECT_EQ(report.ledger.exporters.size(), 20u);
  for (const auto& [address, ledger] : report.ledger.exporters) {
    EXPECT_EQ(ledger.rows(flow::Table::flows).stored, 50u) << address.to_string();
    EXPECT_EQ(ledger.counters.lost_units, 0u) << "datagrams of one exporter reach one decoder, in order";
  }
}

TEST(Collector, DataWithoutTemplateIsCountedAtTheEnd) {
  const Folder folder;
  Running run(fast_options(folder));
  Exporter().send(run.port, ipfix_without_template());
  ASSERT_TRUE(run.received(1));
  EXPECT_EQ(run.collector->ledger().total.counters.undecodable_sets, 0u) << "its template may still come";
  const LedgerReport report = run.collector->stop();
  EXPECT_EQ(report.ledger.imbalance(), "");
  EXPECT_EQ(report.ledger.total.counters.undecodable_sets, 1u);
}

TEST(Collector, FullQueueDropsAndCounts) {
  const Folder folder;
  CollectorOptions options = fast_options(folder);
  options.queue_batches = 2;
  options.loop.batch_rows = 64;
  Running run(options);
  run.disk->blocked = true;
  const Exporter exporter;
  exporter.send(run.port, v5_datagram(0, 30));
  ASSERT_TRUE(wait_until([&] { return run.disk->tries > 0; }));  // the storing thread is stuck now
  for (uint32_t i = 1; i <= 40; ++i) exporter.send(run.port, v5_datagram(i * 30, 30));
  ASSERT_TRUE(run.received(41)) << "receiving does not wait for the store";
  EXPECT_TRUE(wait_until([&] { return run.collector->ledger().total.rows(flow::Table::flows).dropped_in_all() > 0; }));
  run.disk->blocked = false;
  const LedgerReport report = run.collector->stop();
  EXPECT_EQ(report.ledger.imbalance(), "");
  EXPECT_GT(dropped(report, flow::DropReason::queue_full), 0u);
  EXPECT_EQ(run.disk->rows + dropped(report, flow::DropReason::queue_full), 41u * 30);
}

TEST(Collector, FailingDiskKeepsRowsAndCountsWhatItGivesUp) {
  const Folder folder;
  CollectorOptions options = fast_options(folder);
  options.store.rows_per_segment = 64;
  options.store.pending_rows_limit = 300;
  options.loop.batch_rows = 64;
  Running run(options, true);
  const Exporter exporter;
  for (uint32_t i = 0; i < 40; ++i) exporter.send(run.port, v5_datagram(i * 30, 30));
  ASSERT_TRUE(run.received(40));
  EXPECT_TRUE(wait_until([&] { return run.collector->ledger().total.rows(flow::Table::flows).dropped_in_all() > 0; }));
  const LedgerReport report = run.collector->stop();
  EXPECT_EQ(report.ledger.imbalance(), "");
  EXPECT_EQ(report.ledger.total.rows(flow::Table::flows).stored, 0u);
  EXPECT_GT(dropped(report, flow::DropReason::store_failed), 0u);
  EXPECT_GT(dropped(report, flow::DropReason::shutdown), 0u);
  EXPECT_GT(report.store.write_failures, 0u);
  EXPECT_NE(report.store.last_error, "");
}

TEST(Collector, RowsSurviveADiskThatComesBack) {
  const Folder folder;
  Running run(fast_options(folder), true);
  const Exporter exporter;
  for (uint32_t i = 0; i < 10; ++i) exporter.send(run.port, v5_datagram(i * 30, 30));
  ASSERT_TRUE(wait_until([&] { return run.disk->tries > 0; }));
  run.disk->fails = false;
  const LedgerReport report = run.collector->stop();
  EXPECT_EQ(report.ledger.imbalance(), "");
  EXPECT_EQ(report.ledger.total.rows(flow::Table::flows).stored, 300u);
  EXPECT_EQ(run.disk->rows, 300u);
}

TEST(Collector, ReloadReachesTheDecodersWithoutLoss) {
  const Folder folder;
  Running run(fast_options(folder));
  const Exporter exporter;
  uint32_t sent = 0;
  const auto send = [&] { exporter.send(run.port, v5_datagram(sent++ * 10, 10)); };
  send();
  ASSERT_TRUE(run.received(sent));
  decode::DecoderOptions decoder;
  decoder.sampling_rates[*IpAddress::parse("127.0.0.1")] = 777;
  run.collector->reload(decoder, fast_options(folder).store, {}, std::nullopt, std::nullopt);
  EXPECT_TRUE(wait_until([&] {
    send();
    return run.disk->rows_with_rate(777) > 0;
  }));
  const LedgerReport report = run.collector->stop();
  EXPECT_EQ(report.ledger.imbalance(), "");
  EXPECT_EQ(report.ledger.total.rows(flow::Table::flows).stored, sent * 10);
  EXPECT_EQ(report.ledger.total.counters.lost_units, 0u);
}

TEST(Collector, WritesItsLedgerWhileItRuns) {
  const Folder folder;
  const CollectorOptions options = fast_options(folder);
  Running run(options);
  const auto read = [&] {
    std::ifstream file(options.store.directory / "ledger.json");
    return ledger_from_json(std::string{std::istreambuf_iterator<char>(file), {}});
  };
  Exporter().send(run.port, v5_datagram(0, 7));
  EXPECT_TRUE(wait_until([&] {
    const auto report = read();
    return report && report->ledger.total.counters.rows[flow::Table::flows] == 7 && !report->finished;
  }));
  run.collector->stop();
  const auto report = read();
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->finished);
  EXPECT_EQ(report->program, "collect");
  EXPECT_EQ(report->ledger.total.rows(flow::Table::flows).stored, 7u);
  EXPECT_EQ(report->ledger.imbalance(), "");
}

TEST(Collector, SecondOneIsRefused) {
  const Folder folder;
  const CollectorOptions options = fast_options(folder);
  Running run(options);
  auto second = Collector::start(options, std::make_unique<FakeWriter>(std::make_shared<Disk>()));
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("already writes to the store"), std::string::npos) << second.error().message;

  CollectorOptions same_port = fast_options(folder);
  same_port.store.directory = folder.path() / "other";
  same_port.listen[0].port = run.port;
  auto third = Collector::start(same_port, std::make_unique<FakeWriter>(std::make_shared<Disk>()));
  ASSERT_FALSE(third);
  EXPECT_NE(third.error().message.find(fmt::format("127.0.0.1:{}", run.port)), std::string::npos)
      << third.error().message;
}

// The receiver does not run while the burst arrives: what did not fit into the socket is counted by the kernel.
TEST(ReceiveLoop, CountsWhatTheKernelDropped) {
  const std::vector<net::ListenAddress> listen = {*net::ListenAddress::parse("127.0.0.1:0")};
  auto receivers = net::Receiver::open(listen, 1, {.socket_buffer_bytes = 4096});
  ASSERT_TRUE(receivers);
  const uint16_t port = receivers->front().ports()[0];
  flow::Ledger ledger;
  uint64_t rows = 0;
  ReceiveLoop loop(
      std::move(receivers->front()), {}, {}, [&](const flow::FullBatch& batch) { rows += batch->rows(); }, ledger);
  const Exporter exporter;
  constexpr uint32_t sent = 500;
  for (uint32_t i = 0; i < sent; ++i) exporter.send(port, v5_datagram(i * 30, 30));
  loop.stop();
  loop.run();
  const flow::LedgerSnapshot snapshot = ledger.snapshot();
  EXPECT_GT(snapshot.socket_drops, 0u);
  EXPECT_GT(snapshot.total.counters.datagrams_received, 0u);
  EXPECT_EQ(snapshot.total.counters.datagrams_received + snapshot.socket_drops, sent);
  EXPECT_EQ(rows, snapshot.total.counters.rows[flow::Table::flows]);
}

// There is no time to decode what waits: it is counted, without being decoded.
TEST(ReceiveLoop, CountsWhatIsLeftAtTheEnd) {
  const std::vector<net::ListenAddress> listen = {*net::ListenAddress::parse("127.0.0.1:0")};
  auto receivers = net::Receiver::open(listen, 1, {.batch = 8});
  ASSERT_TRUE(receivers);
  const uint16_t port = receivers->front().ports()[0];
  flow::Ledger ledger;
  const ReceiveLoopOptions options{.drain_limit = milliseconds{0}};
  ReceiveLoop loop(std::move(receivers->front()), {}, options, [](const flow::FullBatch&) {}, ledger);
  const Exporter exporter;
  for (uint32_t i = 0; i < 100; ++i) exporter.send(port, v5_datagram(i * 30, 30));
  loop.stop();
  loop.run();
  const flow::LedgerSnapshot snapshot = ledger.snapshot();
  EXPECT_GE(snapshot.socket_left, 100u - 2 * 8);
  EXPECT_EQ(snapshot.total.counters.datagrams_received + snapshot.socket_left, 100u);
  EXPECT_EQ(snapshot.socket_drops, 0u);
}

}  // namespace
}  // namespace weir::pipeline
