// Flows decoded a second on one core, from memory: datagrams of about 1400 bytes, rows into batches that are dropped
// when they are full. items_per_second is flows a second.
#include <benchmark/benchmark.h>

#include <vector>

#include "base/check.h"
#include "decode/decoder.h"
#include "decode/sflow/test_sflow.h"
#include "decode/test_wire.h"

namespace weir::decode {
namespace {

using test::FieldOf;
using test::Wire;

constexpr size_t kDatagrams = 256;

// Numbers that look random and are the same in every run.
struct Noise {
  uint64_t state = 1;
  uint64_t next() {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
  }
};

Wire record(const std::vector<FieldOf>& fields, Noise& noise) {
  Wire wire;
  for (const FieldOf& field : fields) {
    switch (field.element) {
      case 1:
        wire.number(noise.next() % 1'000'000, field.length);
        break;
      case 2:
        wire.number(noise.next() % 1000, field.length);
        break;
      case 4:
        wire.number(noise.next() % 2 == 0 ? 6 : 17, field.length);
        break;
      case 21:
        wire.number(3'590'000 + noise.next() % 10'000, field.length);
        break;
      case 22:
        wire.number(3'500'000 + noise.next() % 10'000, field.length);
        break;
      case 152:
      case 153:
        wire.number(1'699'999'000'000 + noise.next() % 1'000'000, field.length);
        break;
      default:
        if (field.length == 65535) {
          const size_t length = 4 + noise.next() % 12;
          wire.u8(length).text(std::string_view("interface-names-").substr(0, length));
        } else {
          wire.number(noise.next(), field.length);
        }
    }
  }
  return wire;
}

// Datagrams that hold `records` records each; `head` goes before the first one.
struct Load {
  std::vector<Wire> datagrams;
  size_t records = 0;
};

using MakeMessage = Wire (*)(const test::Header&, const Wire&);

Load make_load(const std::vector<FieldOf>& fields, size_t records, MakeMessage message, bool sequence_in_records) {
  Load load{.datagrams = {}, .records = records};
  Noise noise;
  for (size_t d = 0; d < kDatagrams; ++d) {
    Wire body;
    for (size_t r = 0; r < records; ++r) body.add(record(fields, noise));
    test::Header header{.sequence = static_cast<uint32_t>(sequence_in_records ? d * records : d),
                        .count = static_cast<uint16_t>(records)};
    load.datagrams.push_back(message(header, message == &test::netflow5 ? body : test::set(256, body)));
  }
  return load;
}

// announcement: the datagram with the template, if there is one.
void run(benchmark::State& state, const Load& load, const Wire& announcement, DecoderOptions options = {}) {
  size_t rows = 0;
  flow::TableBuilders builder([&rows](const flow::FullBatch& batch) { rows += batch->rows(); });
  Decoder decoder(std::move(options));
  if (announcement.size() > 0) decoder.decode(test::datagram(announcement), builder);
  for (auto _ : state) {
    for (const Wire& datagram : load.datagrams) decoder.decode(test::datagram(datagram), builder);
  }
  builder.hand_over();
  const auto flows = static_cast<int64_t>(state.iterations() * load.datagrams.size() * load.records);
  CHECK(rows == static_cast<size_t>(flows));
  state.SetItemsProcessed(flows);
}

const std::vector<FieldOf> kFieldsV5 = {{8, 4},  {12, 4}, {15, 4}, {10, 2}, {14, 2},  {2, 4},  {1, 4},
                                        {22, 4}, {21, 4}, {7, 2},  {11, 2}, {210, 1}, {6, 1},  {4, 1},
                                        {5, 1},  {16, 2}, {17, 2}, {9, 1},  {13, 1},  {210, 2}};
// A router's usual template.
const std::vector<FieldOf> kFields20 = {{1, 4},  {2, 4},  {4, 1},  {5, 1},  {6, 1},  {7, 2},  {8, 4},
                                        {9, 1},  {10, 4}, {11, 2}, {12, 4}, {13, 1}, {14, 4}, {15, 4},
                                        {16, 4}, {17, 4}, {21, 4}, {22, 4}, {61, 1}, {89, 1}};
const std::vector<FieldOf> kFieldsIpfix = {{1, 8},  {2, 8},  {4, 1},  {5, 1},   {6, 2},   {7, 2},  {8, 4},
                                           {9, 1},  {10, 4}, {11, 2}, {12, 4},  {13, 1},  {14, 4}, {15, 4},
                                           {16, 4}, {17, 4}, {61, 1}, {136, 1}, {152, 8}, {153, 8}};
const std::vector<FieldOf> kFieldsVariable = {{1, 8},  {2, 8},  {4, 1},  {5, 1},      {6, 2},   {7, 2},  {8, 4},
                                              {9, 1},  {10, 4}, {11, 2}, {12, 4},     {13, 1},  {14, 4}, {15, 4},
                                              {16, 4}, {17, 4}, {61, 1}, {82, 65535}, {152, 8}, {153, 8}};

void BM_NetflowV5(benchmark::State& state) { run(state, make_load(kFieldsV5, 30, &test::netflow5, true), {}); }
BENCHMARK(BM_NetflowV5);

void BM_NetflowV9_20Fields(benchmark::State& state) {
  const Wire announcement =
      test::netflow9({.sequence = UINT32_MAX, .count = 1}, test::set(0, test::template_record(256, kFields20)));
  run(state, make_load(kFields20, 24, &test::netflow9, false), announcement);
}
BENCHMARK(BM_NetflowV9_20Fields);

void BM_Ipfix_20Fields(benchmark::State& state) {
  const Wire announcement = test::ipfix({}, test::set(2, test::template_record(256, kFieldsIpfix)));
  run(state, make_load(kFieldsIpfix, 20, &test::ipfix, true), announcement);
}
BENCHMARK(BM_Ipfix_20Fields);

void BM_Ipfix_VariableLength(benchmark::State& state) {
  const Wire announcement = test::ipfix({}, test::set(2, test::template_record(256, kFieldsVariable)));
  run(state, make_load(kFieldsVariable, 18, &test::ipfix, true), announcement);
}
BENCHMARK(BM_Ipfix_VariableLength);

void BM_Ipfix_VariableLengthIntoOther(benchmark::State& state) {
  const Wire announcement = test::ipfix({}, test::set(2, test::template_record(256, kFieldsVariable)));
  DecoderOptions options;
  options.other = true;
  run(state, make_load(kFieldsVariable, 18, &test::ipfix, true), announcement, std::move(options));
}
BENCHMARK(BM_Ipfix_VariableLengthIntoOther);

Load make_sflow_load(const std::vector<Wire>& records, size_t samples) {
  Load load{.datagrams = {}, .records = samples};
  Noise noise;
  for (size_t d = 0; d < kDatagrams; ++d) {
    std::vector<Wire> list;
    for (size_t s = 0; s < samples; ++s) {
      // Every sample has a header of its own: other ports, sources and lengths.
      std::vector<Wire> all = {test::raw_header(1, 64 + static_cast<uint32_t>(noise.next() % 1400),
                                                test::tcp_frame(0, static_cast<uint32_t>(noise.next())).zeros(74))};
      all.insert(all.end(), records.begin(), records.end());
      list.push_back(test::flow_sample({.input = 1 + static_cast<uint32_t>(noise.next() % 48)}, all));
    }
    load.datagrams.push_back(test::sflow_datagram({.sequence = static_cast<uint32_t>(d)}, list));
  }
  return load;
}

// Headers of 128 bytes: 7 fit into a datagram of 1400.
void BM_Sflow_RawHeader(benchmark::State& state) { run(state, make_sflow_load({}, 7), {}); }
BENCHMARK(BM_Sflow_RawHeader);

Wire switch_record() { return test::sflow_block(1001, test::sflow_words({100, 0, 200, 0})); }
Wire router_record() {
  return test::sflow_block(1002, test::sflow_address(IpAddress::from_v4(0x0a000009)).add(test::sflow_words({24, 16})));
}

void BM_Sflow_RawHeaderSwitchRouter(benchmark::State& state) {
  run(state, make_sflow_load({switch_record(), router_record()}, 5), {});
}
BENCHMARK(BM_Sflow_RawHeaderSwitchRouter);

void BM_Sflow_RawHeaderSwitchRouterGateway(benchmark::State& state) {
  const Wire gateway = test::sflow_block(1003, test::sflow_address(IpAddress::from_v4(0x0a000009))
                                                   .add(test::sflow_words({64496, 64497, 64497, 1, 2}))
                                                   .add(test::sflow_list({64498, 64499, 64500}))
                                                   .add(test::sflow_list({64498U << 16 | 100}))
                                                   .u32(100));
  run(state, make_sflow_load({switch_record(), router_record(), gateway}, 4), {});
}
BENCHMARK(BM_Sflow_RawHeaderSwitchRouterGateway);

// Records with structured data (RFC 6313): five addresses and counters, BGP communities and an SRv6 segment list, which
// become columns, and a subTemplateMultiList, which goes into `other` if that is on.
const std::vector<FieldOf> kFieldsLists = {{1, 8},  {2, 8},  {4, 1},       {6, 2},       {7, 2},      {8, 4},
                                           {11, 2}, {12, 4}, {485, 65535}, {496, 65535}, {293, 65535}};

Load make_list_load(size_t records) {
  Load load{.datagrams = {}, .records = records};
  Noise noise;
  const std::vector<FieldOf> plain(kFieldsLists.begin(), kFieldsLists.begin() + 8);
  for (size_t d = 0; d < kDatagrams; ++d) {
    Wire body;
    for (size_t r = 0; r < records; ++r) {
      body.add(record(plain, noise));
      body.u8(13).u8(3).u16(483).u16(4).u32(0xfde80001).u32(0xfde80002);
      body.u8(37).u8(4).u16(494).u16(16).u64(0x20010db800000000).u64(1).u64(0x20010db800000000).u64(2);
      body.u8(17).u8(3).u16(257).u16(16).u32(0x000c2970).u32(0x8609000c).u32(0x298dafc3);
    }
    load.datagrams.push_back(test::ipfix({.sequence = static_cast<uint32_t>(d * records)}, test::set(256, body)));
  }
  return load;
}

void run_lists(benchmark::State& state, bool other) {
  const Wire announcement = test::ipfix(
      {}, test::set(2, test::template_record(256, kFieldsLists).add(test::template_record(257, {{56, 6}, {80, 6}}))));
  DecoderOptions options;
  options.other = other;
  run(state, make_list_load(12), announcement, std::move(options));
}

void BM_Ipfix_StructuredData(benchmark::State& state) { run_lists(state, false); }
BENCHMARK(BM_Ipfix_StructuredData);

void BM_Ipfix_StructuredDataIntoOther(benchmark::State& state) { run_lists(state, true); }
BENCHMARK(BM_Ipfix_StructuredDataIntoOther);

// The 20 fields of above, of an exporter that announced the names of its interfaces.
void BM_Ipfix_20FieldsWithInterfaceNames(benchmark::State& state) {
  Wire names;
  for (uint32_t i = 1; i <= 48; ++i) names.u32(i).text("HundredGigE0/0/0/").u8('0' + i / 10).u8('0' + i % 10);
  const Wire announcement =
      test::ipfix({}, test::set(2, test::template_record(256, kFieldsIpfix))
                          .add(test::set(3, test::options_record_ipfix(300, {{10, 4}}, {{82, 19}})))
                          .add(test::set(300, names)));
  Load load{.datagrams = {}, .records = 20};
  Noise noise;
  for (size_t d = 0; d < kDatagrams; ++d) {
    Wire body;
    for (size_t r = 0; r < load.records; ++r) {
      // All but the interfaces are noise: those of a router are few.
      for (const FieldOf& field : kFieldsIpfix) {
        const bool interface = field.element == 10 || field.element == 14;
        body.add(interface ? Wire().u32(1 + (d * 7 + r * 5 + field.element) % 48) : record({field}, noise));
      }
    }
    load.datagrams.push_back(test::ipfix({.sequence = static_cast<uint32_t>(d * load.records)}, test::set(256, body)));
  }
  run(state, load, announcement);
}
BENCHMARK(BM_Ipfix_20FieldsWithInterfaceNames);

}  // namespace
}  // namespace weir::decode
