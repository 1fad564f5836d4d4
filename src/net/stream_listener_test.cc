// Connections on loopback: messages arrive whole and in order; bad peers cost what the limits say, and are counted.
#include "net/stream_listener.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <functional>
#include <map>

#include "base/big_endian.h"
#include "base/fd.h"
#include "net/sender.h"

namespace weir::net {
namespace {

using std::chrono::milliseconds;
using Bytes = std::vector<uint8_t>;

Bytes message(size_t length, uint8_t fill = 0) {
  Bytes bytes(length, fill);
  store_be<uint16_t>(bytes.data(), 10);
  store_be<uint16_t>(&bytes[2], static_cast<uint16_t>(length));
  return bytes;
}

// A socket under the test's control.
class Peer {
 public:
  explicit Peer(uint16_t port, const char* from = "127.0.0.1") : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const SocketAddress source(*IpAddress::parse(from), 0);
    const SocketAddress to(*IpAddress::parse("127.0.0.1"), port);
    EXPECT_EQ(bind(fd_.get(), source.get(), source.size()), 0);
    EXPECT_EQ(connect(fd_.get(), to.get(), to.size()), 0);
  }
  Peer& send(ByteView bytes) {
    EXPECT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    return *this;
  }
  void close() { fd_ = Fd(); }
  void reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }

 private:
  Fd fd_;
};

struct Harness : StreamSink {
  explicit Harness(const StreamLimits& limits = {}) {
    const ListenAddress address = *ListenAddress::parse("127.0.0.1:0");
    auto opened = StreamListener::open({&address, 1}, {}, std::nullopt, limits);
    EXPECT_TRUE(opened) << opened.error().message;
    listener.emplace(*std::move(opened));
    port = listener->ports()[0];
  }
  void on_message(const Datagram& m) override {
    messages[m.connection].emplace_back(m.bytes.begin(), m.bytes.end());
    exporter = m.exporter.to_string();
  }
  void on_closed(uint64_t connection, const StreamPeer&, StreamClose reason, const std::string&) override {
    EXPECT_TRUE(closed.emplace(connection, reason).second) << "a number is used once";
  }
  void on_refused(const StreamPeer&, StreamRefusal reason) override { refused.push_back(reason); }

  bool poll_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      EXPECT_TRUE(listener->poll(milliseconds{20}, *this));
    }
    return condition();
  }
  size_t count(StreamClose reason) const { return counters().closed[static_cast<size_t>(reason)]; }
  const StreamCounters& counters() const { return listener->counters(); }
  // Empty if every connection and every byte is accounted for; ends all.
  std::string imbalance() {
    listener->close_all(*this);
    const StreamCounters& c = counters();
    uint64_t bytes = c.incomplete_bytes;
    uint64_t number = 0;
    for (const auto& [connection, list] : messages) {
      number += list.size();
      for (const Bytes& m : list) bytes += m.size();
    }
    if (c.open != 0 || c.accepted != c.closed_in_all() || closed.size() != c.accepted) return "connections";
    if (number != c.messages) return "messages";
    return bytes == c.bytes ? "" : fmt::format("bytes {} of {}", bytes, c.bytes);
  }

  std::optional<StreamListener> listener;
  uint16_t port = 0;
  std::map<uint64_t, std::vector<Bytes>> messages;
  std::map<uint64_t, StreamClose> closed;
  std::vector<StreamRefusal> refused;
  std::string exporter;
};

// One connection is known, one waits to be accepted; nobody has read what they sent.
TEST(StreamListener, CountsWhatNobodyReadBeforeTheEnd) {
  Harness h;
  auto known = Sender::open({"127.0.0.1", h.port, Transport::tcp});
  auto waiting = Sender::open({"127.0.0.1", h.port, Transport::tcp});
  ASSERT_TRUE(known && waiting);
  ASSERT_TRUE(known->add_source(loopback_address(0)));
  ASSERT_TRUE(h.poll_until([&] { return h.counters().accepted == 1; }));
  ASSERT_TRUE(waiting->add_source(loopback_address(1)));
  for (Sender* sender : {&*known, &*waiting}) {
    ASSERT_TRUE(sender->send(0, message(40)));
    ASSERT_TRUE(sender->flush());
  }
  EXPECT_EQ(h.imbalance(), "");
  EXPECT_EQ(h.counters().accepted, 2u);
  EXPECT_EQ(h.counters().unread_bytes, 80u);
}

TEST(StreamListener, MessagesOfSeveralConnectionsInOrder) {
  Harness h;
  auto sender = Sender::open({"127.0.0.1", h.port, Transport::tcp});
  ASSERT_TRUE(sender);
  constexpr size_t kSources = 5;
  constexpr uint8_t kEach = 200;
  for (uint32_t i = 0; i < kSources; ++i) ASSERT_TRUE(sender->add_source(loopback_address(i)));
  size_t bytes = 0;
  for (uint8_t i = 0; i < kEach; ++i) {
    for (size_t source = 0; source < kSources; ++source) {
      const Bytes m = message(16 + size_t{i} * 7, i);
      bytes += m.size();
      ASSERT_TRUE(sender->send(source, m));
    }
  }
  ASSERT_TRUE(sender->flush());
  ASSERT_TRUE(h.poll_until([&] { return h.counters().messages == kSources * kEach; }));
  EXPECT_EQ(h.counters().bytes, bytes);
  EXPECT_EQ(h.messages.size(), kSources);
  for (const auto& [connection, list] : h.messages) {
    for (size_t i = 0; i < list.size(); ++i) EXPECT_EQ(list[i], message(16 + i * 7, static_cast<uint8_t>(i)));
  }
  EXPECT_EQ(h.counters().open, kSources);
  sender = fail("closed");
  ASSERT_TRUE(h.poll_until([&] { return h.counters().open == 0; }));
  EXPECT_EQ(h.count(StreamClose::by_exporter), kSources);
  EXPECT_EQ(h.imbalance(), "");
}

TEST(StreamListener, ReasonsOfTheEnd) {
  Harness h;
  Peer orderly(h.port);
  orderly.send(message(20)).close();
  Peer cut(h.port);
  const Bytes m = message(100);
  cut.send(m).send(ByteView(m).first(60)).close();
  Peer garbage(h.port);
  garbage.send(m).send(Bytes{'G', 'E', 'T', ' ', '/'});
  Peer broken(h.port);
  broken.send(ByteView(m).first(10)).reset();
  Peer stays(h.port);
  stays.send(m).send(ByteView(m).first(99));
  ASSERT_TRUE(h.poll_until([&] { return h.counters().accepted == 5 && h.counters().open == 1; }));
  ASSERT_TRUE(h.poll_until([&] { return h.counters().messages == 4; }));
  EXPECT_EQ(h.count(StreamClose::by_exporter), 1u);
  EXPECT_EQ(h.count(StreamClose::within_message), 1u);
  EXPECT_EQ(h.count(StreamClose::not_ipfix), 1u);
  EXPECT_EQ(h.count(StreamClose::failed), 1u);
  stays.send(ByteView(m).subspan(99));
  ASSERT_TRUE(h.poll_until([&] { return h.counters().messages == 5; }));
  EXPECT_EQ(h.imbalance(), "");
  EXPECT_EQ(h.count(StreamClose::shutdown), 1u);
}

TEST(StreamListener, SlowPeersAreClosedGoodOnesAreNot) {
  StreamLimits limits;
  limits.message_time = milliseconds{50};
  Harness h(limits);
  Peer good(h.port);
  good.send(message(20));
  Peer slow(h.port);
  slow.send(Bytes{0, 10, 0, 100});
  ASSERT_TRUE(h.poll_until([&] { return h.count(StreamClose::message_timeout) == 1; }));
  good.send(message(20));
  ASSERT_TRUE(h.poll_until([&] { return h.counters().messages == 2; }));
  EXPECT_EQ(h.counters().open, 1u) << "quiet is not slow";
  EXPECT_EQ(h.imbalance(), "");
}

TEST(StreamListener, IdleTime) {
  StreamLimits limits;
  limits.idle_time = milliseconds{50};
  Harness h(limits);
  Peer peer(h.port);
  peer.send(message(20));
  ASSERT_TRUE(h.poll_until([&] { return h.count(StreamClose::idle_timeout) == 1; }));
  EXPECT_EQ(h.imbalance(), "");
}

TEST(StreamListener, WhoHasSentNothingMakesRoomWhoHasStays) {
  StreamLimits limits;
  limits.connections = 3;
  Harness h(limits);
  Peer good(h.port);
  good.send(message(20));
  ASSERT_TRUE(h.poll_until([&] { return h.counters().messages == 1; }));
  std::vector<std::unique_ptr<Peer>> silent;
  for (int i = 0; i < 10; ++i) silent.push_back(std::make_unique<Peer>(h.port, "127.0.0.2"));
  ASSERT_TRUE(h.poll_until([&] { return h.counters().accepted == 11; }));
  EXPECT_EQ(h.counters().open, 3u);
  EXPECT_EQ(h.count(StreamClose::evicted), 8u);
  // The two that are left prove themselves: now there is nobody to evict.
  silent[8]->send(message(16));
  silent[9]->send(message(16));
  ASSERT_TRUE(h.poll_until([&] { return h.counters().messages == 3; }));
  Peer late(h.port);
  ASSERT_TRUE(h.poll_until([&] { return !h.refused.empty(); }));
  EXPECT_EQ(h.refused, std::vector{StreamRefusal::connection_limit});
  good.send(message(20));
  ASSERT_TRUE(h.poll_until([&] { return h.counters().messages == 4; }));
  EXPECT_EQ(h.counters().refused_in_all(), 1u);
  EXPECT_EQ(h.imbalance(), "");
}

TEST(StreamListener, OneAddressTakesOnlyItsShare) {
  StreamLimits limits;
  limits.connections_per_exporter = 2;
  Harness h(limits);
  std::vector<std::unique_ptr<Peer>> many;
  for (int i = 0; i < 5; ++i) many.push_back(std::make_unique<Peer>(h.port, "127.0.0.9"));
  Peer other(h.port, "127.0.0.10");
  ASSERT_TRUE(h.poll_until([&] { return h.counters().accepted == 6; }));
  EXPECT_EQ(h.counters().open, 3u);
  many[3]->send(message(16));
  many[4]->send(message(16));
  ASSERT_TRUE(h.poll_until([&] { return h.counters().messages == 2; }));
  Peer one_more(h.port, "127.0.0.9");
  ASSERT_TRUE(h.poll_until([&] { return !h.refused.empty(); }));
  EXPECT_EQ(h.refused, std::vector{StreamRefusal::exporter_limit});
  other.send(message(16));
  ASSERT_TRUE(h.poll_until([&] { return h.counters().messages == 3; }));
  EXPECT_EQ(h.exporter, "127.0.0.10");
  EXPECT_EQ(h.imbalance(), "");
}

TEST(StreamListener, IncompleteMessagesAreBoundedInAll) {
  StreamLimits limits;
  limits.buffer_bytes = 100'000;
  Harness h(limits);
  const Bytes m = message(60'000);
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 5; ++i) {
    peers.push_back(std::make_unique<Peer>(h.port));
    peers.back()->send(ByteView(m).first(40'000));
    ASSERT_TRUE(h.poll_until([&] { return h.counters().bytes == 40'000u * static_cast<unsigned>(i + 1); }));
  }
  EXPECT_GE(h.count(StreamClose::buffer_limit), 3u);
  EXPECT_TRUE(h.closed.contains(1)) << "who waits the longest goes first";
  EXPECT_FALSE(h.closed.contains(5));
  peers.back()->send(ByteView(m).subspan(40'000));
  ASSERT_TRUE(h.poll_until([&] { return h.counters().messages == 1; }));
  EXPECT_EQ(h.imbalance(), "");
}

// Without descriptors nothing spins and nothing breaks; when there are some again, who waited gets in.
TEST(StreamListener, NoDescriptorLeft) {
  Harness h;
  Peer proven(h.port);
  proven.send(message(16));
  ASSERT_TRUE(h.poll_until([&] { return h.counters().messages == 1; }));
  Peer first(h.port);
  Peer second(h.port);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 3;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const bool paused = h.poll_until([&] { return !h.refused.empty(); });
  proven.send(message(16));
  const bool goes_on = h.poll_until([&] { return h.counters().messages == 2; });
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(paused);
  EXPECT_TRUE(goes_on);
  EXPECT_EQ(h.refused[0], StreamRefusal::no_descriptor);
  ASSERT_TRUE(h.poll_until([&] { return h.counters().accepted == 3; }));
  EXPECT_EQ(h.imbalance(), "");
}

// The last descriptor goes to a peer. Accepting once more fails, but nobody waits: nothing is refused or evicted.
TEST(StreamListener, TheLastDescriptorIsNotOneTooFew) {
  Harness h;
  Peer peer(h.port);
  const int next = ::dup(0);
  ASSERT_GE(next, 0);
  ::close(next);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit one_more = before;
  one_more.rlim_cur = static_cast<rlim_t>(next) + 1;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &one_more), 0);
  const bool accepted = h.poll_until([&] { return h.counters().accepted == 1; });
  peer.send(message(16));
  const bool served = h.poll_until([&] { return h.counters().messages == 1; });
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(accepted);
  EXPECT_TRUE(served);
  EXPECT_TRUE(h.refused.empty());
  EXPECT_EQ(h.counters().closed_in_all(), 0u);
}

TEST(StreamListener, PortInUseIsRefused) {
  Harness h;
  const ListenAddress taken{"127.0.0.1", h.port};
  const auto again = StreamListener::open({&taken, 1}, {}, std::nullopt, {});
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message.find("cannot listen on TCP 127.0.0.1"), std::string::npos) << again.error().message;
}

TEST(StreamSender, RefusesWhatIsNotIpfix) {
  Harness h;
  auto sender = Sender::open({"127.0.0.1", h.port, Transport::tcp});
  ASSERT_TRUE(sender && sender->add_source(std::nullopt));
  Bytes two = message(20);
  const Bytes second = message(30);
  two.insert(two.end(), second.begin(), second.end());
  ASSERT_TRUE(sender->send(0, two)) << "several whole ones in a datagram are fine";
  for (const Bytes& bad : {Bytes{}, Bytes{0, 9, 0, 1}, Bytes{0, 10, 0, 17, 1}, Bytes(48, 0)}) {
    ASSERT_TRUE(sender->send(0, bad));
  }
  Bytes short_by_one = message(20);
  short_by_one.pop_back();
  ASSERT_TRUE(sender->send(0, short_by_one));
  ASSERT_TRUE(sender->flush());
  EXPECT_EQ(sender->counts().not_ipfix, 5u);
  ASSERT_TRUE(h.poll_until([&] { return h.counters().messages == 2; }));
  EXPECT_EQ(h.imbalance(), "");
}

TEST(StreamSender, SaysThatNobodyListens) {
  uint16_t port = 0;
  {
    port = Harness().port;
  }
  auto sender = Sender::open({"127.0.0.1", port, Transport::tcp});
  ASSERT_TRUE(sender);
  const auto source = sender->add_source(std::nullopt);
  ASSERT_FALSE(source);
  EXPECT_NE(source.error().message.find("Connection refused"), std::string::npos) << source.error().message;
}

}  // namespace
}  // namespace weir::net
