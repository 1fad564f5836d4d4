// For the tests of this folder: datagrams written by hand, a sender, and a writer of segments that obeys the test.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/big_endian.h"
#include "base/fd.h"
#include "net/socket_address.h"
#include "pipeline/collector.h"
#include "pipeline/ledger_json.h"
#include "store/segment_writer.h"

namespace weir::pipeline::test {

using std::chrono::milliseconds;

inline constexpr milliseconds kDeadline{20'000};  // for what must happen, never a pause

inline std::string ledger_to_json(const LedgerReport& report) {
  std::string text;
  const Result<> written = ledger_source(report)([&](std::string_view piece) -> Result<> {
    text += piece;
    return {};
  });
  EXPECT_TRUE(written);
  return text;
}

// Waits until `condition` holds. False after the deadline.
inline bool wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds{5});
  }
  return true;
}

using Bytes = std::vector<uint8_t>;

inline void put16(Bytes& out, uint16_t value) { out.insert(out.end(), {uint8_t(value >> 8), uint8_t(value)}); }
inline void put32(Bytes& out, uint32_t value) {
  put16(out, uint16_t(value >> 16));
  put16(out, uint16_t(value));
}

// NetFlow v5: a header of 24 bytes and `count` records of 48, each with 1000 bytes in 10 packets.
inline Bytes v5_datagram(uint32_t sequence, uint16_t count) {
  Bytes out;
  put16(out, 5);
  put16(out, count);
  put32(out, 1'000'000);      // uptime, ms
  put32(out, 1'700'000'000);  // unix seconds
  put32(out, 0);
  put32(out, sequence);
  put32(out, 0);  // engine type and id, sampling
  for (uint16_t i = 0; i < count; ++i) {
    put32(out, 0x0a000001);       // 10.0.0.1
    put32(out, 0x0a000100u + i);  // 10.0.1.i
    put32(out, 0);
    put32(out, 0x00010002);  // interfaces
    put32(out, 10);
    put32(out, 1000);
    put32(out, 900'000);
    put32(out, 950'000);
    put32(out, 0x01bb0000u + i);  // ports
    put32(out, 0x00100600);       // pad, flags, TCP, tos
    put32(out, 0);                // AS numbers
    put32(out, 0);                // masks, pad
  }
  return out;
}

// IPFIX: a message with one data set of 8 bytes for a template that nobody sent.
inline Bytes ipfix_without_template() {
  Bytes out;
  put16(out, 10);
  put16(out, 16 + 4 + 8);
  put32(out, 1'700'000'000);
  put32(out, 0);
  put32(out, 1);
  put16(out, 300);
  put16(out, 12);
  put32(out, 0x0a000001);
  put32(out, 0x0a000002);
  return out;
}

// Sends from an address of its own, as one exporter.
class Exporter {
 public:
  explicit Exporter(const char* source = "127.0.0.1") : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const net::SocketAddress from(*IpAddress::parse(source), 0);
    EXPECT_EQ(bind(fd_.get(), from.get(), from.size()), 0) << source;
  }
  void send(uint16_t port, const Bytes& bytes) const {
    const net::SocketAddress to(*IpAddress::parse("127.0.0.1"), port);
    EXPECT_EQ(sendto(fd_.get(), bytes.data(), bytes.size(), 0, to.get(), to.size()),
              static_cast<ssize_t>(bytes.size()));
  }

 private:
  Fd fd_;
};

// What a writer got and how it shall behave; shared with the writer, which the store owns.
struct Disk {
  std::atomic<bool> fails = false;
  std::atomic<bool> blocked = false;
  std::atomic<uint64_t> rows = 0;
  std::atomic<uint64_t> account_rows = 0;
  std::atomic<uint64_t> writes = 0;
  std::atomic<uint64_t> tries = 0;
  std::mutex mutex;
  std::vector<flow::SealedBatch> batches;  // guarded by mutex

  uint64_t rows_with_rate(uint32_t rate) {
    const std::lock_guard lock(mutex);
    uint64_t found = 0;
    for (const flow::SealedBatch& batch : batches) {
      for (size_t row = 0; row < batch->rows(); ++row) {
        found += batch->is_valid(flow::Column::sampling_rate, row) &&
                 batch->values<flow::Column::sampling_rate>()[row] == rate;
      }
    }
    return found;
  }
};

class FakeWriter final : public store::SegmentWriter {
 public:
  explicit FakeWriter(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}

  Result<store::SegmentStats> write_prepared(const std::filesystem::path& path,
                                             std::span<const store::PreparedRows> rows) override {
    ++disk_->tries;
    while (disk_->blocked) std::this_thread::sleep_for(milliseconds{1});
    if (disk_->fails) return fail("cannot write {}: no space left on this fake", path.filename().string());
    std::ofstream(path) << "a segment";
    store::SegmentStats stats{.rows = 0, .bytes = 9};
    const std::vector<flow::SealedBatch> batches = store::batches_of(rows);
    for (const flow::SealedBatch& batch : batches) stats.rows += batch->rows();
    // What the collector writes of itself is not what was sent.
    if (!batches.empty() && batches.front()->schema().table() == flow::Table::account) {
      disk_->account_rows += stats.rows;
      return stats;
    }
    disk_->rows += stats.rows;
    ++disk_->writes;
    const std::lock_guard lock(disk_->mutex);
    disk_->batches.insert(disk_->batches.end(), batches.begin(), batches.end());
    return stats;
  }

 private:
  std::shared_ptr<Disk> disk_;
};

// A folder that is gone after the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-pipeline-XXXXXX").string();
    CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Fast rounds, so that tests need not wait; no merging, as the fake's segments are no Parquet.
inline CollectorOptions fast_options(const Folder& folder) {
  CollectorOptions options;
  options.listen = {*net::ListenAddress::parse("127.0.0.1:0")};
  options.store.directory = folder.path() / "store";
  options.store.flush_interval = Micros{50'000};
  options.store.compact = false;
  options.loop.tick_every = milliseconds{20};
  options.maintain_every = milliseconds{50};
  options.report_every = milliseconds{50};
  return options;
}

}  // namespace weir::pipeline::test
