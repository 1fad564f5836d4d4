// Cutting streams into messages: wherever they are split, whatever lengths claim.
#include "net/ipfix_framing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/big_endian.h"

namespace weir::net {
namespace {

using Bytes = std::vector<uint8_t>;

// `length` bytes whose header says so, the rest filled with `fill`.
Bytes message(size_t length, uint8_t fill) {
  Bytes bytes(length, fill);
  store_be<uint16_t>(bytes.data(), 10);
  store_be<uint16_t>(&bytes[2], static_cast<uint16_t>(length));
  return bytes;
}

Bytes join(const std::vector<Bytes>& messages) {
  Bytes all;
  for (const Bytes& m : messages) all.insert(all.end(), m.begin(), m.end());
  return all;
}

struct Framed {
  std::vector<Bytes> messages;
  size_t left = 0;  // of the chunk in which it broke
};

void feed(IpfixFramer& framer, ByteView chunk, Framed& out) {
  while (const auto next = framer.next(chunk)) out.messages.emplace_back(next->begin(), next->end());
  out.left = chunk.size();
}

const std::vector<Bytes> kMessages = {message(16, 1), message(17, 2), message(300, 3), message(16, 4),
                                      message(1500, 5)};

TEST(IpfixFraming, EverySplitPoint) {
  const Bytes all = join(kMessages);
  for (size_t split = 0; split <= all.size(); ++split) {
    IpfixFramer framer;
    Framed framed;
    feed(framer, ByteView(all).first(split), framed);
    feed(framer, ByteView(all).subspan(split), framed);
    ASSERT_EQ(framed.messages, kMessages) << split;
    EXPECT_EQ(framer.waiting_bytes(), 0u);
    EXPECT_FALSE(framer.broken());
  }
}

TEST(IpfixFraming, ByteByByteAndAllAtOnce) {
  const Bytes all = join(kMessages);
  IpfixFramer framer;
  Framed framed;
  for (size_t i = 0; i < all.size(); ++i) feed(framer, ByteView(all).subspan(i, 1), framed);
  EXPECT_EQ(framed.messages, kMessages);
  IpfixFramer at_once;
  Framed framed_at_once;
  feed(at_once, all, framed_at_once);
  EXPECT_EQ(framed_at_once.messages, kMessages);
  EXPECT_EQ(at_once.memory(), 0u) << "nothing was copied";
}

TEST(IpfixFraming, RandomSplitsOfLongMessages) {
  std::mt19937 random(7);
  const std::vector<Bytes> messages = {message(65535, 1), message(16, 2), message(65535, 3), message(40'000, 4)};
  const Bytes all = join(messages);
  for (int round = 0; round < 20; ++round) {
    IpfixFramer framer;
    Framed framed;
    for (size_t at = 0; at < all.size();) {
      const size_t size = std::min<size_t>(1 + random() % 9000, all.size() - at);
      feed(framer, ByteView(all).subspan(at, size), framed);
      at += size;
      EXPECT_LE(framer.memory(), size_t{2} * 65536);
    }
    ASSERT_EQ(framed.messages, messages);
  }
}

TEST(IpfixFraming, TableOfHeadersThatAreNone) {
  const std::vector<std::pair<const char*, Bytes>> cases = {
      {"first byte", {1}},
      {"second byte", {0, 9}},
      {"NetFlow v9", {0, 9, 0, 20}},
      {"TLS", {0x16, 3, 1, 2, 0}},
      {"HTTP", {'G', 'E', 'T', ' '}},
      {"length 0", {0, 10, 0, 0}},
      {"length 15", {0, 10, 0, 15}},
      {"length 4", {0, 10, 0, 4, 0, 0, 0, 0}},
  };
  for (const auto& [name, start] : cases) {
    for (const bool after_a_good_one : {false, true}) {
      for (const bool byte_by_byte : {false, true}) {
        SCOPED_TRACE(name);
        Bytes all = after_a_good_one ? message(20, 9) : Bytes{};
        all.insert(all.end(), start.begin(), start.end());
        IpfixFramer framer;
        Framed framed;
        for (size_t i = 0; i < all.size(); i += byte_by_byte ? 1 : all.size()) {
          feed(framer, byte_by_byte ? ByteView(all).subspan(i, 1) : ByteView(all), framed);
        }
        EXPECT_TRUE(framer.broken());
        EXPECT_EQ(framed.messages.size(), after_a_good_one ? 1u : 0u);
        const Bytes good = message(16, 1);
        ByteView more(good);
        EXPECT_FALSE(framer.next(more)) << "once broken, for good";
      }
    }
  }
}

TEST(IpfixFraming, ALengthThatNeverComesTakesOnlyWhatArrived) {
  IpfixFramer framer;
  Framed framed;
  feed(framer, Bytes{0, 10, 0xff, 0xff, 1, 2, 3}, framed);
  EXPECT_TRUE(framed.messages.empty());
  EXPECT_FALSE(framer.broken());
  EXPECT_EQ(framer.waiting_bytes(), 7u);
  EXPECT_LE(framer.memory(), 16u);
}

TEST(IpfixFraming, MemoryIsGivenBackWhenAMessageIsTaken) {
  const Bytes m = message(60'000, 1);
  IpfixFramer framer;
  Framed framed;
  feed(framer, ByteView(m).first(59'999), framed);
  EXPECT_GE(framer.memory(), 59'999u);
  feed(framer, ByteView(m).subspan(59'999), framed);
  EXPECT_EQ(framed.messages.size(), 1u);
  EXPECT_EQ(framer.memory(), 0u);
}

}  // namespace
}  // namespace weir::net
