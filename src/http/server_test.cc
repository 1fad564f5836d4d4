// The server's life with its clients: connections that end anywhere, what handlers are told, the end, timers, counters.
#include "http/server.h"

#include <gtest/gtest.h>

#include "http/test_serving.h"

namespace weir::http {
namespace {

using std::chrono::milliseconds;

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
  EXPECT_EQ(closed(server.counters(), CloseReason::failed), 50U);
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

TEST(Server, PostedWorkRunsInOrder) {
  Server::Options options;
  options.listen = {"127.0.0.1:0"};
  options.log = false;
  auto server = Server::create(std::move(options), serve);
  ASSERT_TRUE(server);
  std::string done;
  (*server)->post([&] {
    done += "a";
    (*server)->post([&] {
      done += "c";
      (*server)->stop();
    });
  });
  (*server)->post([&] { done += "b"; });
  EXPECT_TRUE((*server)->run());
  EXPECT_EQ(done, "abc");
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
  EXPECT_EQ(closed(c, CloseReason::as_agreed), 20U);
  EXPECT_EQ(closed(c, CloseReason::bad_request), 1U);
  telemetry::Exposition out;
  write_metrics(out, "weir_host", c);
  EXPECT_NE(out.text().find("weir_host_http_requests_total{handler=\"other\",code=\"200\"} 20\n"), std::string::npos)
      << out.text();
  EXPECT_NE(out.text().find("weir_host_http_bad_requests_total{reason=\"not_http\"} 1\n"), std::string::npos);
  EXPECT_NE(out.text().find("weir_host_http_connections 0\n"), std::string::npos);
}

}  // namespace
}  // namespace weir::http
