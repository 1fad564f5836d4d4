// The server's life with its clients: connections that end anywhere, slow ones, too many of them, answers that come
// later, descriptors that run out.
#include "http/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <atomic>
#include <deque>
#include <mutex>

#include "http/listen.h"
#include "http/test_client.h"

namespace weir::http {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kGood = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view kGoodAndLast = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
constexpr std::string_view kScrape = "up 1\n";

void serve(const Request& request, Responder respond) {
  static const auto large = std::make_shared<const std::string>(size_t{8} << 20, 'x');
  if (request.path == "/large") return respond({.body = large});
  if (request.path == "/distinct") return respond({.body = Body(std::string(size_t{8} << 20, 'y'))});
  if (request.path != "/metrics") return respond({.status = 404, .body = Body::literal("not found\n")});
  respond({.body = Body::literal(kScrape)});
}

unsigned scrape(uint16_t port) {
  TestClient client(port);
  client.send(kGoodAndLast);
  const std::string answer = client.receive_all();
  return TestClient::body(answer) == kScrape ? TestClient::status(answer) : 0;
}

uint64_t closed(const ServerCounters& c, Close reason) { return c.closed[static_cast<size_t>(reason)]; }
uint64_t refused(const ServerCounters& c, Refusal reason) { return c.refused[static_cast<size_t>(reason)]; }
uint64_t bad(const ServerCounters& c, BadRequest reason) { return c.bad_requests[static_cast<size_t>(reason)]; }

// Asks until it is so: events at the server follow those at the client.
template <class Condition>
bool eventually(TestServer& server, Condition condition) {
  const auto patience = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < patience) {
    if (condition(server.counters())) return true;
    std::this_thread::yield();
  }
  return false;
}

// ---- rows 1, 2, 8, 22 ----

TEST(Server, ConnectAndCloseOrResetAtOnce) {
  TestServer server({}, serve);
  for (int i = 0; i < 500; ++i) {
    TestClient client(server.port());
    i % 2 == 0 ? client.close() : client.reset();
  }
  EXPECT_EQ(scrape(server.port()), 200U);
  EXPECT_TRUE(eventually(server, [](const ServerCounters& c) { return c.open == 0; }));
}

// The report that this server owes its existence to: a port scan, then text without an end.
TEST(Server, TheReportThatStartedThis) {
  TestServer server({}, serve);
  TestClient(server.port()).close();
  TestClient client(server.port());
  client.send(std::string(2048, 'a'));
  EXPECT_EQ(TestClient::status(client.receive_answer()), 501U);
  EXPECT_EQ(client.receive_all(), "");
  TestClient stop(server.port());
  stop.send("GET /stopme HTTP/1.0\r\n\r\n");
  EXPECT_EQ(TestClient::status(stop.receive_all()), 404U);
  EXPECT_EQ(scrape(server.port()), 200U);
}

TEST(Server, ClientsThatLeaveWhileTheyAreAnswered) {
  TestServer server({}, serve);
  for (int i = 0; i < 50; ++i) {
    TestClient client(server.port());
    client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    client.receive_until([](const std::string& text) { return text.size() > 1000; });
    i % 2 == 0 ? client.close() : client.reset();
  }
  EXPECT_EQ(scrape(server.port()), 200U);
  EXPECT_TRUE(eventually(server, [](const ServerCounters& c) { return c.open == 0; }));
  EXPECT_EQ(closed(server.counters(), Close::failed), 50U);
}

TEST(Server, HeadIsGetWithoutTheBody) {
  TestServer server({}, serve);
  TestClient client(server.port());
  client.send("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string head = client.receive_answer(true);
  EXPECT_EQ(TestClient::status(head), 200U);
  EXPECT_EQ(TestClient::field(head, "Content-Length"), "5");
  client.send("HEAD /none HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(TestClient::status(client.receive_answer(true)), 404U);
  client.send(kGoodAndLast);
  EXPECT_TRUE(client.receive_all().ends_with("\r\n\r\nup 1\n"));
}

// ---- rows 46, 47: deadlines ----

TEST(Server, SlowHeadsEndAtTheirDeadline) {
  Server::Options options;
  options.limits.header = milliseconds(50);
  TestServer server(std::move(options), serve);
  const auto began = std::chrono::steady_clock::now();
  TestClient client(server.port());
  client.send("GET /metrics HTTP/1.1\r\nX: ");
  // One octet after the other until the server has had enough: the deadline does not move.
  std::string answer;
  while (client.end() == TestClient::End::open) {
    client.send("y");
    pollfd readable{.fd = client.fd(), .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, 1) == 1) answer = client.receive_all();
  }
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(50));
  EXPECT_EQ(TestClient::status(answer), 408U);
  client.close();
  EXPECT_TRUE(eventually(server, [](const ServerCounters& c) { return closed(c, Close::header_timeout) == 1; }));
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
  EXPECT_EQ(closed(c, Close::header_timeout), 1U);
  EXPECT_EQ(closed(c, Close::idle_timeout), 1U);
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
  EXPECT_TRUE(eventually(server, [](const ServerCounters& c) { return closed(c, Close::write_timeout) == 1; }));
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
  EXPECT_TRUE(eventually(server, [](const ServerCounters& c) { return closed(c, Close::stalled) == 4; }));
  // One text that all of them read counts once.
  std::deque<TestClient> sharing;
  for (int i = 0; i < 6; ++i) sharing.emplace_back(server.port(), 4096).send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  for (TestClient& client : sharing) EXPECT_EQ(client.receive_answer().size() >> 20, 8U);
}

// ---- rows 48 to 50: many ----

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
  EXPECT_GT(closed(c, Close::evicted), 0U);
  EXPECT_LE(c.open, Limits().connections_per_peer);
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

// Holds requests until it is told to answer them.
class Held {
 public:
  Handler handler() {
    return [this](const Request& request, Responder respond) {
      if (request.path == "/metrics") return serve(request, std::move(respond));
      const std::lock_guard lock(mutex_);
      held_.push_back(std::move(respond));
      ++count_;
    };
  }
  size_t count() const { return count_; }
  std::deque<Responder> take() {
    const std::lock_guard lock(mutex_);
    return std::move(held_);
  }

 private:
  std::mutex mutex_;
  std::deque<Responder> held_;
  std::atomic<size_t> count_ = 0;
};

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

// ---- answers that come later ----

TEST(Server, AnswersFromOtherThreads) {
  Held held;
  TestServer server({}, held.handler());
  TestClient client(server.port());
  client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually(server, [&](const ServerCounters&) { return held.count() == 1; }));
  std::thread([&] { held.take().front()({.body = Body::literal("late\n")}); }).join();
  EXPECT_EQ(TestClient::body(client.receive_answer()), "late\n");
  EXPECT_EQ(TestClient::body(client.receive_answer()), kScrape);
}

TEST(Server, ARequestThatNobodyAnswersIsAnInternalError) {
  Held held;
  TestServer server({}, held.handler());
  TestClient client(server.port());
  client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually(server, [&](const ServerCounters&) { return held.count() == 1; }));
  held.take().clear();
  EXPECT_EQ(TestClient::status(client.receive_answer()), 500U);
}

TEST(Server, HandlersThatThrow) {
  TestServer server({}, [](const Request& request, Responder respond) {
    if (request.path == "/throw") throw std::runtime_error("x");
    serve(request, std::move(respond));
  });
  TestClient client(server.port());
  client.send("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(TestClient::status(client.receive_answer()), 500U);
  EXPECT_EQ(scrape(server.port()), 200U);
}

TEST(Server, AnswersForClientsAndServersThatAreGone) {
  Held held;
  std::deque<Responder> late;
  {
    TestServer server({}, held.handler());
    TestClient client(server.port());
    client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(eventually(server, [&](const ServerCounters&) { return held.count() == 1; }));
    client.reset();
    for (Responder& respond : held.take()) respond({.body = Body::literal("late\n")});
    EXPECT_EQ(scrape(server.port()), 200U);
    TestClient second(server.port());
    second.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(eventually(server, [&](const ServerCounters&) { return held.count() == 2; }));
    late = held.take();
    server.stop();
  }
  late.front()({.body = Body::literal("too late\n")});
}

// ---- what handlers are told ----

TEST(Server, RequestsAreTakenApart) {
  std::string seen;
  TestServer server({}, [&](const Request& request, Responder respond) {
    seen = fmt::format("{}|{}|", request.path, request.peer);
    for (const Parameter& p : request.query) seen += fmt::format("{}={};", p.name, p.value);
    seen += fmt::format("|{}|{}|{}", request.accept, request.accept_encoding, request.scrape_timeout_s.value_or(-1));
    respond({.body = Body(seen)});
  });
  const auto ask = [&](std::string_view target, std::string_view fields) {
    TestClient client(server.port());
    client.send(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{}\r\n", target, fields));
    return TestClient::body(client.receive_all());
  };
  EXPECT_EQ(ask("/a%20b?x=1&y&=z&&p=a+b%2b%26", ""), "/a b|127.0.0.1|x=1;y=;=z;p=a b+&;|||-1");
  EXPECT_EQ(ask("/", "Accept: a\r\nAccept: b\r\nAccept-Encoding: gzip\r\n"), "/|127.0.0.1||a,b|gzip|-1");
  EXPECT_EQ(ask("/", "X-Prometheus-Scrape-Timeout-Seconds: 9.5\r\n"), "/|127.0.0.1||||9.5");
  for (const std::string_view odd : {"-1", "0", "nan", "inf", "1e99", "5s", "", "0x5"}) {
    EXPECT_EQ(ask("/", fmt::format("X-Prometheus-Scrape-Timeout-Seconds: {}\r\n", odd)), "/|127.0.0.1||||-1") << odd;
  }
}

// ---- addresses ----

TEST(Server, ListensOnUnixSocketsAndRemovesThem) {
  const std::string path = testing::TempDir() + "weir-http-test.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  auto* const general = static_cast<sockaddr*>(static_cast<void*>(&address));
  // A socket that a dead process has left is in nobody's way.
  {
    const Fd stale(::socket(AF_UNIX, SOCK_STREAM, 0));
    ::unlink(path.c_str());
    ASSERT_EQ(::bind(stale.get(), general, sizeof(address)), 0);
  }
  {
    Server::Options options;
    options.listen = {"unix:" + path};
    TestServer server(std::move(options), serve);
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(fd.get(), general, sizeof(address)), 0);
    TestClient client(std::move(fd));
    client.send(kGoodAndLast);
    EXPECT_EQ(TestClient::status(client.receive_all()), 200U);
    // One that somebody listens on is.
    Server::Options second;
    second.listen = {path};
    const auto refusal = Server::create(std::move(second), serve);
    ASSERT_FALSE(refusal);
    EXPECT_NE(refusal.error().message.find(path), std::string::npos);
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

TEST(Server, ListensOnEveryAddressAndOnInheritedSockets) {
  Server::Options options;
  options.listen = {":0"};
  TestServer server(std::move(options), serve);
  EXPECT_EQ(scrape(server.port()), 200U);  // IPv4, to a socket of IPv6

  auto inherited = listen_on("127.0.0.1:0");
  ASSERT_TRUE(inherited);
  Server::Options adopting;
  adopting.listen = {"127.0.0.1:0"};
  adopting.adopted.push_back(std::move(inherited->front().fd));
  TestServer second(std::move(adopting), serve);
  EXPECT_EQ(second.server().ports().size(), 2U);
  for (const uint16_t port : second.server().ports()) EXPECT_EQ(scrape(port), 200U);
  EXPECT_FALSE(adopt(Fd(::socket(AF_INET, SOCK_STREAM, 0))));
  EXPECT_FALSE(adopt(Fd(::open("/dev/null", O_RDONLY))));
}

TEST(Server, BadAddressesAreNamed) {
  for (const char* const text : {"", "x", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", ":-1", "::1:80", "[::1:80",
                                 "[]:80", "unix:", "300.1.1.1.invalid:80"}) {
    Server::Options options;
    options.listen = {text};
    const auto server = Server::create(std::move(options), serve);
    ASSERT_FALSE(server) << text;
    EXPECT_NE(server.error().message.find(text), std::string::npos) << server.error().message;
  }
  TestServer server({}, serve);
  Server::Options taken;
  taken.listen = {fmt::format("127.0.0.1:{}", server.port())};
  const auto second = Server::create(std::move(taken), serve);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("another program listens there"), std::string::npos) << second.error().message;
}

// ---- the end, timers, counters ----

TEST(Server, StopLetsAnswersEnd) {
  Held held;
  TestServer server({}, held.handler());
  TestClient idle(server.port());
  idle.send(kGood);
  idle.receive_answer();
  TestClient busy(server.port());
  busy.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually(server, [&](const ServerCounters&) { return held.count() == 1; }));
  server.server().stop();
  EXPECT_EQ(idle.receive_all(), "");
  for (Responder& respond : held.take()) respond({.body = Body::literal("last\n")});
  EXPECT_EQ(TestClient::body(busy.receive_all()), "last\n");
  server.stop();
}

TEST(Server, PeriodicWorkAndPosts) {
  Server::Options options;
  options.listen = {"127.0.0.1:0"};
  options.log = false;
  auto server = Server::create(std::move(options), serve);
  ASSERT_TRUE(server);
  int ticks = 0;
  (*server)->every(milliseconds(1), [&] {
    if (++ticks == 3) (*server)->post([&] { (*server)->stop(); });
  });
  EXPECT_TRUE((*server)->run());
  EXPECT_EQ(ticks, 3);
}

TEST(Server, RequestsAreCountedByPath) {
  TestServer server(
      {.listen = {}, .adopted = {}, .handlers = {"/metrics", "/never", "/metrics"}, .limits = {}, .web_config = {}},
      serve);
  TestClient client(server.port());
  const auto ask = [&](const std::string& what) {
    client.send(what + " HTTP/1.1\r\nHost: x\r\n\r\n");
    client.receive_answer(what.starts_with("HEAD"));
  };
  for (const char* what : {"GET /metrics", "HEAD /metrics?x=1", "GET /%6Detrics", "GET http://x/metrics",
                           "POST /metrics", "GET /metrics/", "GET /elsewhere", "OPTIONS *", "GET /metrics?%"})
    ask(what);
  telemetry::Exposition out;
  write_metrics(out, "a", server.counters());
  const std::string_view text = out.text();
  const size_t begin = text.find("a_http_requests_total{");
  EXPECT_EQ(text.substr(begin, text.find('#', begin) - begin),
            "a_http_requests_total{handler=\"/metrics\",code=\"200\"} 4\n"
            "a_http_requests_total{handler=\"/metrics\",code=\"400\"} 1\n"
            "a_http_requests_total{handler=\"/metrics\",code=\"405\"} 1\n"
            "a_http_requests_total{handler=\"/never\",code=\"200\"} 0\n"
            "a_http_requests_total{handler=\"other\",code=\"200\"} 0\n"
            "a_http_requests_total{handler=\"other\",code=\"204\"} 1\n"
            "a_http_requests_total{handler=\"other\",code=\"404\"} 2\n");
}

TEST(Server, EveryConnectionIsAccountedFor) {
  TestServer server({}, serve);
  for (int i = 0; i < 20; ++i) scrape(server.port());
  TestClient open(server.port());
  open.send("\x01");
  open.receive_all();
  open.close();
  ASSERT_TRUE(eventually(server, [](const ServerCounters& c) { return c.open == 0; }));
  const ServerCounters c = server.counters();
  uint64_t ended = 0;
  for (const uint64_t each : c.closed) ended += each;
  EXPECT_EQ(c.accepted, 21U);
  EXPECT_EQ(ended, 21U);
  EXPECT_EQ(closed(c, Close::as_agreed), 20U);
  EXPECT_EQ(closed(c, Close::bad_request), 1U);
  telemetry::Exposition out;
  write_metrics(out, "weir_host", c);
  EXPECT_NE(out.text().find("weir_host_http_requests_total{handler=\"other\",code=\"200\"} 20\n"), std::string::npos)
      << out.text();
  EXPECT_NE(out.text().find("weir_host_http_bad_requests_total{reason=\"not_http\"} 1\n"), std::string::npos);
  EXPECT_NE(out.text().find("weir_host_http_connections 0\n"), std::string::npos);
}

}  // namespace
}  // namespace weir::http
