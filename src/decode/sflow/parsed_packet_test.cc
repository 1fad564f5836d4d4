// The same packet in several records of a sample: as a header that is cut off somewhere, and as the device has read it.
#include <gtest/gtest.h>

#include "decode/sflow/test_sflow_rows.h"

namespace weir::decode {
namespace {

using namespace test;

// 198.51.100.9:5060 -> 203.0.113.7:443 over TCP, ToS 0x28, in a frame without a tag.
const Wire kFrame = Wire::hex(
    "02 00 00 00 00 02  02 00 00 00 00 01  08 00"
    "45 28 00 64 12 34 40 00 3f 06 00 00  c6 33 64 09  cb 00 71 07"
    "13 c4 01 bb 00 00 00 01 00 00 00 02 50 12 ff ff 00 00 00 00");
constexpr size_t kEthernetBytes = 14;
constexpr size_t kIpBytes = 20;

Wire cut(const Wire& frame, size_t bytes) {
  Wire wire;
  for (const uint8_t byte : ByteView(frame).first(bytes)) wire.u8(byte);
  return wire;
}

Wire parsed_ipv4(const std::vector<uint32_t>& words) { return sflow_block(3, sflow_words(words)); }
const Wire kParsed = parsed_ipv4({100, 6, 0xc6336409, 0xcb007107, 5060, 443, 0x12, 0x28});

// The row is the same, whichever record comes first.
Row either_way(const Wire& one, const Wire& other) {
  const Row row = beyond_the_sample(row_of({one, other}));
  EXPECT_EQ(beyond_the_sample(row_of({other, one})), row);
  return row;
}

TEST(SflowParsedPacket, FillsWhatIsBehindTheEndOfTheHeader) {
  const Row whole = beyond_the_sample(row_of({raw_header(1, 114, kFrame)}));
  ASSERT_EQ(whole.at("tcp_flags"), "18");
  // Cut anywhere behind the Ethernet header, the two records make up what they have between them.
  for (size_t bytes = kEthernetBytes; bytes < kFrame.size(); ++bytes) {
    SCOPED_TRACE(bytes);
    Row row = either_way(raw_header(1, 114, cut(kFrame, bytes)), kParsed);
    Row want = whole;
    if (bytes < kEthernetBytes + kIpBytes) {
      // Only the header has these.
      for (const char* name : {"ip_ttl", "fragment_id", "fragment_offset", "ip_flags"}) want.erase(name);
    }
    EXPECT_EQ(row, want);
  }
}

TEST(SflowParsedPacket, FillsIpv6) {
  const Wire frame = Wire::hex(
      "02 00 00 00 00 02  02 00 00 00 00 01  86 dd"
      "60 00 00 00 00 20 11 40"
      "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 0a"
      "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 0b");
  const Wire parsed = sflow_block(4, Wire()
                                         .u32(72)
                                         .u32(17)
                                         .add(Wire::hex("20010db800000000000000000000000a"))
                                         .add(Wire::hex("20010db800000000000000000000000b"))
                                         .add(sflow_words({53, 40000, 0, 0})));
  const Row row = either_way(raw_header(1, 90, frame), parsed);
  EXPECT_EQ(row.at("src_port"), "53");
  EXPECT_EQ(row.at("dst_port"), "40000");
  EXPECT_EQ(row.at("ip_ttl"), "64");
  EXPECT_FALSE(row.contains("tcp_flags"));
}

TEST(SflowParsedPacket, FillsNothingOfAnotherPacket) {
  const Wire header = raw_header(1, 114, cut(kFrame, kEthernetBytes + kIpBytes));
  const Row alone = beyond_the_sample(row_of({header}));
  // Translated, the other way, of another protocol.
  EXPECT_EQ(either_way(header, parsed_ipv4({100, 6, 0x0a000001, 0xcb007107, 5060, 443, 0x12, 0x28})), alone);
  EXPECT_EQ(either_way(header, parsed_ipv4({100, 6, 0xcb007107, 0xc6336409, 443, 5060, 0x12, 0x28})), alone);
  EXPECT_EQ(either_way(header, parsed_ipv4({100, 17, 0xc6336409, 0xcb007107, 5060, 443, 0, 0x28})), alone);
}

TEST(SflowParsedPacket, GivesALaterFragmentNoPortsOfZero) {
  Wire fragment = cut(kFrame, kEthernetBytes + 6);
  fragment.u16(0x00b9).add(Wire::hex("3f 06 00 00 c6 33 64 09 cb 00 71 07"));
  const Row row =
      either_way(raw_header(1, 114, fragment), parsed_ipv4({100, 6, 0xc6336409, 0xcb007107, 0, 0, 0, 0x28}));
  EXPECT_EQ(row.at("fragment_offset"), "185");
  for (const char* name : {"src_port", "dst_port", "tcp_flags"}) EXPECT_FALSE(row.contains(name)) << name;
}

TEST(SflowParsedPacket, TheHeaderSaysMoreThanTheParsedFrame) {
  // What lies behind the tag, and the addresses of the frame itself.
  const Wire ethernet = sflow_block(2, Wire().u32(118).add(Wire::hex("0200000000030000 0200000000040000")).u32(0x8100));
  const Row row = either_way(raw_header(1, 118, tcp_frame(100)), ethernet);
  EXPECT_EQ(row.at("src_mac"), "02:00:00:00:00:01");
  EXPECT_EQ(row.at("dst_mac"), "02:00:00:00:00:02");
  EXPECT_EQ(row.at("etype"), "2048");
  EXPECT_EQ(row.at("bytes"), "118");
  // A header that begins with IP has neither.
  const Row routed = either_way(raw_header(11, 100, Wire::hex("45 28 00 64")), ethernet);
  EXPECT_EQ(routed.at("src_mac"), "02:00:00:00:00:03");
}

}  // namespace
}  // namespace weir::decode
