// Nothing is allocated for a datagram on its way from the socket into a batch, once its exporter and template are
// known. operator new counts, by thread.
#include <gtest/gtest.h>

#include "base/test_allocations.h"
#include "decode/test_wire.h"
#include "pipeline/intake.h"
#include "pipeline/test_support.h"

namespace weir::pipeline {
namespace {

using decode::test::Wire;

enum class Protocol { v5, v9, ipfix };

constexpr size_t kExporters = 20;
constexpr uint32_t kRounds = 200;  // a datagram of every exporter in each

const std::vector<decode::test::FieldOf> kFields = {{8, 4}, {12, 4}, {7, 2}, {11, 2}, {4, 1}, {1, 4}, {2, 4}};

// A message of one flow, the number-th of its exporter; number 0: with the template.
Wire message(Protocol protocol, uint32_t number) {
  const Wire record = Wire().u32(0x0a000001).u32(0x0a000002 + number).u16(443).u16(5).u8(6).u32(1000).u32(10);
  const Wire sets = decode::test::set(256, record);
  const Wire announcement = decode::test::template_record(256, kFields);
  switch (protocol) {
    case Protocol::v5:
      return decode::test::netflow5({.sequence = number, .count = 1}, Wire().zeros(48));
    case Protocol::v9:
      return decode::test::netflow9({.sequence = number, .count = static_cast<uint16_t>(number == 0 ? 2 : 1)},
                                    number == 0 ? decode::test::set(0, announcement).add(sets) : sets);
    case Protocol::ipfix:
      return decode::test::ipfix({.sequence = number},
                                 number == 0 ? decode::test::set(2, announcement).add(sets) : sets);
  }
  return {};
}

class Exporters {
 public:
  explicit Exporters(uint16_t port) : to_(IpAddress::from_v4(0x7f000001), port) {
    for (uint32_t e = 0; e < kExporters; ++e) {
      const net::SocketAddress from(IpAddress::from_v4(0x7f000102 + e), 0);
      sockets_.emplace_back(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      EXPECT_EQ(bind(sockets_.back().get(), from.get(), from.size()), 0);
    }
  }
  // From every exporter.
  void send(ByteView bytes) const {
    for (const Fd& fd : sockets_) {
      EXPECT_EQ(sendto(fd.get(), bytes.data(), bytes.size(), 0, to_.get(), to_.size()),
                static_cast<ssize_t>(bytes.size()));
    }
  }

 private:
  net::SocketAddress to_;
  std::vector<Fd> sockets_;
};

class Allocations : public testing::TestWithParam<Protocol> {};

TEST_P(Allocations, NoneForADatagram) {
  const net::ListenAddress any{"127.0.0.1", 0};
  auto receivers = net::Receiver::open({&any, 1}, 1, {});
  ASSERT_TRUE(receivers);
  net::Receiver& receiver = receivers->front();
  flow::Ledger ledger;
  ReceiveLoopOptions options;
  options.tick_every = options.seal_after = std::chrono::hours(1);  // what is done once a second may allocate
  Intake intake({}, options, [](const flow::FullBatch&) {}, ledger, [] { return flow::SocketCounters{}; });
  const Exporters exporters(receiver.ports()[0]);
  std::vector<Wire> messages;
  for (uint32_t round = 0; round < kRounds; ++round) messages.push_back(message(GetParam(), round));

  size_t before = 0;
  size_t received = 0;
  for (uint32_t round = 0; round < kRounds; ++round) {
    if (round == 20) before = weir::test::allocations_of_thread;
    exporters.send(messages[round]);
    for (size_t taken = 0; taken < kExporters;) {
      const auto datagrams = receiver.receive(test::kDeadline);
      ASSERT_TRUE(datagrams);
      ASSERT_FALSE(datagrams->empty());
      intake.decode(*datagrams);
      intake.hand_over();
      taken += datagrams->size();
      received += datagrams->size();
    }
  }
  const size_t during = weir::test::allocations_of_thread - before;
  EXPECT_EQ(before > 0, weir::test::kAllocationsCounted);
  EXPECT_EQ(during, 0u) << "in " << (kRounds - 20) * kExporters << " datagrams";
  intake.finish();
  EXPECT_EQ(received, kRounds * kExporters);
  const flow::LedgerSnapshot snapshot = ledger.snapshot();
  EXPECT_EQ(snapshot.total.counters.rows[flow::Table::flows], kRounds * kExporters);
  EXPECT_EQ(snapshot.total.counters.anomalies, flow::AnomalyCounts{});
}

INSTANTIATE_TEST_SUITE_P(V5, Allocations, testing::Values(Protocol::v5));
INSTANTIATE_TEST_SUITE_P(V9, Allocations, testing::Values(Protocol::v9));
INSTANTIATE_TEST_SUITE_P(Ipfix, Allocations, testing::Values(Protocol::ipfix));

}  // namespace
}  // namespace weir::pipeline
