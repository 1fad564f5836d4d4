#include "net/sender.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "net/receiver.h"

namespace weir::net {
namespace {

using std::chrono::milliseconds;

Receiver listen(const char* where) {
  const ListenAddress address = *ListenAddress::parse(where);
  auto receivers = Receiver::open({&address, 1}, 1, {});
  EXPECT_TRUE(receivers) << receivers.error().message;
  return std::move((*receivers)[0]);
}

ByteView bytes_of(const std::vector<uint8_t>& v) { return v; }

TEST(SendTarget, Parses) {
  EXPECT_EQ(SendTarget::parse("127.0.0.1:2055")->to_string(), "127.0.0.1:2055");
  EXPECT_EQ(SendTarget::parse("[::1]:4739")->host, "::1");
  EXPECT_EQ(SendTarget::parse("collector.example:9995")->port, 9995);
  for (const char* bad : {"", "2055", ":2055", "127.0.0.1", "127.0.0.1:0", "::1:2055", "127.0.0.1:http"})
    EXPECT_FALSE(SendTarget::parse(bad)) << bad;
}

TEST(Sender, KeepsOrderAddressAndPortOfEverySource) {
  Receiver receiver = listen("127.0.0.1:0");
  auto sender = Sender::open({"127.0.0.1", receiver.ports()[0]});
  ASSERT_TRUE(sender);
  ASSERT_TRUE(sender->can_spread());
  constexpr size_t kSources = 3;
  constexpr uint8_t kEach = 150;  // more than a batch
  for (uint32_t i = 0; i < kSources; ++i) ASSERT_EQ(*sender->add_source(loopback_address(i)), i);
  for (uint8_t i = 0; i < kEach; ++i) {
    for (size_t source = 0; source < kSources; ++source) ASSERT_TRUE(sender->send(source, bytes_of({i})));
  }
  ASSERT_TRUE(sender->flush());
  EXPECT_EQ(sender->counts().datagrams, kSources * kEach);
  EXPECT_EQ(sender->counts().bytes, kSources * kEach);

  std::map<std::string, std::vector<uint8_t>> by_exporter;
  std::map<std::string, std::set<uint16_t>> ports;
  for (size_t received = 0; received < kSources * kEach;) {
    const auto batch = receiver.receive(milliseconds{5000});
    ASSERT_TRUE(batch && !batch->empty());
    for (const Datagram& d : *batch) {
      by_exporter[d.exporter.to_string()].push_back(d.bytes[0]);
      ports[d.exporter.to_string()].insert(d.exporter_port);
    }
    received += batch->size();
  }
  ASSERT_EQ(by_exporter.size(), kSources);
  for (const auto& [exporter, numbers] : by_exporter) {
    EXPECT_EQ(ports[exporter].size(), 1u);
    for (size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], i) << exporter;
  }
}

TEST(Sender, SendsEveryLengthOverIpv6AndCountsWhatIsTooLong) {
  Receiver receiver = listen("[::1]:0");
  auto sender = Sender::open({"::1", receiver.ports()[0]});
  ASSERT_TRUE(sender);
  EXPECT_FALSE(sender->can_spread());
  ASSERT_TRUE(sender->add_source(std::nullopt));
  ASSERT_TRUE(sender->send(0, {}));
  ASSERT_TRUE(sender->send(0, bytes_of(std::vector<uint8_t>(70'000))));
  ASSERT_TRUE(sender->send(0, bytes_of(std::vector<uint8_t>(60'000))));
  ASSERT_TRUE(sender->flush());
  EXPECT_EQ(sender->counts().datagrams, 2u);
  EXPECT_EQ(sender->counts().too_long, 1u);
  size_t bytes = 0;
  for (size_t received = 0; received < 2;) {
    const auto batch = receiver.receive(milliseconds{5000});
    ASSERT_TRUE(batch && !batch->empty());
    for (const Datagram& d : *batch) bytes += d.bytes.size();
    received += batch->size();
  }
  EXPECT_EQ(bytes, 60'000u);
}

TEST(Sender, NoticesThatNobodyListens) {
  uint16_t port = 0;
  {
    port = listen("127.0.0.1:0").ports()[0];
  }
  auto sender = Sender::open({"127.0.0.1", port});
  ASSERT_TRUE(sender);
  ASSERT_TRUE(sender->add_source(std::nullopt));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(sender->send(0, bytes_of({1})));
    ASSERT_TRUE(sender->flush());
  }
  EXPECT_EQ(sender->counts().datagrams, 3u);
  EXPECT_GT(sender->counts().refused, 0u);
}

TEST(Sender, LoopbackAddressesAreDistinctAndUsual) {
  EXPECT_EQ(loopback_address(0).to_string(), "127.0.0.2");
  EXPECT_EQ(loopback_address(252).to_string(), "127.0.0.254");
  EXPECT_EQ(loopback_address(253).to_string(), "127.0.1.1");
  std::set<IpAddress> all;
  for (uint32_t i = 0; i < 100'000; ++i) all.insert(loopback_address(i));
  EXPECT_EQ(all.size(), 100'000u);
}

}  // namespace
}  // namespace weir::net
