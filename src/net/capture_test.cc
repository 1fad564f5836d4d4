#include "net/capture.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/big_endian.h"
#include "net/capture_writer.h"

namespace weir::net {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint32_t kEthernet = 1;
constexpr uint32_t kNull = 0;
constexpr uint32_t kPpp = 9;
constexpr uint32_t kRaw = 101;
constexpr uint32_t kLoop = 108;
constexpr uint32_t kCooked = 113;
constexpr uint32_t kCooked2 = 276;

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Bytes be16(size_t value) { return {static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)}; }
Bytes be32(uint32_t value) { return be16(value >> 16) + be16(value & 0xffff); }
Bytes le32(uint32_t value) {
  Bytes bytes = be32(value);
  return {bytes[3], bytes[2], bytes[1], bytes[0]};
}

// length: what the UDP header claims.
Bytes udp(const Bytes& payload, size_t length) { return be16(50000) + be16(2055) + be16(length) + be16(0) + payload; }
Bytes udp(const Bytes& payload) { return udp(payload, 8 + payload.size()); }

struct V4 {
  size_t total_length = 0;  // 0: the real one
  Bytes options = {};
  size_t flags_offset = 0;
  uint8_t protocol = 17;
  uint16_t identification = 7;
};
Bytes ipv4(const Bytes& content, const V4& header = {}) {
  const size_t header_length = 20 + header.options.size();
  const size_t total = header.total_length != 0 ? header.total_length : header_length + content.size();
  const Bytes first = {static_cast<uint8_t>(0x40 | header_length / 4), 0};
  return first + be16(total) + be16(header.identification) + be16(header.flags_offset) +
         Bytes{64, header.protocol, 0, 0} + Bytes{192, 0, 2, 1} + Bytes{192, 0, 2, 254} + header.options + content;
}

Bytes ipv6(uint8_t next_header, const Bytes& content) {
  Bytes source = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  Bytes destination = source;
  destination[15] = 2;
  return Bytes{0x60, 0, 0, 0} + be16(content.size()) + Bytes{next_header, 64} + source + destination + content;
}

Bytes ethernet(size_t type, const Bytes& content) { return Bytes(12, 2) + be16(type) + content; }

// A pcap file as libpcap writes it on a little-endian machine. link: LINKTYPE_ number.
struct PcapFile {
  uint32_t magic = 0xa1b2c3d4;
  bool big_endian = false;
  Bytes content;

  explicit PcapFile(uint32_t link, uint32_t wanted_magic = 0xa1b2c3d4, bool wanted_big_endian = false)
      : magic(wanted_magic), big_endian(wanted_big_endian) {
    const Bytes version = big_endian ? Bytes{0, 2, 0, 4} : Bytes{2, 0, 4, 0};
    content = number(magic) + version + number(0) + number(0) + number(262144) + number(link);
  }
  Bytes number(uint32_t value) const { return big_endian ? be32(value) : le32(value); }
  // cut: bytes at the end that the capture's snapshot length left out.
  PcapFile& add(const Bytes& frame, size_t cut = 0, uint32_t seconds = 1'700'000'000, uint32_t fraction = 5) {
    const auto length = static_cast<uint32_t>(frame.size());
    const auto captured = static_cast<uint32_t>(frame.size() - cut);
    content = content + number(seconds) + number(fraction) + number(captured) + number(length);
    content.insert(content.end(), frame.begin(), frame.end() - static_cast<ptrdiff_t>(cut));
    return *this;
  }
};

struct Outcome {
  std::vector<Bytes> payloads;
  std::vector<uint64_t> frames;
  std::string exporter;  // of the last one, with port and destination
  int64_t time_us = 0;   // of the last one
  CaptureCounts counts;
  std::string error;  // of opening or reading
};

Outcome read_all(ByteView content) {
  Outcome outcome;
  auto reader = CaptureReader::open_bytes(content);
  if (!reader) {
    outcome.error = reader.error().message;
    return outcome;
  }
  while (true) {
    const auto next = reader->next();
    if (!next) outcome.error = next.error().message;
    if (!next || !*next) break;
    const CapturedDatagram& found = **next;
    outcome.payloads.emplace_back(found.datagram.bytes.begin(), found.datagram.bytes.end());
    outcome.frames.push_back(found.frame);
    outcome.exporter = fmt::format("{} {} {} {}", found.datagram.exporter.to_string(), found.datagram.exporter_port,
                                   found.destination.to_string(), found.destination_port);
    outcome.time_us = to_us(found.datagram.received);
  }
  outcome.counts = reader->counts();
  return outcome;
}

Outcome read_frame(uint32_t link, const Bytes& frame, size_t cut = 0) {
  return read_all(PcapFile(link).add(frame, cut).content);
}

const Bytes kPayload = {0, 9, 1, 2, 3};

TEST(Capture, FindsTheDatagramUnderEveryLinkLayer) {
  const Bytes v4 = ipv4(udp(kPayload));
  const Bytes v6 = ipv6(17, udp(kPayload));
  const struct {
    const char* name;
    uint32_t link;
    Bytes frame;
    bool is_v4;
  } cases[] = {
      {"ethernet", kEthernet, ethernet(0x0800, v4), true},
      {"ethernet, IPv6", kEthernet, ethernet(0x86dd, v6), false},
      {"padded to 60 bytes", kEthernet, ethernet(0x0800, v4) + Bytes(20, 0xff), true},
      {"802.1Q", kEthernet, ethernet(0x8100, be16(100) + be16(0x0800) + v4), true},
      {"QinQ", kEthernet, ethernet(0x88a8, be16(7) + be16(0x8100) + be16(100) + be16(0x86dd) + v6), false},
      {"802.2 SNAP", kEthernet, ethernet(8 + v4.size(), Bytes{0xaa, 0xaa, 3, 0, 0, 0} + be16(0x0800) + v4), true},
      {"Linux cooked", kCooked, Bytes(14, 0) + be16(0x0800) + v4, true},
      {"Linux cooked v2", kCooked2, be16(0x86dd) + Bytes(18, 0) + v6, false},
      {"raw", kRaw, v4, true},
      {"raw, IPv6", kRaw, v6, false},
      {"loopback of a little-endian machine", kNull, Bytes{2, 0, 0, 0} + v4, true},
      {"loopback of a big-endian machine", kNull, Bytes{0, 0, 0, 30} + v6, false},
      {"OpenBSD loopback", kLoop, Bytes{0, 0, 0, 24} + v6, false},
      {"PPP", kPpp, Bytes{0, 0x21} + v4, true},
      {"PPP in HDLC framing", kPpp, Bytes{0xff, 3, 0, 0x57} + v6, false},
      {"IPv4 options", kRaw, ipv4(udp(kPayload), {.options = Bytes(8, 1)}), true},
      // hop-by-hop 8 bytes, routing 16, AH (1 + 2) * 4, destination options 8
      {"IPv6 extension headers", kRaw,
       ipv6(0, Bytes{43, 0} + Bytes(6, 0) + Bytes{51, 1} + Bytes(14, 0) + Bytes{60, 1} + Bytes(10, 0) + Bytes{17, 0} +
                   Bytes(6, 0) + udp(kPayload)),
       false},
      {"IP payload after the UDP length", kRaw, ipv4(udp(kPayload) + Bytes(3, 9)), true},
  };
  for (const auto& c : cases) {
    const Outcome outcome = read_frame(c.link, c.frame);
    EXPECT_EQ(outcome.error, "") << c.name;
    ASSERT_EQ(outcome.payloads.size(), 1u) << c.name;
    EXPECT_EQ(outcome.payloads[0], kPayload) << c.name;
    EXPECT_EQ(outcome.exporter, c.is_v4 ? "192.0.2.1 50000 192.0.2.254 2055" : "2001:db8::1 50000 2001:db8::2 2055")
        << c.name;
  }
}

TEST(Capture, CountsWhatIsNotADatagram) {
  enum Kind { kOther, kDamaged };
  const Bytes whole = ethernet(0x0800, ipv4(udp(kPayload)));
  const struct {
    const char* name;
    Bytes frame;
    size_t cut;
    Kind want;
  } cases[] = {
      {"ARP", ethernet(0x0806, Bytes(28, 0)), 0, kOther},
      {"spanning tree", ethernet(38, Bytes{0x42, 0x42, 3} + Bytes(35, 0)), 0, kOther},
      {"TCP", ethernet(0x0800, ipv4(Bytes(20, 0), {.protocol = 6})), 0, kOther},
      {"TCP cut short", ethernet(0x0800, ipv4(Bytes(200, 0), {.protocol = 6})), 100, kOther},
      {"TCP over IPv6", ethernet(0x86dd, ipv6(6, Bytes(20, 0))), 0, kOther},
      {"no next header", ethernet(0x86dd, ipv6(59, {})), 0, kOther},
      {"empty frame", {}, 0, kDamaged},
      {"half an Ethernet header", Bytes(7, 0), 0, kDamaged},
      {"half a VLAN tag", ethernet(0x8100, {0}), 0, kDamaged},
      {"half an IPv4 header", whole, 5 + 8 + 3, kDamaged},
      {"half a payload", whole, 2, kDamaged},
      {"total length beyond the frame", ethernet(0x0800, ipv4(udp(kPayload), {.total_length = 34})), 0, kDamaged},
      {"total length below the header", ethernet(0x0800, ipv4(udp(kPayload), {.total_length = 19})), 0, kDamaged},
      {"version 5 in IPv4", ethernet(0x0800, Bytes{0x55} + Bytes(40, 0)), 0, kDamaged},
      {"UDP length below 8", ethernet(0x0800, ipv4(udp(kPayload, 7))), 0, kDamaged},
      {"UDP length beyond the packet", ethernet(0x0800, ipv4(udp(kPayload, 14))) + Bytes(20, 0), 0, kDamaged},
      {"half a UDP header", ethernet(0x0800, ipv4(Bytes(5, 0))), 0, kDamaged},
      {"IPv6 payload beyond the frame", ethernet(0x86dd, ipv6(17, udp(kPayload))), 1, kDamaged},
      {"extension header beyond the packet", ethernet(0x86dd, ipv6(60, Bytes{17, 2} + Bytes(6, 0))), 0, kDamaged},
  };
  for (const auto& c : cases) {
    const Outcome outcome = read_all(PcapFile(kEthernet).add(c.frame, c.cut).add(whole).content);
    EXPECT_EQ(outcome.error, "") << c.name;
    EXPECT_EQ(outcome.frames, std::vector<uint64_t>{2}) << c.name << ": the whole frame after it must come through";
    EXPECT_EQ(outcome.counts.other_frames, c.want == kOther ? 1u : 0u) << c.name;
    EXPECT_EQ(outcome.counts.damaged_frames, c.want == kDamaged ? 1u : 0u) << c.name;
  }
}

TEST(Capture, ReadsEveryByteOrderAndResolution) {
  const Bytes frame = ipv4(udp(kPayload));
  for (const bool big_endian : {false, true}) {
    const Outcome micro =
        read_all(PcapFile(kRaw, 0xa1b2c3d4, big_endian).add(frame, 0, 1'700'000'000, 123'456).content);
    EXPECT_EQ(micro.time_us, 1'700'000'000'123'456);
    const Outcome nano =
        read_all(PcapFile(kRaw, 0xa1b23c4d, big_endian).add(frame, 0, 1'700'000'000, 123'456'789).content);
    EXPECT_EQ(nano.time_us, 1'700'000'000'123'456);
    EXPECT_EQ(nano.payloads, std::vector<Bytes>{kPayload});
  }
}

TEST(Capture, ReadsPcapng) {
  Bytes packet = ipv4(udp(kPayload));
  const auto captured = static_cast<uint32_t>(packet.size());
  packet.resize((packet.size() + 3) / 4 * 4);
  const auto block = [](uint32_t type, const Bytes& body) {
    const Bytes length = le32(static_cast<uint32_t>(12 + body.size()));
    return le32(type) + length + body + length;
  };
  const Bytes section = block(0x0a0d0d0a, le32(0x1a2b3c4d) + Bytes{1, 0, 0, 0} + Bytes(8, 0xff));
  const Bytes interface = block(1, Bytes{101, 0, 0, 0} + le32(0));
  const uint64_t us = 1'700'000'000'123'456;
  const Bytes frame = block(6, le32(0) + le32(static_cast<uint32_t>(us >> 32)) + le32(static_cast<uint32_t>(us)) +
                                   le32(captured) + le32(captured) + packet);
  const Outcome outcome = read_all(section + interface + frame + frame);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.payloads, (std::vector<Bytes>{kPayload, kPayload}));
  EXPECT_EQ(outcome.time_us, static_cast<int64_t>(us));
}

// The first `split` bytes of a UDP datagram and the rest, as IPv4 fragments.
struct Fragments {
  Bytes first, second;
};
Fragments fragments(const Bytes& payload, size_t split, uint16_t identification = 7) {
  const Bytes whole = udp(payload);
  const auto middle = whole.begin() + static_cast<ptrdiff_t>(split);
  return {ipv4(Bytes(whole.begin(), middle), {.flags_offset = 0x2000, .identification = identification}),
          ipv4(Bytes(middle, whole.end()), {.flags_offset = split / 8, .identification = identification})};
}

TEST(Capture, PutsFragmentsTogetherInAnyOrder) {
  Bytes payload(1000, 0);
  for (size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<uint8_t>(i * 7);
  const Fragments f = fragments(payload, 504);
  for (const bool swapped : {false, true}) {
    const Outcome outcome =
        read_all(PcapFile(kRaw).add(swapped ? f.second : f.first).add(swapped ? f.first : f.second).content);
    EXPECT_EQ(outcome.payloads, std::vector<Bytes>{payload});
    EXPECT_EQ(outcome.frames, std::vector<uint64_t>{2});
    EXPECT_EQ(outcome.counts.fragment_frames, 1u);
    EXPECT_EQ(outcome.counts.damaged_frames, 0u);
  }
  // A mirror port repeats a frame: no harm.
  const Outcome repeated = read_all(PcapFile(kRaw).add(f.first).add(f.first).add(f.second).content);
  EXPECT_EQ(repeated.payloads, std::vector<Bytes>{payload});
  EXPECT_EQ(repeated.counts.fragment_frames, 2u);
}

TEST(Capture, PutsIpv6FragmentsTogether) {
  const Bytes payload(100, 3);
  const Bytes whole = Bytes{17, 0, 1, 4, 0, 0, 0, 0} + udp(payload);  // destination options, then UDP
  const Bytes first(whole.begin(), whole.begin() + 56);
  const Bytes second(whole.begin() + 56, whole.end());
  const Bytes identification = be32(0xdeadbeef);
  const Bytes frame1 = ipv6(44, Bytes{60, 0} + be16(1) + identification + first);
  const Bytes frame2 = ipv6(44, Bytes{60, 0} + be16(56) + identification + second);
  EXPECT_EQ(read_all(PcapFile(kRaw).add(frame1).add(frame2).content).payloads, std::vector<Bytes>{payload});
  // An "atomic" fragment (RFC 6946) is whole by itself.
  const Bytes atomic = ipv6(44, Bytes{17, 0} + be16(0) + identification + udp(payload));
  EXPECT_EQ(read_all(PcapFile(kRaw).add(atomic).content).payloads, std::vector<Bytes>{payload});
}

TEST(Capture, RefusesFragmentsThatContradictEachOther) {
  const Bytes payload(200, 1);
  const Fragments f = fragments(payload, 104);
  const Bytes tail(64, 9);
  const struct {
    const char* name;
    Bytes intruder;  // between the two
  } cases[] = {
      {"overlaps the first", ipv4(tail, {.flags_offset = 0x2000 | 12})},
      {"same place, other content", ipv4(Bytes(104, 9), {.flags_offset = 0x2000})},
      {"empty", ipv4({}, {.flags_offset = 0x2000 | 13})},
      {"not a multiple of 8", ipv4(Bytes(9, 9), {.flags_offset = 0x2000 | 20})},
      {"beyond 64 KiB", ipv4(tail, {.flags_offset = 0x1fff})},
  };
  for (const auto& c : cases) {
    const Outcome outcome = read_all(PcapFile(kRaw).add(f.first).add(c.intruder).add(f.second).content);
    EXPECT_TRUE(outcome.payloads.empty()) << c.name;
    EXPECT_EQ(outcome.counts.damaged_frames, 3u) << c.name;
  }
  // A second end, and data beyond the end.
  const Fragments longer = fragments(Bytes(240, 1), 104);
  EXPECT_EQ(read_all(PcapFile(kRaw).add(f.second).add(longer.second).add(f.first).content).counts.damaged_frames, 3u);
}

TEST(Capture, CountsFragmentsThatNeverBecomeWhole) {
  const Outcome at_the_end = read_all(PcapFile(kRaw).add(fragments(Bytes(200, 1), 104).first).content);
  EXPECT_EQ(at_the_end.counts.damaged_frames, 1u);

  PcapFile flood(kRaw);  // one more than are kept: the oldest goes, and its second part comes too late
  for (uint16_t i = 0; i <= 1024; ++i) flood.add(fragments(Bytes(200, 1), 104, i).first);
  flood.add(fragments(Bytes(200, 1), 104, 0).second).add(fragments(Bytes(200, 1), 104, 1024).second);
  const Outcome outcome = read_all(flood.content);
  EXPECT_EQ(outcome.payloads.size(), 1u);
  EXPECT_EQ(outcome.counts.frames,
            outcome.counts.datagrams + outcome.counts.damaged_frames + outcome.counts.fragment_frames);

  const Fragments f = fragments(Bytes(200, 1), 104);  // the same identification, two minutes apart
  const Outcome apart = read_all(PcapFile(kRaw).add(f.first, 0, 1000).add(f.second, 0, 1120).content);
  EXPECT_TRUE(apart.payloads.empty());
  EXPECT_EQ(apart.counts.damaged_frames, 2u);
}

TEST(Capture, AnyTruncationGivesAPrefix) {
  PcapFile file(kEthernet);
  const Fragments f = fragments(Bytes(200, 1), 104);
  file.add(ethernet(0x0800, ipv4(udp(kPayload)))).add(ethernet(0x86dd, ipv6(17, udp({1, 2}))));
  file.add(ethernet(0x0806, Bytes(28, 0))).add(ethernet(0x0800, f.first)).add(ethernet(0x0800, f.second));
  file.add(ethernet(0x0800, ipv4(udp({7}))));
  const Outcome whole = read_all(file.content);
  ASSERT_EQ(whole.payloads.size(), 4u);
  size_t seen = 0;
  for (size_t length = 0; length < file.content.size(); ++length) {
    const Outcome cut = read_all(ByteView(file.content).first(length));
    ASSERT_GE(cut.payloads.size(), seen) << length;
    seen = cut.payloads.size();
    ASSERT_LT(seen, whole.payloads.size()) << length;
    for (size_t i = 0; i < seen; ++i) ASSERT_EQ(cut.payloads[i], whole.payloads[i]) << length;
    const CaptureCounts& counts = cut.counts;
    ASSERT_EQ(counts.frames, counts.datagrams + counts.other_frames + counts.damaged_frames + counts.fragment_frames)
        << length;
  }
  // In the middle of a frame it is an error that says where.
  EXPECT_NE(read_all(ByteView(file.content).first(file.content.size() - 1)).error.find("after frame 5"),
            std::string::npos);
}

TEST(Capture, RefusesWhatIsNoCapture) {
  const Bytes text = {'h', 'e', 'l', 'l', 'o', ',', ' ', 'w', 'o', 'r', 'l', 'd', '\n'};
  EXPECT_NE(read_all(text).error.find("not a pcap"), std::string::npos);
  EXPECT_NE(read_all(PcapFile(105).content).error.find("IEEE802_11"), std::string::npos);
  EXPECT_NE(CaptureReader::open("/nonexistent/x.pcap").error().message.find("/nonexistent/x.pcap"), std::string::npos);
  EXPECT_NE(CaptureReader::open("/").error().message.find("folder"), std::string::npos);
}

TEST(CaptureWriter, WhatIsWrittenIsRead) {
  const std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) / fmt::format("weir-writer-{}.pcap", getpid());
  const Timestamp time = timestamp_from_us(1'795'357'500'123'456);
  {
    auto writer = CaptureWriter::create(path);
    ASSERT_TRUE(writer);
    writer->write({kPayload, *IpAddress::parse("192.0.2.1"), 50000, time}, *IpAddress::parse("192.0.2.254"), 2055);
    writer->write({Bytes(65507, 5), *IpAddress::parse("192.0.2.1"), 50000, time}, *IpAddress::parse("192.0.2.254"),
                  2055);
    writer->write({{}, *IpAddress::parse("2001:db8::1"), 4242, time}, *IpAddress::parse("2001:db8::2"), 4739);
    ASSERT_TRUE(writer->close());
  }
  std::ifstream file(path, std::ios::binary);
  const Bytes content{std::istreambuf_iterator<char>(file), {}};
  const Outcome outcome = read_all(content);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.payloads, (std::vector<Bytes>{kPayload, Bytes(65507, 5), {}}));
  EXPECT_EQ(outcome.exporter, "2001:db8::1 4242 2001:db8::2 4739");
  EXPECT_EQ(outcome.time_us, to_us(time));
  auto reader = CaptureReader::open(path);
  ASSERT_TRUE(reader);
  while (reader->next()->has_value()) {
  }
  EXPECT_EQ(reader->counts().bytes_read, content.size());
  EXPECT_EQ(reader->file_bytes(), content.size());
  std::filesystem::remove(path);
}

TEST(CaptureWriter, SaysWhatCannotBeWritten) {
  EXPECT_NE(CaptureWriter::create("/nonexistent/x.pcap").error().message.find("/nonexistent/x.pcap"),
            std::string::npos);
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  auto full = CaptureWriter::create("/dev/full");
  ASSERT_TRUE(full);
  full->write({kPayload, *IpAddress::parse("192.0.2.1"), 1, Timestamp{}}, *IpAddress::parse("192.0.2.2"), 2);
  const Result<> closed = full->close();
  ASSERT_FALSE(closed);
  EXPECT_NE(closed.error().message.find("No space left"), std::string::npos);
}

// The reference captures beside the repository, where they are. WEIR_CORPUS names another place.
std::filesystem::path corpus() {
  if (const char* folder = std::getenv("WEIR_CORPUS")) return folder;
  const std::filesystem::path root = WEIR_SOURCE_DIR;
  for (const char* up : {"../shared/corpus", "../../shared/corpus"}) {
    if (std::filesystem::is_directory(root / up)) return root / up;
  }
  return {};
}

TEST(Capture, ReadsTheReferenceCaptures) {
  const std::filesystem::path folder = corpus();
  if (folder.empty()) GTEST_SKIP() << "no reference captures (../shared/corpus or WEIR_CORPUS)";
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".pcap") continue;
    auto reader = CaptureReader::open(entry.path());
    ASSERT_TRUE(reader) << reader.error().message;
    auto next = reader->next();
    while (next && *next) next = reader->next();
    EXPECT_TRUE(next) << entry.path() << ": " << next.error().message;
    EXPECT_EQ(reader->counts().damaged_frames, 0u) << entry.path();
    EXPECT_GT(reader->counts().datagrams, 0u) << entry.path();
    ++files;
  }
  EXPECT_GT(files, 0u);
}

}  // namespace
}  // namespace weir::net
