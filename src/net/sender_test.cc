#include "net/sender.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "net/listen_socket.h"
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
  constexpr size_t kSources = 3;
  constexpr uint8_t kEach = 150;  // more than a batch
  for (uint32_t i = 0; i < kSources; ++i) ASSERT_EQ(*sender->add_source(loopback_address(i)), i);
  for (uint8_t i = 0; i < kEach; ++i) {
    for (size_t source = 0; source < kSources; ++source) ASSERT_TRUE(sender->send(source, bytes_of({i})));
  }
  ASSERT_TRUE(sender->flush());
  for (uint32_t i = 0; i < kSources; ++i) EXPECT_EQ(sender->report(i).address, loopback_address(i));
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
  ASSERT_TRUE(sender->add_source(loopback_address(0)));
  EXPECT_EQ(sender->report(0).address, std::nullopt) << "only IPv4 loopback has addresses of its own";
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

// A port where nobody listens, on either address: bound and given up again.
uint16_t free_port() { return listen("127.0.0.1:0").ports()[0]; }

std::vector<std::string> texts(Receiver& receiver, size_t count) {
  std::vector<std::string> all;
  while (all.size() < count) {
    const auto batch = receiver.receive(milliseconds{5000});
    if (!batch || batch->empty()) break;
    for (const Datagram& d : *batch) all.emplace_back(d.bytes.begin(), d.bytes.end());
  }
  return all;
}

ByteView bytes_of(std::string_view text) {
  const void* data = text.data();
  return {static_cast<const uint8_t*>(data), text.size()};
}

TEST(Sender, CountsWhatWasRefusedAndNotAsSent) {
  const uint16_t port = free_port();
  auto sender = Sender::open({"127.0.0.1", port});
  ASSERT_TRUE(sender);
  ASSERT_TRUE(sender->add_source(std::nullopt));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(sender->send(0, bytes_of("abc")));
  ASSERT_TRUE(sender->finish());
  sender->await_refusals();
  EXPECT_EQ(sender->counts().datagrams, 0u);
  EXPECT_EQ(sender->counts().bytes, 0u);
  EXPECT_EQ(sender->counts().refused, 3u);
  EXPECT_EQ(sender->report(0).datagrams, 0u);
  EXPECT_EQ(sender->why_refused(), fmt::format("127.0.0.1:{}: Connection refused", port));
}

TEST(Sender, ASingleDatagramThatIsRefusedIsNoticed) {
  for (const char* host : {"127.0.0.1", "::1"}) {
    auto sender = Sender::open({host, free_port()});
    ASSERT_TRUE(sender && sender->add_source(std::nullopt) && sender->send(0, bytes_of("abc")) && sender->finish());
    sender->await_refusals();
    EXPECT_EQ(sender->counts().datagrams, 0u) << host;
    EXPECT_EQ(sender->counts().refused, 1u) << host;
  }
}

// The collector goes away: what arrived before stays counted.
TEST(Sender, WhatArrivedStaysCounted) {
  auto receiver = std::make_optional(listen("127.0.0.1:0"));
  auto sender = Sender::open({"127.0.0.1", receiver->ports()[0]});
  ASSERT_TRUE(sender && sender->add_source(loopback_address(0)) && sender->add_source(loopback_address(1)));
  for (size_t source : {0u, 1u}) ASSERT_TRUE(sender->send(source, bytes_of("first")) && sender->flush());
  EXPECT_EQ(texts(*receiver, 2).size(), 2u);
  receiver.reset();
  ASSERT_TRUE(sender->send(1, bytes_of("second")) && sender->finish());
  sender->await_refusals();
  EXPECT_EQ(sender->counts().datagrams, 2u);
  EXPECT_EQ(sender->counts().bytes, 10u);
  EXPECT_EQ(sender->counts().refused, 1u);
  EXPECT_EQ(sender->report(0).datagrams, 1u);
  EXPECT_EQ(sender->report(1).datagrams, 1u);
  EXPECT_EQ(sender->report(1).address, loopback_address(1));
}

// The addresses of a name in both orders, the collector on either of them.
struct NameCase {
  const char* listens;
  std::vector<const char*> addresses;
};

class SenderToName : public testing::TestWithParam<NameCase> {
 protected:
  std::vector<SocketAddress> addresses(uint16_t port) const {
    std::vector<SocketAddress> all;
    for (const char* text : GetParam().addresses) all.emplace_back(*IpAddress::parse(text), port);
    return all;
  }
  std::string where(uint16_t port) const {
    return fmt::format("{} (a.name)", SocketAddress(*IpAddress::parse(GetParam().listens), port).to_string());
  }
  bool is_v4() const { return IpAddress::parse(GetParam().listens)->is_v4(); }
  std::string listen_text() const { return is_v4() ? "127.0.0.1:0" : "[::1]:0"; }

  std::vector<std::string> told;
  Sender::Tell tell = [this](std::string_view address) { told.emplace_back(address); };
};

TEST_P(SenderToName, UdpReachesWhoListensAndLosesNothing) {
  Receiver receiver = listen(listen_text().c_str());
  const uint16_t port = receiver.ports()[0];
  auto sender = Sender::open({"a.name", port}, addresses(port), {}, tell);
  ASSERT_TRUE(sender);
  for (uint32_t i = 0; i < 2; ++i) ASSERT_TRUE(sender->add_source(loopback_address(i)));
  std::vector<std::string> sent;
  for (int i = 0; i < 200; ++i) {
    sent.push_back(std::to_string(i));
    ASSERT_TRUE(sender->send(0, bytes_of(sent.back())));
  }
  ASSERT_TRUE(sender->send(1, bytes_of("other")) && sender->finish());
  sender->await_refusals();
  EXPECT_EQ(sender->counts().datagrams, 201u);
  EXPECT_EQ(sender->counts().refused, 0u) << "what another address took is not refused";
  EXPECT_EQ(sender->why_refused(), "");
  EXPECT_EQ(told, std::vector{where(port)});
  auto arrived = texts(receiver, 201);
  std::erase(arrived, "other");
  EXPECT_EQ(arrived, sent);
  EXPECT_EQ(sender->report(1).address, is_v4() ? std::optional(loopback_address(1)) : std::nullopt);
  EXPECT_EQ(sender->report(1).bytes, 5u);
}

TEST_P(SenderToName, UdpFindsWhoListensLater) {
  const uint16_t port = free_port();
  auto sender = Sender::open({"a.name", port}, addresses(port), {}, tell);
  ASSERT_TRUE(sender && sender->add_source(std::nullopt));
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(sender->send(0, bytes_of("early")) && sender->flush());
  EXPECT_EQ(sender->counts().datagrams, 0u);
  EXPECT_EQ(sender->counts().refused, 2u);
  for (const SocketAddress& address : addresses(port)) {
    EXPECT_NE(sender->why_refused().find(address.to_string() + ": Connection refused"), std::string::npos)
        << sender->why_refused();
  }
  EXPECT_TRUE(told.empty());

  ListenAddress address = *ListenAddress::parse(listen_text());
  address.port = port;
  auto receivers = Receiver::open({&address, 1}, 1, {});
  ASSERT_TRUE(receivers) << receivers.error().message;
  ASSERT_TRUE(sender->send(0, bytes_of("late")) && sender->finish());
  sender->await_refusals();
  EXPECT_EQ(texts((*receivers)[0], 1), std::vector<std::string>{"late"});
  EXPECT_EQ(sender->counts().datagrams, 1u);
  EXPECT_EQ(sender->counts().refused, 2u);
  EXPECT_EQ(told, std::vector{where(port)});
}

TEST_P(SenderToName, TcpReachesWhoListens) {
  const auto socket = open_stream_socket(*ListenAddress::parse(listen_text()), 4);
  ASSERT_TRUE(socket) << socket.error().message;
  const uint16_t port = socket->address.port;
  auto sender = Sender::open({"a.name", port, Transport::tcp}, addresses(port), {}, tell);
  ASSERT_TRUE(sender);
  for (uint32_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(sender->add_source(loopback_address(i)));
    SocketAddress from;
    ASSERT_TRUE(accept_stream(socket->fd.get(), from)) << "a connection is there when connect() returns";
    EXPECT_EQ(from.ip(), is_v4() ? loopback_address(i) : *IpAddress::parse("::1"));
  }
  EXPECT_EQ(told, std::vector{where(port)});
}

TEST_P(SenderToName, TcpNamesEachAddressThatFails) {
  const uint16_t port = free_port();
  auto sender = Sender::open({"a.name", port, Transport::tcp}, addresses(port), {}, tell);
  ASSERT_TRUE(sender);
  const auto added = sender->add_source(std::nullopt);
  ASSERT_FALSE(added);
  std::string expected = fmt::format("cannot connect to tcp://a.name:{}: ", port);
  for (const SocketAddress& address : addresses(port)) {
    expected += (expected.ends_with(": ") ? "" : "; ") + address.to_string() + ": Connection refused";
  }
  EXPECT_TRUE(added.error().message.starts_with(expected)) << added.error().message;
  EXPECT_TRUE(told.empty());
}

INSTANTIATE_TEST_SUITE_P(BothOrders, SenderToName,
                         testing::Values(NameCase{"127.0.0.1", {"::1", "127.0.0.1"}},
                                         NameCase{"127.0.0.1", {"127.0.0.1", "::1"}},
                                         NameCase{"::1", {"::1", "127.0.0.1"}}, NameCase{"::1", {"127.0.0.1", "::1"}}));

// No way to an address is no reason to give up the others: 240.0.0.0/4 is nobody's.
TEST(Sender, PassesOverAnAddressWithoutAWay) {
  Receiver receiver = listen("127.0.0.1:0");
  const uint16_t port = receiver.ports()[0];
  const std::vector<SocketAddress> addresses = {{*IpAddress::parse("255.255.255.255"), port},
                                                {*IpAddress::parse("127.0.0.1"), port}};
  auto sender = Sender::open({"a.name", port}, addresses);
  ASSERT_TRUE(sender && sender->add_source(std::nullopt));
  ASSERT_TRUE(sender->send(0, bytes_of("abc")) && sender->finish());
  EXPECT_EQ(texts(receiver, 1), std::vector<std::string>{"abc"});

  auto nowhere = Sender::open({"a.name", port}, {{addresses[0], addresses[0]}});
  ASSERT_TRUE(nowhere && nowhere->add_source(std::nullopt));
  const Result<> sent = [&]() -> Result<> {
    TRY(nowhere->send(0, bytes_of("abc")));
    return nowhere->finish();
  }();
  ASSERT_FALSE(sent);
  EXPECT_NE(sent.error().message.find("255.255.255.255"), std::string::npos) << sent.error().message;
}

TEST(SocketAddress, ResolvesEveryAddressOfANameOnce) {
  const auto numeric = SocketAddress::resolve("2001:db8::1", 2055);
  ASSERT_TRUE(numeric);
  ASSERT_EQ(numeric->size(), 1u);
  EXPECT_EQ((*numeric)[0].to_string(), "[2001:db8::1]:2055");
  const auto localhost = SocketAddress::resolve("localhost", 2055);
  ASSERT_TRUE(localhost);
  std::set<std::string> distinct;
  for (const SocketAddress& address : *localhost) {
    EXPECT_TRUE(address.is_loopback()) << address.to_string();
    EXPECT_EQ(address.port(), 2055);
    distinct.insert(address.to_string());
  }
  EXPECT_EQ(distinct.size(), localhost->size());
  EXPECT_FALSE(SocketAddress::resolve("no-such-name.invalid", 1));
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
