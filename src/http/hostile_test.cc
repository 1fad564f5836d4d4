// Hostile input over real sockets: every class of it that is known (http/hostile_cases.h); after each case a good
// scrape is served.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <random>

#include "http/hostile_cases.h"
#include "http/test_client.h"

namespace weir::http {
namespace {

using namespace hostile;

Server::Options test_options() {
  Server::Options options;
  options.limits.pipelined = 20;
  return options;
}

Handler scrape_handler() {
  return [](const Request& request, Responder respond) {
    if (request.path != "/metrics") return respond({.status = 404, .body = Body::literal("not found\n")});
    respond({.body = Body::literal(kScrape)});
  };
}

void expect_scrape(uint16_t port) {
  TestClient client(port);
  client.send("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = client.receive_all();
  EXPECT_EQ(TestClient::status(answer), 200U) << answer;
  EXPECT_EQ(TestClient::body(answer), kScrape);
}

bool has_line(const std::string& answer, const std::string& line) {
  return answer.find("\r\n" + line + "\r\n") != std::string::npos;
}

void run_case(const Case& c, uint16_t port) {
  TestClient client(port);
  ASSERT_TRUE(client.connected());
  if (c.how == How::bytes) {
    for (const char byte : c.input) client.send({&byte, 1});
  } else {
    client.send(c.input);
  }
  if (c.how == How::half_close) client.half_close();
  std::string last;
  for (const unsigned status : c.statuses) {
    last = client.receive_answer();
    EXPECT_EQ(TestClient::status(last), status) << last;
  }
  for (const std::string& field : c.fields) EXPECT_TRUE(has_line(last, field)) << field << " in\n" << last;
  if (TestClient::status(last) >= 400) {
    EXPECT_LT(TestClient::body(last).size(), 100U);
  }
  EXPECT_EQ(last.find("Location"), std::string::npos);
  if (c.after == After::open) {
    client.send(get("/metrics", "Connection: close\r\n"));
    EXPECT_EQ(TestClient::status(client.receive_answer()), 200U);
  }
  EXPECT_EQ(client.receive_all(), "");
  EXPECT_EQ(client.end(), TestClient::End::closed);
}

TEST(Hostile, TableOfRequests) {
  TestServer server(test_options(), scrape_handler());
  for (const Case& c : cases()) {
    SCOPED_TRACE("row " + std::to_string(c.row) + ": " + std::string(c.name));
    run_case(c, server.port());
    expect_scrape(server.port());
  }
}

// The cases, damaged at random, over many connections at once: 20,000 of them, or as many as WEIR_HOSTILE_REQUESTS
// says. Scrapes go on meanwhile; the slowest is printed.
TEST(Hostile, DamagedRequestsWhileScrapesGoOn) {
  const char* const wanted = std::getenv("WEIR_HOSTILE_REQUESTS");
  const size_t count = wanted == nullptr ? 20'000 : std::stoul(wanted);
  TestServer server(test_options(), scrape_handler());
  const uint16_t port = server.port();
  std::atomic<size_t> left = count;
  const auto attack = [&](unsigned seed) {
    std::mt19937 random(seed);
    const std::vector<Case> all = cases();
    while (left.fetch_sub(1) <= count) {  // wraps below zero
      std::string input = all[random() % all.size()].input;
      if (input.size() > 3000) input.resize(3000);
      for (unsigned i = random() % 4; i > 0 && !input.empty(); --i) {
        const size_t at = random() % input.size();
        switch (random() % 4) {
          case 0:
            input[at] = static_cast<char>(random());
            break;
          case 1:
            input.erase(at, random() % 20);
            break;
          case 2:
            input.insert(at, input.substr(random() % input.size(), random() % 50));
            break;
          default:
            input.resize(at);
        }
      }
      TestClient client(port);
      client.send(input);
      switch (random() % 3) {
        case 0:
          client.reset();
          break;
        case 1:
          client.close();
          break;
        default:
          client.half_close();
          client.receive_all();
      }
    }
  };
  std::vector<std::jthread> attackers;
  for (unsigned i = 0; i < 4; ++i) attackers.emplace_back(attack, i + 1);
  std::chrono::duration<double, std::milli> slowest{};
  size_t scrapes = 0;
  for (; left.load() <= count; ++scrapes) {
    const auto began = std::chrono::steady_clock::now();
    expect_scrape(port);
    slowest = std::max(slowest, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // a scraper's pace, not a wait for something
  }
  attackers.clear();
  expect_scrape(port);
  std::printf("%zu damaged requests; %zu scrapes meanwhile, the slowest took %.1f ms\n", count, scrapes,
              slowest.count());
}

}  // namespace
}  // namespace weir::http
