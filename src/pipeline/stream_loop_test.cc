// A collector with TCP: what was read whole is stored, whatever else connects, and the ledger adds up.
#include "pipeline/stream_loop.h"

#include <gtest/gtest.h>

#include "gen/exporter.h"
#include "net/sender.h"
#include "pipeline/test_support.h"

namespace weir::pipeline {
namespace {

using test::Bytes;

struct Running {
  explicit Running(const test::Folder& folder, const net::StreamLimits& limits = {}) {
    CollectorOptions options = test::fast_options(folder);
    options.listen_tcp = {*net::ListenAddress::parse("127.0.0.1:0")};
    options.streams = limits;
    auto started = Collector::start(std::move(options), std::make_unique<test::FakeWriter>(disk));
    EXPECT_TRUE(started) << started.error().message;
    collector = *std::move(started);
    port = collector->stream_ports()[0];
  }
  std::shared_ptr<test::Disk> disk = std::make_shared<test::Disk>();
  std::unique_ptr<Collector> collector;
  uint16_t port = 0;
};

net::Sender connect(uint16_t port) {
  auto sender = net::Sender::open({"127.0.0.1", port, net::Transport::tcp});
  EXPECT_TRUE(sender);
  EXPECT_TRUE(sender->add_source(std::nullopt));
  return *std::move(sender);
}

gen::SyntheticExporter ipfix_exporter(uint32_t domain = 1) {
  return gen::SyntheticExporter({.protocol = gen::Protocol::ipfix, .domain = domain});
}

TEST(StreamLoop, StopTakesWhatHasArrived) {
  const test::Folder folder;
  Running run(folder);
  gen::SyntheticExporter exporter = ipfix_exporter();
  net::Sender sender = connect(run.port);
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(sender.send(0, exporter.next_datagram(wall_clock_now(), SIZE_MAX)));
  ASSERT_TRUE(sender.flush());  // the kernel has it, the collector perhaps not
  const LedgerReport report = run.collector->stop();
  EXPECT_EQ(report.ledger.total.rows(flow::Table::flows).stored, exporter.totals().all.flows);
  EXPECT_EQ(run.disk->rows, exporter.totals().all.flows);
  EXPECT_EQ(report.ledger.streams.messages, 300u);
  EXPECT_EQ(report.ledger.streams.closed[static_cast<size_t>(StreamClose::shutdown)], 1u);
  EXPECT_EQ(report.ledger.imbalance(), "");
}

TEST(StreamLoop, ConnectionsAcceptedAtTheLastMomentCount) {
  const test::Folder folder;
  Running run(folder);
  uint64_t flows = 0;
  for (uint32_t i = 0; i < 20; ++i) {
    gen::SyntheticExporter exporter = ipfix_exporter(i);
    net::Sender sender = connect(run.port);
    ASSERT_TRUE(sender.send(0, exporter.next_datagram(wall_clock_now(), SIZE_MAX)));
    ASSERT_TRUE(sender.flush());
    flows += exporter.totals().all.flows;
  }
  const LedgerReport report = run.collector->stop();
  EXPECT_EQ(report.ledger.total.rows(flow::Table::flows).stored, flows);
  EXPECT_EQ(report.ledger.streams.accepted, 20u);
  EXPECT_EQ(report.ledger.imbalance(), "");
}

// Reading goes on while the disk does not: batches are dropped and counted, as those of UDP.
TEST(StreamLoop, ABlockedDiskDoesNotBlockConnections) {
  const test::Folder folder;
  Running run(folder);
  run.disk->blocked = true;
  gen::SyntheticExporter exporter = ipfix_exporter();
  net::Sender sender = connect(run.port);
  const auto dropped = [&] { return run.collector->ledger().total.rows(flow::Table::flows).dropped_in_all(); };
  const bool some_dropped = test::wait_until([&] {
    for (int i = 0; i < 500; ++i) EXPECT_TRUE(sender.send(0, exporter.next_datagram(wall_clock_now(), SIZE_MAX)));
    EXPECT_TRUE(sender.flush());
    return dropped() > 0;
  });
  run.disk->blocked = false;
  ASSERT_TRUE(some_dropped);
  // Stopping would wait for a while only.
  const auto decoded = [&] { return run.collector->ledger().total.counters.rows[flow::Table::flows]; };
  EXPECT_TRUE(test::wait_until([&] { return decoded() == exporter.totals().all.flows; }));
  const LedgerReport report = run.collector->stop();
  EXPECT_EQ(report.ledger.total.counters.rows[flow::Table::flows], exporter.totals().all.flows);
  EXPECT_EQ(report.ledger.imbalance(), "");
}

TEST(StreamLoop, LimitsChangeWhileItRuns) {
  const test::Folder folder;
  Running run(folder);
  std::vector<net::Sender> silent;
  for (int i = 0; i < 5; ++i) silent.push_back(connect(run.port));
  ASSERT_TRUE(test::wait_until([&] { return run.collector->ledger().streams.open == 5; }));
  net::StreamLimits limits;
  limits.idle_time = std::chrono::milliseconds{10};
  run.collector->reload({}, test::fast_options(folder).store, limits, std::nullopt, std::nullopt);
  ASSERT_TRUE(test::wait_until([&] { return run.collector->ledger().streams.open == 0; }));
  const LedgerReport report = run.collector->stop();
  EXPECT_EQ(report.ledger.streams.closed[static_cast<size_t>(StreamClose::idle_timeout)], 5u);
  EXPECT_EQ(report.ledger.imbalance(), "");
}

}  // namespace
}  // namespace weir::pipeline
