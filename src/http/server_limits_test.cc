// Slow clients, too many of them, descriptors that run out: rows 46 to 50 of the table in docs/http.md.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "http/test_serving.h"

namespace weir::http {
namespace {

using std::chrono::milliseconds;

TEST(Server, SlowHeadsEndAtTheirDeadline) {
  Server::Options options;
  options.limits.header = milliseconds(50);
  TestServer server(std::move(options), serve);
  const auto began = std::chrono::steady_clock::now();
  TestClient client(server.port());
  client.send("GET /metrics HTTP/1.1\r\nX: ");
  // One byte after the other until the server has had enough: the deadline does not move.
  std::string answer;
  while (client.end() == TestClient::End::open) {
    client.send("y");
    pollfd readable{.fd = client.fd(), .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, 1) == 1) answer = client.receive_all();
  }
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(50));
  EXPECT_EQ(TestClient::status(answer), 408U);
  client.close();
  EXPECT_TRUE(eventually(server, [](const ServerCounters& c) { return closed(c, CloseReason::header_timeout) == 1; }));
  EXPECT_EQ(scrape(server.port()), 200U);
}

TEST(Server, SilentConnectionsEndWithoutAWord) {
  Server::Options options;
  options.limits.header = milliseconds(30);
  options.limits.idle = milliseconds(30);
  TestServer server(std::move(options), serve);
  TestClient silent(server.port());
  EXPECT_EQ(silent.receive_all(), "");
  TestClient idle(server.port());
  idle.send(kGood);
  EXPECT_EQ(TestClient::status(idle.receive_answer()), 200U);
  EXPECT_EQ(idle.receive_all(), "");
  const ServerCounters c = server.counters();
  EXPECT_EQ(closed(c, CloseReason::header_timeout), 1U);
  EXPECT_EQ(closed(c, CloseReason::idle_timeout), 1U);
}

TEST(Server, SlowBodiesEndAtTheirDeadline) {
  Server::Options options;
  options.limits.body = milliseconds(30);
  TestServer server(std::move(options), serve);
  TestClient client(server.port());
  client.send("GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(TestClient::status(client.receive_all()), 408U);
  EXPECT_EQ(bad(server.counters(), BadRequest::body_timeout), 1U);
}

TEST(Server, SlowReadersAreReset) {
  Server::Options options;
  options.limits.write = milliseconds(50);
  options.limits.write_bytes_per_second = size_t{1} << 40;
  TestServer server(std::move(options), serve);
  TestClient client(server.port(), 4096);
  client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(eventually(server, [](const ServerCounters& c) { return closed(c, CloseReason::write_timeout) == 1; }));
  client.receive_all();
  EXPECT_EQ(client.end(), TestClient::End::reset);
  EXPECT_EQ(scrape(server.port()), 200U);
}

TEST(Server, UnreadAnswersAreBounded) {
  Server::Options options;
  options.limits.unread_answers_bytes = size_t{20} << 20;  // two of 8 MB
  TestServer server(std::move(options), serve);
  std::deque<TestClient> clients;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back(server.port(), 4096).send("GET /distinct HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(
        eventually(server, [&](const ServerCounters& c) { return c.answers[0][0] == static_cast<uint64_t>(i + 1); }));
  }
  EXPECT_TRUE(eventually(server, [](const ServerCounters& c) { return closed(c, CloseReason::stalled) == 4; }));
  // One text that all of them read counts once.
  std::deque<TestClient> sharing;
  for (int i = 0; i < 6; ++i) sharing.emplace_back(server.port(), 4096).send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  for (TestClient& client : sharing) EXPECT_EQ(client.receive_answer().size() >> 20, 8U);
}

TEST(Server, TwoThousandSlowConnectionsAndScrapesGoOn) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  const size_t count = files.rlim_max >= 5000 ? 2000 : 400;
  rlimit raised = files;
  raised.rlim_cur = std::min<rlim_t>(files.rlim_max, 5000);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &raised), 0);
  TestServer server({}, serve);
  std::deque<TestClient> clients;
  size_t good = 0;
  for (size_t i = 0; i < count; ++i) {
    clients.emplace_back(server.port()).send(i % 2 == 0 ? "GET /metrics HT" : "");
    if (i % 20 == 0) good += scrape(server.port()) == 200 ? 1 : 0;
  }
  EXPECT_EQ(good, count / 20);
  EXPECT_EQ(scrape(server.port()), 200U);
  const ServerCounters c = server.counters();
  EXPECT_GT(closed(c, CloseReason::evicted), 0U);
  EXPECT_LE(c.open, ServerLimits().connections_per_peer);
  clients.clear();
  ::setrlimit(RLIMIT_NOFILE, &files);
}

// A crowd that connects in one moment does not push out a client whose request is there and only not read yet.
TEST(Server, ARequestThatWaitsToBeReadIsSpared) {
  for (int round = 0; round < 20; ++round) {
    Server::Options options;
    options.limits.connections = 4;
    TestServer server(std::move(options), serve);
    TestClient scraper(server.port());
    ASSERT_TRUE(eventually(server, [](const ServerCounters& c) { return c.open == 1; }));
    std::atomic<bool> go = false;
    server.server().post([&go] {
      while (!go) std::this_thread::yield();
    });
    std::deque<TestClient> crowd;  // first: so the server hears of it first
    for (int i = 0; i < 8; ++i) crowd.emplace_back(server.port());
    scraper.send(kGoodAndLast);
    go = true;
    EXPECT_EQ(TestClient::body(scraper.receive_all()), kScrape);
  }
}

TEST(Server, TheOldestIncompleteRequestGoesFirstThenTheIdleOnes) {
  Server::Options options;
  options.limits.connections = 4;
  TestServer server(std::move(options), serve);
  std::deque<TestClient> idle;
  for (int i = 0; i < 2; ++i) {
    idle.emplace_back(server.port()).send(kGood);
    EXPECT_EQ(TestClient::status(idle.back().receive_answer()), 200U);
  }
  TestClient older(server.port());
  older.send("GET /");
  ASSERT_TRUE(eventually(server, [](const ServerCounters& c) { return c.open == 3; }));
  TestClient newer(server.port());
  newer.send("GET /");
  ASSERT_TRUE(eventually(server, [](const ServerCounters& c) { return c.open == 4; }));
  EXPECT_EQ(scrape(server.port()), 200U);
  older.receive_all();
  EXPECT_EQ(older.end(), TestClient::End::reset);
  // Those that are left can go on.
  newer.send("metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(TestClient::status(newer.receive_answer()), 200U);
  for (TestClient& client : idle) {
    client.send(kGood);
    EXPECT_EQ(TestClient::status(client.receive_answer()), 200U);
  }
}

TEST(Server, BusyConnectionsAreNeverEvictedOthersAreTold) {
  Held held;
  Server::Options options;
  options.limits.connections = 3;
  options.limits.connections_per_peer = 4;
  TestServer server(std::move(options), held.handler());
  std::deque<TestClient> busy;
  for (int i = 0; i < 3; ++i) busy.emplace_back(server.port()).send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually(server, [&](const ServerCounters&) { return held.count() == 3; }));
  TestClient client(server.port());
  const std::string answer = client.receive_answer();
  EXPECT_EQ(TestClient::status(answer), 503U);
  EXPECT_EQ(TestClient::field(answer, "Retry-After"), "1");
  client.close();
  EXPECT_EQ(refused(server.counters(), Refusal::connection_limit), 1U);
  for (Responder& respond : held.take()) respond({.body = Body::literal("done\n")});
  for (TestClient& each : busy) EXPECT_EQ(TestClient::body(each.receive_answer()), "done\n");
  EXPECT_EQ(scrape(server.port()), 200U);
}

TEST(Server, LimitOfOnePeer) {
  Held held;
  Server::Options options;
  options.limits.connections_per_peer = 2;
  TestServer server(std::move(options), held.handler());
  std::deque<TestClient> busy;
  for (int i = 0; i < 2; ++i) busy.emplace_back(server.port()).send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually(server, [&](const ServerCounters&) { return held.count() == 2; }));
  TestClient client(server.port());
  EXPECT_EQ(TestClient::status(client.receive_all()), 503U);
  EXPECT_EQ(refused(server.counters(), Refusal::peer_limit), 1U);
  // Another address of the loopback network is another peer.
  Fd other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
  auto* const general = static_cast<sockaddr*>(static_cast<void*>(&address));
  ASSERT_EQ(::bind(other.get(), general, sizeof(address)), 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(server.port());
  ASSERT_EQ(::connect(other.get(), general, sizeof(address)), 0);
  TestClient second(std::move(other));
  second.send(kGoodAndLast);
  EXPECT_EQ(TestClient::status(second.receive_all()), 200U);
  held.take();
}

TEST(Server, TwoHundredScrapesAtOnce) {
  TestServer server({}, serve);
  std::deque<TestClient> clients;
  for (int i = 0; i < 200; ++i) clients.emplace_back(server.port());
  for (TestClient& client : clients) client.send(kGood);
  for (TestClient& client : clients) EXPECT_EQ(TestClient::status(client.receive_answer()), 200U);
}

// In a process of its own: 64 descriptors, 100 clients that stay. Scrapes go on, and the server does not spin.
TEST(Server, DescriptorsRunOut) {
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit few{.rlim_cur = 64, .rlim_max = 64};
    ::setrlimit(RLIMIT_NOFILE, &few);
    std::deque<Fd> files;
    Server::Options options;
    options.listen = {"127.0.0.1:0"};
    options.log = false;
    options.limits.connections = 1000;
    auto server = Server::create(std::move(options), [&](const Request& request, Responder respond) {
      // The rest of the program takes every descriptor that is left.
      for (Fd fd(::open("/dev/null", O_RDONLY)); fd; fd = Fd(::open("/dev/null", O_RDONLY)))
        files.push_back(std::move(fd));
      serve(request, std::move(respond));
    });
    if (!server) ::_exit(1);
    const uint16_t port = (*server)->ports().front();
    if (::write(ready[1], &port, sizeof(port)) != sizeof(port)) ::_exit(1);
    (void)(*server)->run();
    ::_exit(0);
  }
  uint16_t port = 0;
  ASSERT_EQ(::read(ready[0], &port, sizeof(port)), static_cast<ssize_t>(sizeof(port)));
  {
    std::deque<TestClient> clients;
    for (int i = 0; i < 100; ++i) {
      clients.emplace_back(port).send("GET /met");
      EXPECT_EQ(scrape(port), 200U) << i;
    }
    timespec before{};
    timespec after{};
    clockid_t clock = 0;
    ASSERT_EQ(::clock_getcpuclockid(child, &clock), 0);
    ASSERT_EQ(::clock_gettime(clock, &before), 0);
    EXPECT_EQ(scrape(port), 200U);
    std::this_thread::sleep_for(milliseconds(300));  // not to wait for something, but to see that nothing happens
    ASSERT_EQ(::clock_gettime(clock, &after), 0);
    const double used =
        static_cast<double>(after.tv_sec - before.tv_sec) + static_cast<double>(after.tv_nsec - before.tv_nsec) / 1e9;
    EXPECT_LT(used, 0.15);
  }
  EXPECT_EQ(scrape(port), 200U);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace weir::http
