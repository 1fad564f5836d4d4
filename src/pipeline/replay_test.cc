// Captures into a store: what was whole is stored and adds up, what was not is said.
#include "pipeline/replay.h"

#include <filesystem>

#include "net/capture_writer.h"
#include "pipeline/test_support.h"

namespace weir::pipeline {
namespace {

using namespace test;
namespace fs = std::filesystem;

constexpr Timestamp kStart = timestamp_from_us(1'700'000'000'000'000);

// `datagrams` of NetFlow v5 with 30 records each, one every 100 ms.
void write_capture(const fs::path& path, uint32_t datagrams, uint32_t first_sequence = 0, uint16_t port = 2055) {
  auto writer = net::CaptureWriter::create(path);
  ASSERT_TRUE(writer) << writer.error().message;
  for (uint32_t i = 0; i < datagrams; ++i) {
    const Bytes bytes = v5_datagram(first_sequence + i * 30, 30);
    writer->write({bytes, *IpAddress::parse("192.0.2.1"), 5000, kStart + Micros{int64_t{i} * 100'000}},
                  *IpAddress::parse("192.0.2.2"), port);
  }
  ASSERT_TRUE(writer->close());
}

struct Fixture {
  Folder folder;
  std::shared_ptr<Disk> disk = std::make_shared<Disk>();

  ReplayOptions options(std::vector<fs::path> files) const {
    ReplayOptions options;
    options.files = std::move(files);
    options.store.directory = folder.path() / "store";
    return options;
  }
  fs::path file(const std::string& name) const { return folder.path() / name; }
  Result<ReplaySummary> run(ReplayOptions options) const {
    return replay(std::move(options), std::make_unique<FakeWriter>(disk));
  }
};

TEST(Replay, StoresEveryRecordWithTheTimeOfTheCapture) {
  const Fixture f;
  write_capture(f.file("a.pcap"), 100);
  write_capture(f.file("b.pcap"), 50, 3000);
  const auto summary = f.run(f.options({f.file("a.pcap"), f.file("b.pcap")}));
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_TRUE(summary->problems.empty());
  EXPECT_EQ(summary->report.ledger.imbalance(), "");
  EXPECT_EQ(summary->files, 2u);
  EXPECT_EQ(summary->datagrams, 150u);
  EXPECT_EQ(summary->report.ledger.total.rows(flow::Table::flows).stored, 4500u);
  EXPECT_EQ(f.disk->rows, 4500u);
  EXPECT_EQ(summary->report.ledger.total.counters.lost_units, 0u) << "one decoder for both files";
  EXPECT_EQ(summary->bytes_read, fs::file_size(f.file("a.pcap")) + fs::file_size(f.file("b.pcap")));
  const std::lock_guard lock(f.disk->mutex);
  EXPECT_EQ(f.disk->batches.front()->values<flow::Column::time_received>()[0], to_us(kStart));
}

TEST(Replay, OnlyWantedPorts) {
  const Fixture f;
  write_capture(f.file("a.pcap"), 10, 0, 2055);
  write_capture(f.file("b.pcap"), 10, 300, 53);
  ReplayOptions options = f.options({f.file("a.pcap"), f.file("b.pcap")});
  options.ports = {2055, 4739};
  const auto summary = f.run(std::move(options));
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->datagrams, 10u);
  EXPECT_EQ(summary->other_ports, 10u);
  EXPECT_EQ(summary->report.ledger.total.rows(flow::Table::flows).stored, 300u);
}

TEST(Replay, DamagedCaptureStoresWhatWasWhole) {
  const Fixture f;
  write_capture(f.file("a.pcap"), 10);
  fs::resize_file(f.file("a.pcap"), fs::file_size(f.file("a.pcap")) - 100);
  write_capture(f.file("b.pcap"), 5, 300);
  const auto summary = f.run(f.options({f.file("a.pcap"), f.file("b.pcap")}));
  ASSERT_TRUE(summary);
  ASSERT_EQ(summary->problems.size(), 1u);
  EXPECT_NE(summary->problems[0].find("a.pcap"), std::string::npos) << summary->problems[0];
  EXPECT_EQ(summary->report.ledger.imbalance(), "");
  EXPECT_EQ(summary->report.ledger.total.rows(flow::Table::flows).stored, 14u * 30)
      << "the later file is read all the same";
}

TEST(Replay, MissingFileIsHeardOfBeforeAnythingIsStored) {
  const Fixture f;
  write_capture(f.file("a.pcap"), 10);
  const auto summary = f.run(f.options({f.file("a.pcap"), f.file("none.pcap")}));
  ASSERT_FALSE(summary);
  EXPECT_NE(summary.error().message.find("none.pcap"), std::string::npos) << summary.error().message;
  EXPECT_FALSE(fs::exists(f.folder.path() / "store"));
}

TEST(Replay, StoreThatFailsEndsItAndIsCounted) {
  const Fixture f;
  f.disk->fails = true;
  write_capture(f.file("a.pcap"), 2000);
  ReplayOptions options = f.options({f.file("a.pcap")});
  options.store.rows_per_segment = 2048;
  const auto summary = f.run(std::move(options));
  ASSERT_TRUE(summary);
  ASSERT_EQ(summary->problems.size(), 1u);
  EXPECT_NE(summary->problems[0].find("no space left on this fake"), std::string::npos) << summary->problems[0];
  EXPECT_EQ(summary->report.ledger.imbalance(), "");
  EXPECT_EQ(summary->report.ledger.total.rows(flow::Table::flows).stored, 0u);
  EXPECT_GT(summary->report.ledger.total.rows(flow::Table::flows).dropped_in_all(), 0u);
}

TEST(Replay, StoreInUseIsRefused) {
  const Fixture f;
  write_capture(f.file("a.pcap"), 1);
  CollectorOptions collector = fast_options(f.folder);
  auto running = Collector::start(collector, std::make_unique<FakeWriter>(f.disk));
  ASSERT_TRUE(running);
  const auto summary = f.run(f.options({f.file("a.pcap")}));
  ASSERT_FALSE(summary);
  EXPECT_NE(summary.error().message.find("already writes to the store"), std::string::npos) << summary.error().message;
}

TEST(Replay, InterruptionKeepsWhatWasDecoded) {
  const Fixture f;
  write_capture(f.file("a.pcap"), 100);
  const std::atomic<bool> interrupted = true;
  ReplayOptions options = f.options({f.file("a.pcap")});
  options.interrupted = &interrupted;
  const auto summary = f.run(std::move(options));
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->datagrams, 0u);
  EXPECT_EQ(summary->report.ledger.imbalance(), "");
}

TEST(Replay, ProgressReachesTheEnd) {
  const Fixture f;
  write_capture(f.file("a.pcap"), 100);
  ReplayOptions options = f.options({f.file("a.pcap")});
  ReplayProgress last;
  options.on_progress = [&](const ReplayProgress& progress) { last = progress; };
  ASSERT_TRUE(f.run(std::move(options)));
  EXPECT_EQ(last.bytes_read, fs::file_size(f.file("a.pcap")));
  EXPECT_EQ(last.bytes_total, last.bytes_read);
  EXPECT_EQ(last.records, 3000u);
}

}  // namespace
}  // namespace weir::pipeline
