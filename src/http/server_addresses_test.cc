// Where the server listens: addresses, Unix sockets, sockets that it inherits.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/un.h>

#include "http/listen.h"
#include "http/test_serving.h"

namespace weir::http {
namespace {

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

}  // namespace
}  // namespace weir::http
