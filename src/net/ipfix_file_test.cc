// IPFIX files: read message by message; damage costs what is damaged, and every byte is accounted for.
#include "net/ipfix_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/big_endian.h"
#include "net/capture.h"

namespace weir::net {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint32_t kExportSeconds = 1'700'000'000;

// One set that fills the message.
Bytes message(uint32_t sequence, size_t set_length = 28) {
  Bytes bytes(16 + set_length, 0xee);
  store_be<uint16_t>(bytes.data(), 10);
  store_be<uint16_t>(&bytes[2], static_cast<uint16_t>(bytes.size()));
  store_be<uint32_t>(&bytes[4], kExportSeconds + sequence);
  store_be<uint32_t>(&bytes[8], sequence);
  store_be<uint32_t>(&bytes[12], 1);
  store_be<uint16_t>(&bytes[16], 256);
  store_be<uint16_t>(&bytes[18], static_cast<uint16_t>(set_length));
  return bytes;
}

Bytes file_of(uint32_t count, size_t set_length = 28) {
  Bytes all;
  for (uint32_t i = 0; i < count; ++i) {
    const Bytes m = message(i, set_length);
    all.insert(all.end(), m.begin(), m.end());
  }
  return all;
}

struct Read {
  std::vector<uint32_t> sequences;
  uint64_t bytes = 0;
  CaptureCounts counts;
  std::string error;
};

Read read(CaptureReader reader) {
  Read out;
  while (true) {
    const auto next = reader.next();
    if (!next) out.error = next.error().message;
    if (!next || !*next) break;
    const ByteView bytes = (*next)->datagram.bytes;
    out.sequences.push_back(load_be<uint32_t>(bytes.subspan(8).data()));
    out.bytes += bytes.size();
  }
  out.counts = reader.counts();
  return out;
}

Read read(const Bytes& content) {
  auto reader = CaptureReader::open_bytes(content);
  if (!reader) return {.sequences = {}, .bytes = 0, .counts = {}, .error = reader.error().message};
  return read(*std::move(reader));
}

TEST(IpfixFile, MessagesWithTheirExportTimes) {
  const Bytes content = file_of(3);
  auto reader = CaptureReader::open_bytes(content);
  ASSERT_TRUE(reader) << reader.error().message;
  const auto first = reader->next();
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->frame, 1u);
  EXPECT_EQ((*first)->datagram.connection, 1u) << "a session of its own";
  EXPECT_EQ(to_rfc3339((*first)->datagram.received), "2023-11-14T22:13:20.000000Z");
  const Read rest = read(*std::move(reader));
  EXPECT_EQ(rest.sequences, (std::vector<uint32_t>{1, 2}));
  EXPECT_EQ(rest.counts.datagrams, 3u);
  EXPECT_EQ(rest.counts.damaged_bytes, 0u);
  EXPECT_EQ(rest.error, "");
}

TEST(IpfixFile, LargerThanAnyBuffer) {
  const Read got = read(file_of(2000, 1000));
  EXPECT_EQ(got.sequences.size(), 2000u);
  EXPECT_EQ(got.counts.bytes_read, 2000u * 1016);
  EXPECT_EQ(read(file_of(20, 65519)).sequences.size(), 20u) << "the longest messages";
  EXPECT_EQ(got.error, "");
}

TEST(IpfixFile, WrittenAndReadBack) {
  const std::string path = testing::TempDir() + "weir-written.ipfix";
  auto writer = IpfixFileWriter::create(path);
  ASSERT_TRUE(writer);
  for (uint32_t i = 0; i < 10; ++i) writer->write(message(i));
  ASSERT_TRUE(writer->close());
  auto reader = CaptureReader::open(path, 7);
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader->next())->datagram.connection, 7u);
  EXPECT_EQ(read(*std::move(reader)).sequences.size(), 9u);
  EXPECT_FALSE(IpfixFileWriter::create("/nowhere/x.ipfix"));
}

TEST(IpfixFile, TruncatedAnywhereKeepsWhatIsWhole) {
  const Bytes content = file_of(4);
  for (size_t length = 4; length < content.size(); ++length) {
    const Read got = read(Bytes(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(length)));
    EXPECT_EQ(got.sequences.size(), length / 44) << length;
    EXPECT_EQ(got.bytes + got.counts.damaged_bytes, length);
    EXPECT_EQ(got.error.empty(), length % 44 == 0) << length;
  }
}

// Any single byte may be wrong: at most the message that holds it is lost, the others are read, nothing is uncounted.
TEST(IpfixFile, AnyDamagedByteCostsAtMostItsMessage) {
  const Bytes content = file_of(5);
  for (size_t at = 44; at < content.size(); ++at) {  // the first message says what file it is
    for (const uint8_t flip : Bytes{0x01, 0x80, 0xff}) {
      Bytes damaged = content;
      damaged[at] ^= flip;
      const Read got = read(damaged);
      EXPECT_GE(got.sequences.size(), 4u) << at;
      EXPECT_EQ(got.bytes + got.counts.damaged_bytes, content.size()) << at;
      EXPECT_EQ(got.error.empty(), got.counts.damaged_bytes == 0) << at;
      EXPECT_TRUE(at >= size_t{4} * 44 || got.sequences.back() == 4) << at;
    }
  }
}

TEST(IpfixFile, RubbishInBetweenIsSkipped) {
  Bytes content = file_of(2);
  const Bytes rubbish(100'000, 0x5a);
  const Bytes more = file_of(3);
  content.insert(content.end(), rubbish.begin(), rubbish.end());
  content.insert(content.end(), more.begin(), more.end());
  const Read got = read(content);
  EXPECT_EQ(got.sequences, (std::vector<uint32_t>{0, 1, 0, 1, 2}));
  EXPECT_EQ(got.counts.damaged_bytes, rubbish.size());
  EXPECT_NE(got.error.find("100000 bytes at 1 place are not of a whole IPFIX message; 5 messages were read"),
            std::string::npos)
      << got.error;
}

TEST(IpfixFile, WhatIsNeitherIsRefused) {
  for (const Bytes& content : {Bytes{0}, Bytes{0, 10}, Bytes{0, 9, 0, 20, 1, 2, 3, 4}, Bytes{0, 10, 0, 4, 0, 0}}) {
    EXPECT_NE(read(content).error.find("neither a pcap or pcapng capture nor a file of IPFIX messages"),
              std::string::npos)
        << read(content).error;
  }
}

}  // namespace
}  // namespace weir::net
