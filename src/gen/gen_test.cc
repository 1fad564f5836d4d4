#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/big_endian.h"
#include "gen/exporter.h"

namespace weir::gen {
namespace {

constexpr Timestamp kStart = timestamp_from_us(1'795'357'500'123'456);
constexpr Protocol kAll[] = {Protocol::v5, Protocol::v9, Protocol::ipfix, Protocol::sflow};

uint64_t number(ByteView bytes, size_t at, size_t length) { return load_be_sized(bytes.subspan(at, length)); }

// A reader of data sets by the templates that came with them, written from RFC 7011 and RFC 3954, independent of the
// encoder.
class SetReader {
 public:
  using Record = std::map<uint64_t, uint64_t>;  // element -> its last 8 bytes

  // sets: what follows the message header.
  void read(ByteView sets, bool v9) {
    while (!sets.empty()) {
      ASSERT_GE(sets.size(), 4u);
      const uint64_t id = number(sets, 0, 2);
      const uint64_t length = number(sets, 2, 2);
      ASSERT_EQ(length % 4, 0u);
      ASSERT_TRUE(length > 4 && length <= sets.size()) << length;
      const ByteView content = sets.subspan(4, length - 4);
      if (id == (v9 ? 0u : 2u))
        read_templates(content);
      else if (id == (v9 ? 1u : 3u))
        read_options_template(content, v9);
      else
        read_data(id, content);
      sets = sets.subspan(length);
    }
  }

  std::vector<Record> data;
  std::vector<Record> options;
  uint64_t templates = 0;

 private:
  struct Field {
    uint64_t element, length;
  };
  void read_templates(ByteView bytes) {
    while (bytes.size() >= 4) {
      const uint64_t id = number(bytes, 0, 2);
      const uint64_t count = number(bytes, 2, 2);
      known_[id] = fields(bytes.subspan(4, count * 4));
      bytes = bytes.subspan(4 + count * 4);
      ++templates;
    }
  }
  void read_options_template(ByteView bytes, bool v9) {
    options_id_ = number(bytes, 0, 2);
    const uint64_t length = v9 ? number(bytes, 2, 2) + number(bytes, 4, 2) : number(bytes, 2, 2) * 4;
    known_[options_id_] = fields(bytes.subspan(6, length));
    ++templates;
  }
  static std::vector<Field> fields(ByteView bytes) {
    std::vector<Field> all;
    for (; bytes.size() >= 4; bytes = bytes.subspan(4)) all.push_back({number(bytes, 0, 2), number(bytes, 2, 2)});
    return all;
  }
  void read_data(uint64_t id, ByteView bytes) {
    ASSERT_TRUE(known_.contains(id)) << "data before its template";
    size_t size = 0;
    for (const Field& field : known_[id]) size += field.length;
    for (; bytes.size() >= size; bytes = bytes.subspan(size)) {
      Record record;
      size_t at = 0;
      for (const Field& field : known_[id]) {
        record[field.element] = number(bytes, at, field.length);  // of an address: the last 8 bytes
        at += field.length;
      }
      (id == options_id_ ? options : data).push_back(record);
    }
    for (const uint8_t byte : bytes) EXPECT_EQ(byte, 0) << "padding";
  }

  std::map<uint64_t, std::vector<Field>> known_;
  uint64_t options_id_ = 0;
};

void expect_totals(const Totals& totals, const std::vector<SetReader::Record>& records) {
  FlowCounts all;
  std::array<FlowCounts, 256> by_protocol{};
  for (const SetReader::Record& record : records) {
    all.add(record.at(2), record.at(1));
    by_protocol[record.at(4)].add(record.at(2), record.at(1));
  }
  EXPECT_EQ(totals.all, all);
  EXPECT_EQ(totals.by_ip_protocol, by_protocol);
}

TEST(SyntheticExporter, TheSameSeedGivesTheSameBytes) {
  for (const Protocol protocol : kAll) {
    SyntheticExporter one({.protocol = protocol, .seed = 7});
    SyntheticExporter two({.protocol = protocol, .seed = 7});
    SyntheticExporter other({.protocol = protocol, .seed = 8});
    bool differs = false;
    for (int i = 0; i < 50; ++i) {
      const ByteView datagram = one.next_datagram(kStart + Micros{i});
      const std::vector<uint8_t> copy(datagram.begin(), datagram.end());
      const ByteView same = two.next_datagram(kStart + Micros{i});
      ASSERT_EQ(copy, std::vector<uint8_t>(same.begin(), same.end())) << to_string(protocol) << i;
      const ByteView another = other.next_datagram(kStart + Micros{i});
      differs |= copy != std::vector<uint8_t>(another.begin(), another.end());
    }
    EXPECT_TRUE(differs);
  }
}

// FNV-1a of the first datagrams. If this fails on another machine, the generator is not the same everywhere; if it
// fails after a change of the generator, write down the new values.
TEST(SyntheticExporter, TheBytesAreTheSameOnEveryPlatform) {
  std::vector<uint32_t> hashes;
  for (const Protocol protocol : kAll) {
    SyntheticExporter exporter({.protocol = protocol, .seed = 42, .domain = 3, .sampling_interval = 100});
    uint32_t hash = 2'166'136'261;
    for (int i = 0; i < 20; ++i) {
      for (const uint8_t byte : exporter.next_datagram(kStart + Micros{i * 1000})) hash = (hash ^ byte) * 16'777'619;
    }
    hashes.push_back(hash);
  }
  EXPECT_EQ(hashes, (std::vector<uint32_t>{790656564, 3702316171, 1997865897, 1676654123}));
}

TEST(SyntheticExporter, V5) {
  SyntheticExporter exporter(
      {.protocol = Protocol::v5, .domain = 9, .sampling_interval = 512, .flows_per_datagram = 100});
  uint64_t sequence = 0;
  FlowCounts counts;
  for (int i = 0; i < 100; ++i) {
    const ByteView d = exporter.next_datagram(kStart, i % 2 == 0 ? SIZE_MAX : 7);
    const uint64_t count = number(d, 2, 2);
    ASSERT_EQ(number(d, 0, 2), 5u);
    ASSERT_EQ(count, i % 2 == 0 ? 30u : 7u);
    ASSERT_EQ(d.size(), 24 + 48 * count);
    ASSERT_EQ(number(d, 8, 4), 1'795'357'500u);
    ASSERT_EQ(number(d, 12, 4), 123'456'000u);
    ASSERT_EQ(number(d, 16, 4), sequence);
    ASSERT_EQ(number(d, 21, 1), 9u);
    ASSERT_EQ(number(d, 22, 2), 0x4000u + 512);
    sequence += count;
    const uint64_t uptime = number(d, 4, 4);
    for (uint64_t r = 0; r < count; ++r) {
      const ByteView record = d.subspan(24 + 48 * r, 48);
      counts.add(number(record, 16, 4), number(record, 20, 4));
      ASSERT_LE(number(record, 24, 4), number(record, 28, 4)) << "a flow ends before it begins";
      ASSERT_LE(number(record, 28, 4), uptime) << "a flow ends after its export";
    }
  }
  EXPECT_EQ(exporter.totals().all, counts);
  EXPECT_EQ(exporter.totals().all.flows, sequence);
  EXPECT_EQ(exporter.totals().datagrams, 100u);
}

TEST(SyntheticExporter, V9) {
  SyntheticExporter exporter({.protocol = Protocol::v9,
                              .domain = 77,
                              .sampling_interval = 1000,
                              .template_interval = std::chrono::seconds(10)});
  SetReader reader;
  for (uint64_t i = 0; i < 200; ++i) {
    const ByteView d =
        exporter.next_datagram(kStart + std::chrono::milliseconds(100 * i));  // 20 seconds: templates come twice
    ASSERT_LE(d.size(), kMaxDatagramBytes);
    ASSERT_EQ(number(d, 0, 2), 9u);
    ASSERT_EQ(number(d, 12, 4), i) << "the sequence counts datagrams";
    ASSERT_EQ(number(d, 16, 4), 77u);
    const size_t before = reader.data.size() + reader.options.size() + reader.templates;
    reader.read(d.subspan(20), true);
    ASSERT_EQ(reader.data.size() + reader.options.size() + reader.templates - before, number(d, 2, 2))
        << "count holds all records";
    ASSERT_LE(reader.data.back().at(22), reader.data.back().at(21));
    ASSERT_LE(reader.data.back().at(21), number(d, 4, 4));
  }
  expect_totals(exporter.totals(), reader.data);
  ASSERT_EQ(reader.options.size(), 2u);
  EXPECT_EQ(reader.options[0].at(34), 1000u);
  EXPECT_EQ(exporter.totals().option_records, 2u);
}

TEST(SyntheticExporter, Ipfix) {
  SyntheticExporter exporter(
      {.protocol = Protocol::ipfix, .domain = 77, .template_interval = std::chrono::seconds(10)});
  SetReader reader;
  uint64_t v6 = 0;
  for (int i = 0; i < 200; ++i) {
    const size_t before = reader.data.size() + reader.options.size();
    const ByteView d = exporter.next_datagram(kStart + std::chrono::milliseconds(100 * i));
    ASSERT_LE(d.size(), kMaxDatagramBytes);
    ASSERT_EQ(number(d, 0, 2), 10u);
    ASSERT_EQ(number(d, 2, 2), d.size());
    ASSERT_EQ(number(d, 8, 4), before) << "the sequence counts data records";
    ASSERT_EQ(number(d, 12, 4), 77u);
    reader.read(d.subspan(16), false);
    const auto now_ms = static_cast<uint64_t>(to_us(kStart) / 1000 + 100 * i);
    ASSERT_LE(reader.data.back().at(152), reader.data.back().at(153));
    ASSERT_LE(reader.data.back().at(153), now_ms);
    ASSERT_GT(reader.data.back().at(152), now_ms - 120'000);
  }
  for (const auto& record : reader.data) v6 += record.at(60) == 6;
  EXPECT_NEAR(static_cast<double>(v6) / static_cast<double>(reader.data.size()), 0.15, 0.03);
  expect_totals(exporter.totals(), reader.data);
  EXPECT_EQ(reader.options.size(), 2u);
}

TEST(SyntheticExporter, Sflow) {
  SyntheticExporter exporter({.protocol = Protocol::sflow, .sampling_interval = 400});
  FlowCounts counts;
  uint64_t samples = 0;
  for (uint64_t i = 1; i <= 50; ++i) {
    ByteView d = exporter.next_datagram(kStart);
    ASSERT_LE(d.size(), kMaxDatagramBytes);
    ASSERT_EQ(number(d, 0, 4), 5u);
    ASSERT_EQ(number(d, 8, 4), 0x7f000001u);
    ASSERT_EQ(number(d, 16, 4), i);
    const uint64_t in_datagram = number(d, 24, 4);
    d = d.subspan(28);
    for (uint64_t s = 0; s < in_datagram; ++s) {
      ASSERT_EQ(number(d, 0, 4), 1u);
      const uint64_t length = number(d, 4, 4);
      const ByteView sample = d.subspan(8, length);
      ASSERT_EQ(number(sample, 0, 4), ++samples);
      ASSERT_EQ(number(sample, 8, 4), 400u);
      ASSERT_EQ(number(sample, 12, 4), 400 * samples);
      const uint64_t records = number(sample, 28, 4);
      size_t at = 32;
      for (uint64_t r = 0; r < records; ++r) {
        if (number(sample, at, 4) == 1) {
          const uint64_t frame = number(sample, at + 12, 4);
          const uint64_t header = number(sample, at + 20, 4);
          counts.add(1, frame);
          ASSERT_LE(header, frame);
          ASSERT_EQ(number(sample, at + 4, 4), 16 + (header + 3) / 4 * 4);
          const ByteView packet = sample.subspan(at + 24, header);
          if (number(packet, 12, 2) == 0x0800) {
            uint64_t sum = 0;
            for (size_t w = 14; w < 34; w += 2) sum += number(packet, w, 2);
            ASSERT_EQ((sum & 0xffff) + (sum >> 16), 0xffffu) << "header checksum";
          }
        }
        at += 8 + number(sample, at + 4, 4);
      }
      ASSERT_EQ(at, length);
      d = d.subspan(8 + length);
    }
    ASSERT_TRUE(d.empty());
  }
  EXPECT_EQ(exporter.totals().all, counts);
  EXPECT_EQ(exporter.totals().all.packets, samples);
}

// Formats of all samples, by walking over their lengths.
std::map<uint64_t, uint64_t> sflow_formats(SyntheticExporter& exporter, int datagrams) {
  std::map<uint64_t, uint64_t> formats;
  for (int i = 0; i < datagrams; ++i) {
    ByteView d = exporter.next_datagram(kStart);
    EXPECT_LE(d.size(), kMaxDatagramBytes);
    const uint64_t samples = number(d, 24, 4);
    d = d.subspan(28);
    for (uint64_t s = 0; s < samples; ++s) {
      ++formats[number(d, 0, 4)];
      d = d.subspan(8 + number(d, 4, 4));
    }
    EXPECT_TRUE(d.empty());
  }
  return formats;
}

TEST(SyntheticExporter, SflowForms) {
  SyntheticExporter compact({.protocol = Protocol::sflow, .sflow_counters_every = 3});
  auto formats = sflow_formats(compact, 30);
  EXPECT_EQ(formats[2], 10u);
  EXPECT_EQ(formats[1], compact.totals().all.flows);
  EXPECT_EQ(formats.size(), 2u);
  SyntheticExporter expanded({.protocol = Protocol::sflow, .sflow_expanded = true, .sflow_counters_every = 10});
  formats = sflow_formats(expanded, 30);
  EXPECT_EQ(formats[4], 3u);
  EXPECT_EQ(formats[3], expanded.totals().all.flows);
  EXPECT_EQ(formats.size(), 2u);
}

TEST(SyntheticExporter, MaxFlowsAndTheObserverAreExact) {
  for (const Protocol protocol : kAll) {
    SyntheticExporter exporter({.protocol = protocol});
    FlowCounts seen;
    exporter.on_flow([&](const Flow& flow) { seen.add(flow.packets, flow.bytes); });
    while (exporter.totals().all.flows < 1000) exporter.next_datagram(kStart, 1000 - exporter.totals().all.flows);
    EXPECT_EQ(exporter.totals().all.flows, 1000u) << to_string(protocol);
    EXPECT_EQ(exporter.totals().all, seen) << to_string(protocol);
  }
}

TEST(FlowModel, LooksLikeAnAccessNetwork) {
  FlowModel model(1, 15);
  std::map<IpAddress, uint64_t> bytes_by_local;
  std::map<uint8_t, uint64_t> flows_by_protocol;
  uint64_t largest = 0;
  uint64_t total = 0;
  constexpr uint64_t kFlows = 200'000;
  for (uint64_t i = 0; i < kFlows; ++i) {
    const Flow flow = model.next();
    ASSERT_GT(flow.packets, 0u);
    ASSERT_GE(flow.bytes, flow.packets * 40);
    ASSERT_LE(flow.bytes, flow.packets * 1500);
    ASSERT_EQ(flow.source.is_v4(), flow.destination.is_v4());
    bytes_by_local[flow.direction == 0 ? flow.destination : flow.source] += flow.bytes;
    ++flows_by_protocol[flow.protocol];
    largest = std::max(largest, flow.bytes);
    total += flow.bytes;
  }
  EXPECT_GT(bytes_by_local.size(), 20'000u);
  EXPECT_LT(bytes_by_local.size(), 110'000u);
  EXPECT_GT(flows_by_protocol[6], flows_by_protocol[17]);
  EXPECT_GT(flows_by_protocol[17], kFlows / 10);
  EXPECT_GT(flows_by_protocol[1] + flows_by_protocol[58], kFlows / 100);
  EXPECT_GT(largest, 100 * (total / kFlows)) << "sizes are heavy-tailed";
}

}  // namespace
}  // namespace weir::gen
