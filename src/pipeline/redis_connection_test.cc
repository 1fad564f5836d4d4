// A Redis that is slow, floods or lies costs no more than a connection may, and none keeps the process from ending.
#include "pipeline/redis_connection.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <thread>

#include "base/fd.h"
#include "net/socket_address.h"

namespace weir::pipeline {
namespace {

using std::chrono::milliseconds;
using Clock = Patience::Clock;

constexpr milliseconds kLong{20'000};  // a deadline for what must come, never a pause

// Takes one connection, and does to it what the test says.
class Server {
 public:
  using Serve = std::function<void(Server&)>;

  explicit Server(Serve serve) : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const net::SocketAddress any(*IpAddress::parse("127.0.0.1"), 0);
    EXPECT_EQ(bind(listening_.get(), any.get(), any.size()), 0);
    EXPECT_EQ(listen(listening_.get(), 1), 0);
    url.host = "127.0.0.1";
    url.port = net::SocketAddress::of_socket(listening_.get()).port();
    thread_ = std::thread([this, serve = std::move(serve)] {
      peer_ = Fd(accept(listening_.get(), nullptr, nullptr));
      serve(*this);
    });
  }
  ~Server() {
    gone = true;
    shutdown(listening_.get(), SHUT_RDWR);
    thread_.join();
  }

  // One command has come: these tests send a command in one piece.
  bool hears() const {
    char text[4096];
    return recv(peer_.get(), text, sizeof text, 0) > 0;
  }
  // False once the other end is gone.
  bool say(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = send(peer_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  void hang_up() const { shutdown(peer_.get(), SHUT_WR); }
  // What every connection begins with: the database is chosen.
  void greet() const {
    if (hears()) say("+OK\r\n");
  }

  RedisUrl url;
  std::atomic<bool> gone = false;

 private:
  Fd listening_;
  Fd peer_;
  std::thread thread_;
};

Result<RedisConnection::Reply> ask(const Server& server, const Patience& patience, milliseconds timeout) {
  auto connection = RedisConnection::open(server.url, timeout, patience);
  if (!connection) return std::unexpected(connection.error());
  return connection->run({"GET", "key"});
}

// The error of a server that greets, and then answers with this.
std::string error_of(const std::string& answer) {
  const Patience patience;
  Server server([&](Server& s) {
    s.greet();
    if (s.hears()) s.say(answer);
    s.hang_up();
  });
  const auto reply = ask(server, patience, kLong);
  return reply ? "none" : reply.error().message;
}

std::string repeat(std::string_view text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(RedisConnection, ReadsAnswersInOrder) {
  const Patience patience;
  Server server([](Server& s) {
    s.greet();
    if (s.hears()) s.say("$5\r\nhe\r\no\r\n-ERR no\r\n*2\r\n$1\r\na\r\n*3\r\n:7\r\n$-1\r\n+b\r\n");
  });
  auto connection = RedisConnection::open(server.url, kLong, patience);
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
TEST(RedisConnection, AnAnswerThatDripsIsGivenUp) {
  const Patience patience;
  Server server([](Server& s) {
    s.greet();
    if (!s.hears() || !s.say("$1000000\r\n")) return;
    while (s.say("x")) std::this_thread::sleep_for(milliseconds{1});
  });
  const auto reply = ask(server, patience, milliseconds{300});
  ASSERT_FALSE(reply);
  EXPECT_TRUE(has(reply.error().message, "no answer in time")) << reply.error().message;
}

TEST(RedisConnection, TheEndOfTheProcessEndsTheWait) {
  Patience patience;
  Server server([&](Server& s) {
    s.greet();
    if (!s.hears() || !s.say("$1000000\r\n")) return;
    patience.end_within(milliseconds{0});
    while (s.say("x")) std::this_thread::sleep_for(milliseconds{1});
  });
  const auto reply = ask(server, patience, std::chrono::hours{1});
  ASSERT_FALSE(reply);
  EXPECT_TRUE(has(reply.error().message, "no answer before the end")) << reply.error().message;
  EXPECT_TRUE(patience.ended());
}

TEST(RedisConnection, AServerThatDoesNotReadIsGivenUp) {
  Patience patience;
  Server server([&](Server& s) {
    s.greet();
    s.hears();
    patience.end_within(milliseconds{0});
    while (!s.gone) std::this_thread::sleep_for(milliseconds{1});
  });
  auto connection = RedisConnection::open(server.url, std::chrono::hours{1}, patience);
  ASSERT_TRUE(connection) << connection.error().message;
  EXPECT_FALSE(connection->run({"SET", "key", std::string(64 << 20, 'x')}));
}

TEST(RedisConnection, AnAnswerOfTooManyBytesIsGivenUp) {
  const std::string error = error_of("$100000000\r\n" + std::string(RedisConnection::kMostReplyBytes + (1 << 20), 'x'));
  EXPECT_TRUE(has(error, "more than 20971520 bytes")) << error;
}

// Each of them is 4 bytes on the wire, and many times that in memory.
TEST(RedisConnection, AnAnswerOfTooManyValuesIsGivenUp) {
  const size_t most = RedisConnection::kMostReplyValues;
  EXPECT_TRUE(has(error_of("*2000000\r\n" + repeat("*0\r\n", 2'000'000)), "more than 10000 values"));
  EXPECT_TRUE(has(error_of(fmt::format("*{}\r\n", most) + repeat(":1\r\n", most)), "more than 10000 values"));
  EXPECT_EQ(error_of(fmt::format("*{}\r\n", most - 1) + repeat(":1\r\n", most - 1)), "none");
}

TEST(RedisConnection, LiesAreErrors) {
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
