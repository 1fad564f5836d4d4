#include "host/kernel/netlink.h"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>

#include "host/kernel/test_netlink.h"

namespace weir::host::netlink {
namespace {

using test::Bytes;

TEST(Netlink, MessagesAndAttributes) {
  Bytes first = Bytes()
                    .put(ifinfomsg{})
                    .text(IFLA_IFNAME, "eth0")
                    .attribute(IFLA_MTU, uint32_t{1500})
                    .message(RTM_NEWLINK, 0, 7, 9);
  const Bytes second = Bytes().message(NLMSG_DONE);
  first.bytes().insert(first.bytes().end(), second.view().begin(), second.view().end());

  Messages messages(first.view());
  const auto link = messages.next();
  ASSERT_TRUE(link);
  EXPECT_EQ(link->type, RTM_NEWLINK);
  EXPECT_EQ(link->sequence, 7U);
  EXPECT_EQ(link->port, 9U);
  auto cut = framed<ifinfomsg>(link->payload);
  ASSERT_TRUE(cut);
  EXPECT_EQ(text_of(cut->attributes.find(IFLA_IFNAME).value()), "eth0");
  EXPECT_EQ(host_order<uint32_t>(cut->attributes.find(IFLA_MTU).value()), 1500U);
  EXPECT_FALSE(cut->attributes.find(IFLA_GROUP));
  EXPECT_EQ(messages.next()->type, NLMSG_DONE);
  EXPECT_FALSE(messages.next());
}

TEST(Netlink, LengthsThatCannotBeEndIt) {
  for (const uint16_t length : std::initializer_list<uint16_t>{0, 1, 3, 9, 0xFFFF}) {
    Bytes bytes = Bytes().attribute(1, uint32_t{5}).attribute(2, uint32_t{6});
    std::memcpy(bytes.bytes().data(), &length, sizeof(length));
    Attributes attributes(bytes.view());
    const auto first = attributes.next();
    if (length == 9) {
      // One byte of the next one: what follows is read at the next multiple of four.
      ASSERT_TRUE(first);
      EXPECT_EQ(first->value.size(), 5U);
    } else {
      EXPECT_FALSE(first) << length;
      EXPECT_FALSE(attributes.next());
    }
  }
  for (const uint32_t length : {0U, 15U, 1000U, 0xFFFFFFFFU}) {
    Bytes bytes = Bytes().put(uint32_t{0}).message(3);
    std::memcpy(bytes.bytes().data(), &length, sizeof(length));
    EXPECT_FALSE(Messages(bytes.view()).next()) << length;
  }
}

TEST(Netlink, TheLastAttributeMayLackItsPadding) {
  Bytes bytes = Bytes().string(3, "abcde");
  bytes.bytes().resize(9);
  Attributes attributes(bytes.view());
  EXPECT_EQ(text_of(attributes.next().value().value), "abcde");
  EXPECT_FALSE(attributes.next());
}

TEST(Netlink, ValuesOfAnotherSizeAreNone) {
  const std::array<uint8_t, 4> four{1, 2, 3, 4};
  EXPECT_EQ(network_order<uint32_t>(four), 0x01020304U);
  EXPECT_FALSE(network_order<uint64_t>(four));
  EXPECT_FALSE(host_order<uint16_t>(four));
}

TEST(Netlink, NestedRequests) {
  Request request(RTM_GETLINK, NLM_F_DUMP, ifinfomsg{});
  const size_t begun = request.begin(5);
  request.add(1, uint32_t{7}).add(2, "abc");
  request.end(begun);
  EXPECT_TRUE(request.is_dump());
  Messages messages(request.numbered(3));
  const auto message = messages.next();
  ASSERT_TRUE(message);
  EXPECT_FALSE(messages.next());
  auto cut = framed<ifinfomsg>(message->payload);
  Attributes inside(cut->attributes.find(5).value());
  EXPECT_EQ(host_order<uint32_t>(inside.find(1).value()), 7U);
  EXPECT_EQ(text_of(inside.find(2).value()), "abc");
}

TEST(Netlink, TheKernelAnswers) {
  Socket socket(NETLINK_ROUTE);
  Request request(RTM_GETLINK, NLM_F_DUMP, ifinfomsg{});
  for (int round = 0; round < 3; ++round) {
    int links = 0;
    const auto asked =
        socket.ask(request, [&] { links = 0; }, [&](const Message& message) { links += message.type == RTM_NEWLINK; });
    if (!asked && socket.last_errno() == EPERM) GTEST_SKIP() << "no netlink here: " << asked.error().message;
    ASSERT_TRUE(asked) << asked.error().message;
    EXPECT_GE(links, 1);
  }
}

TEST(Netlink, ARefusalIsTold) {
  Socket socket(NETLINK_ROUTE);
  Request nonsense(RTM_GETLINK, 0,
                   ifinfomsg{.ifi_family = AF_UNSPEC,
                             .__ifi_pad = 0,
                             .ifi_type = 0,
                             .ifi_index = 0x7FFFFFFF,
                             .ifi_flags = 0,
                             .ifi_change = 0});
  int calls = 0;
  const auto asked = socket.ask(nonsense, [] {}, [&](const Message&) { ++calls; });
  ASSERT_FALSE(asked);
  EXPECT_EQ(socket.last_errno(), ENODEV) << asked.error().message;
  EXPECT_EQ(calls, 0);
  Request request(RTM_GETLINK, NLM_F_DUMP, ifinfomsg{});
  EXPECT_TRUE(socket.ask(request, [] {}, [&](const Message&) { ++calls; }));
  EXPECT_GT(calls, 0);
}

}  // namespace
}  // namespace weir::host::netlink
