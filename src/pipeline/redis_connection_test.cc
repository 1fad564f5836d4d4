// A Redis that is slow, floods or lies costs no more than a connection may, and none keeps the process from ending;
// over TLS, too.
#include "pipeline/redis_connection.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <thread>

#include "base/fd.h"
#include "net/socket_address.h"
#include "pipeline/test_certificate.h"
#include "pipeline/test_support.h"

namespace weir::pipeline {
namespace {

using std::chrono::milliseconds;
using Clock = Patience::Clock;

constexpr milliseconds kLong{20'000};  // a deadline for what must come, never a pause

// What a server over TLS shows, and who believes it.
struct TestTls {
  test::Folder folder;
  test::CertificateFiles files = test::make_certificate(folder.path(), "IP:127.0.0.1");
  net::TlsContext server = *net::TlsContext::server({files.certificate, files.key, ""});
  RedisTls client{*net::TlsContext::client({files.certificate, "", "", false}), "127.0.0.1"};
};

// Takes one connection, and does to it what the test says.
class Server {
 public:
  using Serve = std::function<void(Server&)>;

  explicit Server(Serve serve, const TestTls* tls = nullptr)
      : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const net::SocketAddress any(*IpAddress::parse("127.0.0.1"), 0);
    EXPECT_EQ(bind(listening_.get(), any.get(), any.size()), 0);
    EXPECT_EQ(listen(listening_.get(), 1), 0);
    url.tls = tls != nullptr;
    url.host = "127.0.0.1";
    url.port = net::SocketAddress::of_socket(listening_.get()).port();
    thread_ = std::thread([this, tls, serve = std::move(serve)] {
      net::block_sigpipe();
      peer_ = Fd(accept(listening_.get(), nullptr, nullptr));
      if (tls != nullptr && peer_) {
        tls_.emplace(net::TlsChannel::server(tls->server, peer_.get()));
        if (tls_->handshake().status != net::IoStatus::done) return;
      }
      serve(*this);
    });
  }
  ~Server() {
    gone = true;
    shutdown(listening_.get(), SHUT_RDWR);
    thread_.join();
  }

  // One command has come: these tests send a command in one piece.
  bool hears() {
    uint8_t text[4096];
    if (tls_) return tls_->read(text).status == net::IoStatus::done;
    return recv(peer_.get(), text, sizeof text, 0) > 0;
  }
  // False once the other end is gone.
  bool say(std::string_view text) {
    while (!text.empty()) {
      const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
      const net::Io io = tls_ ? tls_->write({bytes, text.size()}) : net::Io{net::IoStatus::done, 0};
      const ssize_t sent = tls_ ? static_cast<ssize_t>(io.bytes) : send(peer_.get(), bytes, text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  void hang_up() { shutdown(peer_.get(), SHUT_WR); }
  // What every connection begins with: the database is chosen.
  void greet() {
    if (hears()) say("+OK\r\n");
  }

  RedisUrl url;
  std::atomic<bool> gone = false;

 private:
  Fd listening_;
  Fd peer_;
  std::optional<net::TlsChannel> tls_;
  std::thread thread_;
};

class RedisConnections : public testing::TestWithParam<bool> {
 protected:
  Result<RedisConnection> open(const Server& server, milliseconds timeout, const Patience& patience) {
    return RedisConnection::open(server.url, timeout, patience, GetParam() ? std::optional(tls_.client) : std::nullopt);
  }
  Result<RedisConnection::Reply> ask(const Server& server, const Patience& patience, milliseconds timeout) {
    auto connection = open(server, timeout, patience);
    if (!connection) return std::unexpected(connection.error());
    return connection->run({"GET", "key"});
  }
  // The error of a server that greets, and then answers with this.
  std::string error_of(const std::string& answer) {
    const Patience patience;
    Server server(
        [&](Server& s) {
          s.greet();
          if (s.hears()) s.say(answer);
          s.hang_up();
        },
        tls());
    const auto reply = ask(server, patience, kLong);
    return reply ? "none" : reply.error().message;
  }
  const TestTls* tls() const { return GetParam() ? &tls_ : nullptr; }

  TestTls tls_;
};

std::string repeat(std::string_view text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_P(RedisConnections, ReadsAnswersInOrder) {
  const Patience patience;
  Server server(
      [](Server& s) {
        s.greet();
        if (s.hears()) s.say("$5\r\nhe\r\no\r\n-ERR no\r\n*2\r\n$1\r\na\r\n*3\r\n:7\r\n$-1\r\n+b\r\n");
      },
      tls());
  auto connection = open(server, kLong, patience);
  ASSERT_TRUE(connection) << connection.error().message;
  for (int i = 0; i < 3; ++i) connection->add({"GET", "x"});
  const auto text = connection->read();
  const auto error = connection->read();
  const auto list = connection->read();
  ASSERT_TRUE(text && error && list);
  EXPECT_EQ(text->text(), "he\r\no");
  EXPECT_EQ(text->size(), 0u);
  EXPECT_EQ(error->error(), "ERR no");
  EXPECT_EQ(error->text(), "");
  ASSERT_EQ(list->size(), 2u);
  EXPECT_EQ(list->at(0).text(), "a");
  ASSERT_EQ(list->at(1).size(), 3u);
  EXPECT_EQ(list->at(1).at(0).text(), "");
  EXPECT_EQ(list->at(1).at(1).text(), "");
  EXPECT_EQ(list->at(1).at(2).text(), "b");
}

// Each byte comes in time; the answer does not.
TEST_P(RedisConnections, AnAnswerThatDripsIsGivenUp) {
  const Patience patience;
  Server server(
      [](Server& s) {
        s.greet();
        if (!s.hears() || !s.say("$1000000\r\n")) return;
        while (s.say("x")) std::this_thread::sleep_for(milliseconds{1});
      },
      tls());
  const auto reply = ask(server, patience, milliseconds{300});
  ASSERT_FALSE(reply);
  EXPECT_TRUE(has(reply.error().message, "no answer in time")) << reply.error().message;
}

TEST_P(RedisConnections, TheEndOfTheProcessEndsTheWait) {
  Patience patience;
  Server server(
      [&](Server& s) {
        s.greet();
        if (!s.hears() || !s.say("$1000000\r\n")) return;
        patience.end_within(milliseconds{0});
        while (s.say("x")) std::this_thread::sleep_for(milliseconds{1});
      },
      tls());
  const auto reply = ask(server, patience, std::chrono::hours{1});
  ASSERT_FALSE(reply);
  EXPECT_TRUE(has(reply.error().message, "no answer before the end")) << reply.error().message;
  EXPECT_TRUE(patience.ended());
}

TEST_P(RedisConnections, AServerThatDoesNotReadIsGivenUp) {
  Patience patience;
  Server server(
      [&](Server& s) {
        s.greet();
        s.hears();
        patience.end_within(milliseconds{0});
        while (!s.gone) std::this_thread::sleep_for(milliseconds{1});
      },
      tls());
  auto connection = open(server, std::chrono::hours{1}, patience);
  ASSERT_TRUE(connection) << connection.error().message;
  EXPECT_FALSE(connection->run({"SET", "key", std::string(64 << 20, 'x')}));
}

TEST_P(RedisConnections, AnAnswerOfTooManyBytesIsGivenUp) {
  const std::string error = error_of("$100000000\r\n" + std::string(RedisConnection::kMostReplyBytes + (1 << 20), 'x'));
  EXPECT_TRUE(has(error, "more than 20971520 bytes")) << error;
}

// Each of them is 4 bytes on the wire, and many times that in memory.
TEST_P(RedisConnections, AnAnswerOfTooManyValuesIsGivenUp) {
  const size_t most = RedisConnection::kMostReplyValues;
  EXPECT_TRUE(has(error_of("*2000000\r\n" + repeat("*0\r\n", 2'000'000)), "more than 10000 values"));
  EXPECT_TRUE(has(error_of(fmt::format("*{}\r\n", most) + repeat(":1\r\n", most)), "more than 10000 values"));
  EXPECT_EQ(error_of(fmt::format("*{}\r\n", most - 1) + repeat(":1\r\n", most - 1)), "none");
}

TEST_P(RedisConnections, LiesAreErrors) {
  for (const std::string lie : {"*2147483647\r\n+x\r\n", "*-7\r\n", "*99999999999999999999\r\n", "$99999\r\nabc\r\n",
                                "nonsense\r\n", ":x\r\n", "\r\n", "%1\r\n+a\r\n+b\r\n", ""}) {
    EXPECT_NE(error_of(lie), "none") << lie;
  }
  const std::string deep = error_of(repeat("*1\r\n", 1'000'000));
  EXPECT_TRUE(has(deep, "nested")) << deep;
}

TEST(RedisConnection, SaysWhyItCannotConnect) {
  const Patience patience;
  RedisUrl url;
  {
    const Server closed([](Server&) {});
    url = closed.url;
  }
  const auto refused = RedisConnection::open(url, kLong, patience);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(has(refused.error().message, "cannot connect to redis://127.0.0.1:")) << refused.error().message;
  EXPECT_TRUE(has(refused.error().message, "onnection refused")) << refused.error().message;
  url.host = "no-such-host.invalid";
  EXPECT_FALSE(RedisConnection::open(url, kLong, patience));
}

INSTANTIATE_TEST_SUITE_P(Plain, RedisConnections, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Tls, RedisConnections, testing::Values(true));

// Many records that have come before the first is read: TLS takes them from the socket at once, which tells of none
// then.
TEST(RedisTls, WhatWasReadAheadIsNotWaitedFor) {
  constexpr int kRecords = 50;
  const TestTls tls;
  const Patience patience;
  std::promise<void> said;
  Server server(
      [&](Server& s) {
        s.greet();
        if (s.hears()) s.say("+a\r\n");
        for (int i = 0; i < kRecords; ++i) s.say("+b\r\n");
        said.set_value();
        while (!s.gone) std::this_thread::sleep_for(milliseconds{1});
      },
      &tls);
  auto connection = RedisConnection::open(server.url, kLong, patience, tls.client);
  ASSERT_TRUE(connection) << connection.error().message;
  ASSERT_TRUE(connection->run({"GET", "x"}));
  said.get_future().wait();
  std::string all;
  for (int i = 0; i < kRecords; ++i) {
    const auto reply = connection->read();
    ASSERT_TRUE(reply) << i << ": " << reply.error().message;
    all += reply->text();
  }
  EXPECT_EQ(all, std::string(kRecords, 'b'));
}

TEST(RedisTls, AsksWhoTheServerIs) {
  const TestTls tls;
  const TestTls other;
  const auto refusal = [&](const RedisTls& client) {
    const Patience patience;
    const Server server([](Server& s) { s.hang_up(); }, &tls);
    const auto connection = RedisConnection::open(server.url, kLong, patience, client);
    return connection ? "none" : connection.error().message;
  };
  RedisTls named = tls.client;
  named.server_name = "elsewhere.example.net";
  EXPECT_TRUE(has(refusal(named), "TLS: certificate verify failed: hostname mismatch")) << refusal(named);
  EXPECT_TRUE(has(refusal(other.client), "certificate verify failed")) << refusal(other.client);
  RedisTls blind = other.client;
  blind.context = *net::TlsContext::client({"", "", "", true});
  EXPECT_FALSE(has(refusal(blind), "verify")) << refusal(blind);
}

TEST(RedisTls, AHandshakeThatDoesNotComeIsGivenUp) {
  const TestTls tls;
  Patience patience;
  Server server([&](Server& s) {
    patience.end_within(milliseconds{0});
    while (!s.gone) std::this_thread::sleep_for(milliseconds{1});
  });
  server.url.tls = true;
  const auto connection = RedisConnection::open(server.url, std::chrono::hours{1}, patience, tls.client);
  ASSERT_FALSE(connection);
  EXPECT_TRUE(has(connection.error().message, "no TLS handshake in time")) << connection.error().message;
}

TEST(Patience, TellsWhatIsThereEvenWithoutTime) {
  std::array<int, 2> pair{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()), 0);
  const Fd a(pair[0]);
  const Fd b(pair[1]);
  Patience patience;
  EXPECT_EQ(patience.wait(a.get(), POLLIN, Clock::now()), 0);
  EXPECT_EQ(patience.wait(a.get(), POLLIN | POLLOUT, Clock::now()), POLLOUT);
  patience.end_within(milliseconds{0});
  EXPECT_TRUE(patience.ended());
  EXPECT_EQ(patience.wait(a.get(), POLLIN, Clock::now() + std::chrono::hours{1}), 0);
  EXPECT_EQ(patience.wait(a.get(), POLLOUT, Clock::now() + std::chrono::hours{1}), POLLOUT);
}

}  // namespace
}  // namespace weir::pipeline
