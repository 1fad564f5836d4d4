// Nothing is allocated for a request on a connection that is kept, nor for a new connection, once the first ones have
// been served. operator new counts, by thread.
#include <gtest/gtest.h>

#include "base/test_allocations.h"
#include "http/metrics_page.h"
#include "http/test_client.h"

namespace weir::http {
namespace {

constexpr std::string_view kScrape =
    "GET /metrics?collect[]=cpu&collect[]=meminfo HTTP/1.1\r\nHost: localhost:9100\r\nUser-Agent: Prometheus/2.42.0\r\n"
    "Accept: application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;"
    "version=0.0.4;q=0.5,*/*;q=0.1\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n";

// Allocations of the server's thread until each of its requests.
class Counting {
 public:
  Counting() { seen_.reserve(1000); }
  Handler handler() {
    return [this](const Request& request, Responder respond) {
      seen_.push_back(test::allocations_of_thread);
      if (request.query.size() != 2 || !request.scrape_timeout_s) return;
      respond(page_.answer(request, text_, seen_.size()));
    };
  }
  // Between the tenth request and the last.
  size_t after_the_first() const {
    EXPECT_EQ(seen_.at(10) > 0, test::kAllocationsCounted);
    return seen_.back() - seen_.at(10);
  }

 private:
  std::vector<size_t> seen_;
  MetricsPage page_;
  std::shared_ptr<const std::string> text_ = [] {
    std::string text = "# HELP a_total A.\n# TYPE a_total counter\n";
    for (int i = 0; i < 2000; ++i) text += fmt::format("a_total{{cpu=\"{}\"}} {}\n", i, i * 7919);
    return std::make_shared<const std::string>(std::move(text));
  }();
};

class Allocations : public testing::TestWithParam<const char*> {};

TEST_P(Allocations, NoneForRequestsOnAKeptConnection) {
  Counting counting;
  TestServer server({}, counting.handler());
  TestClient client(server.port());
  const std::string request = fmt::format("{}Accept-Encoding: {}\r\n\r\n", kScrape, GetParam());
  for (int i = 0; i < 100; ++i) {
    client.send(request);
    ASSERT_EQ(TestClient::status(client.receive_answer()), 200U);
  }
  server.stop();
  EXPECT_EQ(counting.after_the_first(), 0U);
}

TEST_P(Allocations, NoneForNewConnections) {
  Counting counting;
  TestServer server({}, counting.handler());
  const std::string request = fmt::format("{}Connection: close\r\nAccept-Encoding: {}\r\n\r\n", kScrape, GetParam());
  for (int i = 0; i < 100; ++i) {
    TestClient client(server.port());
    client.send(request);
    ASSERT_EQ(TestClient::status(client.receive_all()), 200U);
  }
  server.stop();
  EXPECT_EQ(counting.after_the_first(), 0U);
}

// A request that needs a large buffer gets the one that the last of them had.
TEST(LargeRequests, AllocateNothing) {
  Counting counting;
  TestServer server({}, counting.handler());
  TestClient client(server.port());
  const std::string request = fmt::format("{}X: {}\r\n\r\n", kScrape, std::string(10'000, 'x'));
  for (int i = 0; i < 100; ++i) {
    client.send(request);
    ASSERT_EQ(TestClient::status(client.receive_answer()), 200U);
  }
  server.stop();
  EXPECT_EQ(counting.after_the_first(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Encodings, Allocations, testing::Values("identity", "gzip", "zstd"));

}  // namespace
}  // namespace weir::http
