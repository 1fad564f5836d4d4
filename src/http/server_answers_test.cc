// Answers that come later, from other threads, too late or not at all.
#include <gtest/gtest.h>

#include "http/test_serving.h"

namespace weir::http {
namespace {

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

}  // namespace
}  // namespace weir::http
