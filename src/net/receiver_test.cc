#include "net/receiver.h"

#include <gtest/gtest.h>
#include <netinet/udp.h>

#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "net/socket_address.h"

namespace weir::net {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLong{5000};  // a deadline for what must come, never a pause

// A plain UDP socket that sends to `port` on loopback.
class Exporter {
 public:
  explicit Exporter(const char* source, uint16_t source_port = 0)
      : source_(*IpAddress::parse(source), source_port), fd_(::socket(source_.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    EXPECT_EQ(bind(fd_.get(), source_.get(), source_.size()), 0) << source;
  }
  void send(uint16_t port, const std::string& text) const {
    const IpAddress loopback = *IpAddress::parse(source_.family() == AF_INET ? "127.0.0.1" : "::1");
    const SocketAddress to(loopback, port);
    EXPECT_EQ(sendto(fd_.get(), text.data(), text.size(), 0, to.get(), to.size()), static_cast<ssize_t>(text.size()));
  }
  uint16_t port() const { return SocketAddress::of_socket(fd_.get()).port(); }
  // From now on what is sent is cut into datagrams of so many bytes, by the kernel or the adapter (UDP_SEGMENT): over
  // loopback it stays in one piece, as datagrams do that GRO has joined.
  void cut_into(int bytes) const { EXPECT_EQ(setsockopt(fd_.get(), SOL_UDP, UDP_SEGMENT, &bytes, sizeof bytes), 0); }

 private:
  SocketAddress source_;
  Fd fd_;
};

std::vector<Receiver> open(const std::vector<std::string>& texts, size_t count = 1,
                           const ReceiverOptions& options = {}) {
  std::vector<ListenAddress> addresses;
  for (const std::string& text : texts) addresses.push_back(*ListenAddress::parse(text));
  auto receivers = Receiver::open(addresses, count, options);
  EXPECT_TRUE(receivers) << receivers.error().message;
  return std::move(*receivers);
}

struct Received {
  std::string text;
  std::string exporter;
  uint16_t port;
};

// Takes datagrams until there are `wanted`, or until nothing came for the deadline.
std::vector<Received> take(Receiver& receiver, size_t wanted, milliseconds deadline = kLong) {
  std::vector<Received> all;
  while (all.size() < wanted) {
    const auto batch = receiver.receive(deadline);
    EXPECT_TRUE(batch);
    if (!batch || batch->empty()) break;
    for (const Datagram& d : *batch)
      all.push_back({{d.bytes.begin(), d.bytes.end()}, d.exporter.to_string(), d.exporter_port});
  }
  return all;
}

TEST(ListenAddress, ParsesWhatPeopleWrite) {
  const auto text = [](const char* given) {
    const auto address = ListenAddress::parse(given);
    return address ? fmt::format("{}|{}|{}", address->host, address->port, address->to_string()) : "none";
  };
  EXPECT_EQ(text("2055"), "|2055|:2055");
  EXPECT_EQ(text(":2055"), "|2055|:2055");
  EXPECT_EQ(text("*:2055"), "|2055|:2055");
  EXPECT_EQ(text("192.0.2.1:0"), "192.0.2.1|0|192.0.2.1:0");
  EXPECT_EQ(text("[2001:db8::1]:4739"), "2001:db8::1|4739|[2001:db8::1]:4739");
  EXPECT_EQ(text("localhost:6343"), "localhost|6343|localhost:6343");
  for (const char* bad : {"", ":", "x", "65536", "-1", "1.2.3.4", "2001:db8::1:2055", "[::1]", "[::1:2055", "::1]:2055",
                          "[]:1", "1:2055x"}) {
    EXPECT_EQ(text(bad), "none") << bad;
  }
}

TEST(Receiver, TakesABatchInOrderFromBothFamilies) {
  auto receiver = std::move(open({":0"})[0]);
  const uint16_t port = receiver.ports()[0];
  const Exporter v4("127.0.0.5");
  for (int i = 0; i < 100; ++i) v4.send(port, fmt::format("datagram {}", i));
  const auto first = receiver.receive(kLong);
  ASSERT_TRUE(first);
  ASSERT_EQ(first->size(), ReceiverOptions{}.batch);
  EXPECT_EQ((*first)[0].exporter.to_string(), "127.0.0.5");
  EXPECT_EQ((*first)[0].exporter_port, v4.port());
  EXPECT_LT(wall_clock_now() - (*first)[0].received, std::chrono::hours(1));
  EXPECT_EQ(std::string((*first)[63].bytes.begin(), (*first)[63].bytes.end()), "datagram 63");
  const std::vector<Received> rest = take(receiver, 36);
  ASSERT_EQ(rest.size(), 36u);
  EXPECT_EQ(rest[35].text, "datagram 99");

  const Exporter v6("::1");
  v6.send(port, "");
  v6.send(port, std::string(65000, 'x'));
  const std::vector<Received> from_v6 = take(receiver, 2);
  ASSERT_EQ(from_v6.size(), 2u);
  EXPECT_EQ(from_v6[0].text, "");
  EXPECT_EQ(from_v6[0].exporter, "::1");
  EXPECT_EQ(from_v6[1].text, std::string(65000, 'x')) << "the largest datagrams arrive whole";
  EXPECT_EQ(receiver.kernel_drops(), 0u);
}

TEST(Receiver, ListensOnSeveralAddresses) {
  auto receiver = std::move(open({"127.0.0.1:0", "[::1]:0", ":0"})[0]);
  const std::vector<uint16_t> ports = receiver.ports();
  ASSERT_EQ(ports.size(), 3u);
  Exporter("127.0.0.1").send(ports[0], "a");
  Exporter("::1").send(ports[1], "b");
  Exporter("127.0.0.2").send(ports[2], "c");
  std::set<std::string> texts;
  for (const Received& received : take(receiver, 3)) texts.insert(received.text);
  EXPECT_EQ(texts, (std::set<std::string>{"a", "b", "c"}));
}

TEST(Receiver, ServesEverySocketWhileOneIsFlooded) {
  auto receiver = std::move(open({"127.0.0.1:0", "127.0.0.1:0"}, 1, {.batch = 4})[0]);
  const std::vector<uint16_t> ports = receiver.ports();
  const Exporter exporter("127.0.0.1");
  for (int i = 0; i < 40; ++i) exporter.send(ports[0], "flood");
  exporter.send(ports[1], "quiet");
  bool seen = false;
  for (int calls = 0; calls < 3; ++calls) {
    const auto batch = receiver.receive(kLong);
    ASSERT_TRUE(batch);
    for (const Datagram& datagram : *batch) seen |= datagram.bytes[0] == 'q';
  }
  EXPECT_TRUE(seen);
}

TEST(Receiver, CountsWhatTheKernelDropped) {
  auto receiver = std::move(open({"127.0.0.1:0"}, 1, {.socket_buffer_bytes = 4096})[0]);
  EXPECT_LT(receiver.granted_buffer_bytes(), 20000u);
  const Exporter exporter("127.0.0.1");
  size_t sent = 0;
  size_t received = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 500; ++i, ++sent) exporter.send(receiver.ports()[0], std::string(500, 'x'));
    received += take(receiver, SIZE_MAX, milliseconds{0}).size();
    EXPECT_EQ(received + receiver.kernel_drops(), sent);
  }
  EXPECT_GT(receiver.kernel_drops(), 0u);
  EXPECT_GT(received, 0u);
}

TEST(Receiver, TakesApartWhatGroJoined) {
  for (const bool gro : {true, false}) {
    auto receiver = std::move(open({":0"}, 1, {.batch = 4, .gro = gro})[0]);
    const uint16_t port = receiver.ports()[0];
    const Exporter v4("127.0.0.7");
    const Exporter v6("::1");
    v4.cut_into(100);
    v6.cut_into(1000);
    std::string text;
    for (int i = 0; i < 60; ++i) text += std::string(100, static_cast<char>('0' + i));
    v4.send(port, text + "short");  // the last one may be shorter
    v6.send(port, std::string(64000, 'x'));
    v4.send(port, "single");
    if (gro) {
      const auto batch = receiver.receive(kLong);
      ASSERT_TRUE(batch);
      ASSERT_EQ(batch->size(), 61u + 64 + 1) << "three packets, in one call of four";
    } else {
      EXPECT_EQ(receiver.receive(kLong)->size(), 4u);
    }
    v4.send(port, text);
    v6.send(port, std::string(999, 'y'));
    v4.send(port, "end");
    std::vector<Received> all = take(receiver, gro ? 62 : 61 + 64 + 1 - 4 + 62);
    if (!gro) all.erase(all.begin(), all.end() - 62);
    ASSERT_EQ(all.size(), 62u) << gro;
    for (size_t i = 0; i < 60; ++i) {
      EXPECT_EQ(all[i].text, std::string(100, static_cast<char>('0' + i)));
      EXPECT_EQ(all[i].exporter, "127.0.0.7");
      EXPECT_EQ(all[i].port, v4.port());
    }
    EXPECT_EQ(all[60].text, std::string(999, 'y'));
    EXPECT_EQ(all[60].exporter, "::1");
    EXPECT_EQ(all[61].text, "end");
    EXPECT_EQ(receiver.kernel_drops(), 0u);
  }
}

TEST(Receiver, TellsOfDropsOfWhatGroJoined) {
  auto receiver = std::move(open({"127.0.0.1:0"}, 1, {.socket_buffer_bytes = 4096})[0]);
  const Exporter exporter("127.0.0.1");
  exporter.cut_into(500);
  size_t sent = 0;
  for (int i = 0; i < 50; ++i, sent += 20) exporter.send(receiver.ports()[0], std::string(10'000, 'x'));
  const size_t received = take(receiver, SIZE_MAX, milliseconds{0}).size();
  // The kernel counts packets that it drops, and does not say how many datagrams they held.
  EXPECT_GT(receiver.kernel_drops(), 0u);
  EXPECT_LE(received + receiver.kernel_drops(), sent);
  EXPECT_EQ(received % 20, 0u);
}

TEST(Receiver, SaysNothingIsLeftOnlyWhenEverySocketIsEmpty) {
  auto receiver = std::move(open({"127.0.0.1:0", "127.0.0.1:0"}, 1, {.batch = 4})[0]);
  const Exporter exporter("127.0.0.1");
  for (int i = 0; i < 4; ++i) exporter.send(receiver.ports()[0], "first");
  EXPECT_EQ(receiver.receive(kLong)->size(), 4u);  // full: read again without asking which sockets have something
  exporter.send(receiver.ports()[1], "second");
  EXPECT_EQ(receiver.receive(milliseconds{0})->size(), 1u);
  EXPECT_EQ(receiver.receive(milliseconds{0})->size(), 0u);
}

TEST(Receiver, EveryExporterStaysWithOneReceiver) {
  auto receivers = open({":0"}, 2);
  ASSERT_EQ(receivers.size(), 2u);
  ASSERT_TRUE(receivers[0].spread_as_asked());
  EXPECT_EQ(receivers[0].ports(), receivers[1].ports());
  const uint16_t port = receivers[0].ports()[0];
  constexpr int kExporters = 60;
  constexpr int kPorts = 5;
  for (int source = 1; source <= kExporters; ++source) {
    // From a new port each time: what a NAT or a restart does.
    for (int i = 0; i < kPorts; ++i) Exporter(fmt::format("127.0.1.{}", source).c_str()).send(port, "x");
  }
  for (int i = 0; i < kPorts; ++i) Exporter("::1").send(port, "x");
  std::map<std::string, std::set<size_t>> receivers_of;
  std::vector<size_t> counts;
  for (size_t i = 0; i < receivers.size(); ++i) {
    const std::vector<Received> all = take(receivers[i], SIZE_MAX, milliseconds{0});
    counts.push_back(all.size());
    for (const Received& received : all) receivers_of[received.exporter].insert(i);
  }
  EXPECT_EQ(counts[0] + counts[1], size_t{(kExporters + 1) * kPorts});
  EXPECT_EQ(receivers_of.size(), size_t{kExporters + 1});
  for (const auto& [exporter, seen_by] : receivers_of) EXPECT_EQ(seen_by.size(), 1u) << exporter;
  EXPECT_GT(counts[0], size_t{kExporters}) << "spread over both, about evenly";
  EXPECT_GT(counts[1], size_t{kExporters});
}

TEST(Receiver, SpreadsTheDatagramsOfOneExporter) {
  auto receivers = open({":0"}, 2, {.spread = Spread::datagram});
  ASSERT_TRUE(receivers[0].spread_as_asked());
  const uint16_t port = receivers[0].ports()[0];
  const std::string netflow = std::string("\0\x09", 2) + std::string(98, 'x');
  const std::string sflow = std::string("\0\0\0\x05", 4) + std::string(96, 'x');
  for (const char* address : {"127.0.0.1", "::1"}) {
    const Exporter exporter(address);
    for (int i = 0; i < 200; ++i) exporter.send(port, netflow);
    size_t all = 0;
    for (Receiver& receiver : receivers) {
      const size_t taken = take(receiver, SIZE_MAX, milliseconds{0}).size();
      EXPECT_GT(taken, 50u) << address << ": by chance, less than once in 10^12 runs";
      all += taken;
    }
    EXPECT_EQ(all, 200u);
    for (int i = 0; i < 50; ++i) exporter.send(port, sflow);
    const size_t first = take(receivers[0], SIZE_MAX, milliseconds{0}).size();
    const size_t second = take(receivers[1], SIZE_MAX, milliseconds{0}).size();
    EXPECT_EQ(std::max(first, second), 50u) << address << ": sFlow stays together";
    EXPECT_EQ(std::min(first, second), 0u);
    exporter.send(port, "x");  // too short for any version
    EXPECT_EQ(take(receivers[0], 1, milliseconds{0}).size() + take(receivers[1], 1, milliseconds{0}).size(), 1u);
  }
}

TEST(Receiver, WakeEndsTheWait) {
  auto receiver = std::move(open({"127.0.0.1:0"})[0]);
  receiver.wake();  // before the wait: not lost
  EXPECT_TRUE(receiver.receive(std::chrono::hours(1))->empty());
  std::thread other([&] { receiver.wake(); });
  EXPECT_TRUE(receiver.receive(std::chrono::hours(1))->empty());
  other.join();
  EXPECT_TRUE(receiver.receive(milliseconds{0})->empty());
}

TEST(Receiver, RefusesAPortInUseEvenByOthersThatShareIt) {
  for (const size_t count : {size_t{1}, size_t{2}}) {
    const auto holders = open({":0"}, count);
    const ListenAddress same{"", holders[0].ports()[0]};
    for (const size_t second : {size_t{1}, size_t{2}}) {
      const auto refused = Receiver::open({&same, 1}, second, {});
      ASSERT_FALSE(refused) << count << " then " << second;
      EXPECT_NE(refused.error().message.find(same.to_string()), std::string::npos);
      EXPECT_NE(refused.error().message.find("in use"), std::string::npos) << refused.error().message;
    }
  }
}

TEST(Receiver, NothingComesInOnceItIsShut) {
  auto receiver = std::move(open({":0", ":0"}, 1, {.batch = 4})[0]);
  const std::vector<uint16_t> ports = receiver.ports();
  const Exporter exporter("127.0.0.1");
  for (int i = 0; i < 30; ++i) exporter.send(ports[static_cast<size_t>(i) % 2], "before");
  receiver.let_nothing_in();
  for (int i = 0; i < 30; ++i) exporter.send(ports[0], "after");
  const std::vector<Received> first = take(receiver, 8);
  ASSERT_EQ(first.size(), 8u);
  EXPECT_EQ(first[7].text, "before");
  EXPECT_EQ(receiver.discard(), 22u);
  EXPECT_EQ(receiver.discard(), 0u);
  EXPECT_TRUE(take(receiver, 1, milliseconds{0}).empty());
  EXPECT_EQ(receiver.kernel_drops(), 0u) << "what comes after the end is nobody's loss";
}

TEST(Receiver, DiscardsDatagramsNotPackets) {
  auto receiver = std::move(open({"127.0.0.1:0"}, 1, {.batch = 2})[0]);
  const Exporter exporter("127.0.0.1");
  exporter.cut_into(100);
  for (int i = 0; i < 3; ++i) exporter.send(receiver.ports()[0], std::string(1050, 'x'));
  EXPECT_EQ(receiver.discard(), 33u);
}

TEST(Receiver, SaysWhyItCannotListen) {
  const auto message = [](const ListenAddress& address) {
    return Receiver::open({&address, 1}, 1, {}).error().message;
  };
  EXPECT_NE(message({"203.0.113.77", 2055}).find("no such address"), std::string::npos);
  EXPECT_NE(message({"no-such-host.invalid", 2055}).find("no-such-host.invalid"), std::string::npos);
}

}  // namespace
}  // namespace weir::net
