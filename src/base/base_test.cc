#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "base/big_endian.h"
#include "base/bounded_queue.h"
#include "base/bytes.h"
#include "base/ip_address.h"
#include "base/time.h"

namespace weir {
namespace {

TEST(ByteReader, FailedReadMovesNothing) {
  const uint8_t bytes[] = {1, 2, 3};
  ByteReader reader(bytes);
  EXPECT_FALSE(reader.take(4));
  EXPECT_FALSE(reader.read<Be32>());
  EXPECT_EQ(reader.remaining(), 3u);
  EXPECT_EQ(reader.read<Be16>()->value(), 0x0102);
  EXPECT_TRUE(reader.skip(1));
  EXPECT_FALSE(reader.skip(1));
  EXPECT_TRUE(reader.take(0));
}

TEST(BigEndian, RoundTripsEveryWidth) {
  EXPECT_EQ(Be32::from(0x01020304).bytes[0], 1);
  EXPECT_EQ(Be64::from(0x0102030405060708).value(), 0x0102030405060708u);
  const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_EQ(load_be<uint16_t>(bytes), 0x0102);
  EXPECT_EQ(load_be_sized(std::span(bytes).first(3)), 0x010203u);
  EXPECT_EQ(load_be_sized({}), 0u);
}

TEST(IpAddress, TextOfBothFamilies) {
  EXPECT_EQ(IpAddress::parse("192.0.2.1")->to_string(), "192.0.2.1");
  EXPECT_EQ(IpAddress::parse("2001:DB8:0::1")->to_string(), "2001:db8::1");
  EXPECT_EQ(IpAddress::parse("::ffff:10.0.0.1"), IpAddress::from_v4(0x0a000001));
  EXPECT_TRUE(IpAddress::parse("0.0.0.0")->is_unspecified());
  EXPECT_TRUE(IpAddress{}.is_unspecified());
  for (const char* bad : {"", "1.2.3", "1.2.3.256", "x", "1.2.3.4 ", ":::", "1.2.3.4/8"})
    EXPECT_FALSE(IpAddress::parse(bad)) << bad;
}

// Addresses of few different groups, so that runs of zeros of every place and length are among them.
TEST(IpAddress, TextIsThatOfInetNtop) {
  uint64_t state = 1;
  const auto next = [&state] {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
  };
  for (int i = 0; i < 100'000; ++i) {
    IpAddress address;
    for (size_t group = 0; group < 8; ++group) {
      const uint64_t n = next();
      const auto value = static_cast<uint16_t>(n % 4 < 2 ? 0 : n % 4 == 2 ? 1 : n >> 20);
      address.bytes[2 * group] = static_cast<uint8_t>(value >> 8);
      address.bytes[2 * group + 1] = static_cast<uint8_t>(value);
    }
    char buffer[INET6_ADDRSTRLEN];
    const std::string want = address.is_v4() ? inet_ntop(AF_INET, &address.bytes[12], buffer, sizeof buffer)
                                             : inet_ntop(AF_INET6, address.bytes.data(), buffer, sizeof buffer);
    ASSERT_EQ(address.to_string(), want);
    ASSERT_EQ(IpAddress::parse(want), address);
  }
  EXPECT_EQ(IpAddress::from_v4(0xff00c0a8).to_string(), "255.0.192.168");
  EXPECT_EQ(IpAddress{}.to_string(), "::");
  EXPECT_EQ(mac_to_string(0x00105affee01), "00:10:5a:ff:ee:01");
}

TEST(IpPrefix, IsARangeOfAddresses) {
  const auto range = [](const char* text) {
    const auto prefix = IpPrefix::parse(text);
    return prefix ? prefix->first.to_string() + "-" + prefix->last.to_string() : "none";
  };
  EXPECT_EQ(range("192.0.2.77/24"), "192.0.2.0-192.0.2.255");
  EXPECT_EQ(range("10/8"), "10.0.0.0-10.255.255.255");
  EXPECT_EQ(range("172.16/12"), "172.16.0.0-172.31.255.255");
  EXPECT_EQ(range("192.0.2.7"), "192.0.2.7-192.0.2.7");
  EXPECT_EQ(range("2001:db8::/33"), "2001:db8::-2001:db8:7fff:ffff:ffff:ffff:ffff:ffff");
  EXPECT_EQ(range("0.0.0.0/0"), "0.0.0.0-255.255.255.255");
  for (const char* bad : {"10", "10/33", "::/129", "a/8", "1.2.3.4/", "1.2.3.4.5/8", "10./8"})
    EXPECT_EQ(range(bad), "none") << bad;
}

TEST(Time, Rfc3339BothWays) {
  const Timestamp t = timestamp_from_us(1'795'357'500'123'456);
  EXPECT_EQ(parse_time(to_rfc3339(t)), t);
  EXPECT_EQ(to_rfc3339(*parse_time("2026-11-22")), "2026-11-22T00:00:00.000000Z");
  EXPECT_EQ(to_rfc3339(*parse_time("2026-11-22 14:05")), "2026-11-22T14:05:00.000000Z");
  EXPECT_EQ(to_rfc3339(*parse_time("2026-11-22T14:05:06.5+02:00")), "2026-11-22T12:05:06.500000Z");
  for (const char* bad : {"", "2026-02-30", "2026-11-22T25:00", "2026-11-22T", "yesterday", "2026-11-22T14:05:06Zz"}) {
    EXPECT_FALSE(parse_time(bad)) << bad;
  }
}

TEST(Time, Durations) {
  EXPECT_EQ(parse_duration("90"), Micros{90'000'000});
  EXPECT_EQ(parse_duration("1.5m"), Micros{90'000'000});
  EXPECT_EQ(parse_duration("2d"), Micros{172'800'000'000});
  EXPECT_EQ(parse_duration("500ms"), Micros{500'000});
  for (const char* bad : {"", "-5s", "5x", "s", "nan", "1e300d"}) EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(BoundedQueue, RefusesWhatDoesNotFitAndDrainsAfterClose) {
  BoundedQueue<int> queue(2);
  EXPECT_TRUE(queue.try_push(1));
  EXPECT_TRUE(queue.try_push(2));
  EXPECT_FALSE(queue.try_push(3));
  queue.close();
  EXPECT_FALSE(queue.try_push(4));
  EXPECT_FALSE(queue.finished());
  EXPECT_EQ(queue.pop(std::chrono::milliseconds{0}), 1);
  EXPECT_EQ(queue.pop(std::chrono::milliseconds{0}), 2);
  EXPECT_EQ(queue.pop(std::chrono::milliseconds{0}), std::nullopt);
  EXPECT_TRUE(queue.finished());
}

struct Itself {
  uint64_t operator()(int item) const { return static_cast<uint64_t>(item); }
};

TEST(BoundedQueue, HasALimitOfWeight) {
  constexpr std::chrono::milliseconds kNow{0};
  BoundedQueue<int, Itself> queue(10, 100);
  EXPECT_TRUE(queue.try_push(500)) << "an empty queue takes any item";
  EXPECT_FALSE(queue.try_push(1));
  EXPECT_EQ(queue.weight(), 500u);
  EXPECT_EQ(queue.pop(kNow), 500);
  EXPECT_EQ(queue.weight(), 0u);
  EXPECT_TRUE(queue.try_push(60));
  EXPECT_TRUE(queue.try_push(40));
  EXPECT_FALSE(queue.try_push(1));
  EXPECT_EQ(queue.pop(kNow), 60);
  EXPECT_FALSE(queue.try_push(61));
  EXPECT_TRUE(queue.try_push(60));
  EXPECT_EQ(queue.weight(), 100u);
}

}  // namespace
}  // namespace weir
