// What many exporters cost: memory for their sessions and templates, and time a flow, as every datagram comes from
// another exporter and nothing is in the cache. items_per_second is flows a second, rss_MiB the memory of the process.
#include <benchmark/benchmark.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/check.h"
#include "decode/decoder.h"
#include "decode/test_wire.h"

namespace weir::decode {
namespace {

using test::FieldOf;
using test::Wire;

constexpr uint16_t kTemplates = 20;
constexpr size_t kRecords = 24;
constexpr size_t kDatagrams = 1 << 14;  // of one iteration
constexpr size_t kAtOnce = 16;          // that a receiver has at hand

// A router's usual template, with 20 fields, and as many like it as somebody wants.
std::vector<FieldOf> layout(size_t number) {
  std::vector<FieldOf> fields = {{1, 4},  {2, 4},  {4, 1},  {5, 1},  {6, 1},  {7, 2},  {8, 4},
                                 {9, 1},  {10, 4}, {11, 2}, {12, 4}, {13, 1}, {14, 4}, {15, 4},
                                 {16, 4}, {17, 4}, {21, 4}, {22, 4}, {61, 1}};
  fields.push_back({static_cast<uint16_t>(3000 + number % 10'000), 1});
  fields.push_back({static_cast<uint16_t>(13'000 + number / 10'000), 1});
  return fields;
}

double resident_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}

IpAddress exporter(size_t number) { return IpAddress::from_v4(static_cast<uint32_t>(0x0a000000 + number)); }

void announce(Decoder& decoder, flow::TableBuilders& builder, size_t exporters, bool alike) {
  for (size_t e = 0; e < exporters; ++e) {
    Wire sets;
    for (uint16_t t = 0; t < kTemplates; ++t) {
      sets.add(test::set(0, test::template_record(256 + t, layout(alike ? t : e * kTemplates + t))));
    }
    decoder.decode(test::datagram(test::netflow9({.sequence = 0, .count = kTemplates}, sets), 50000, exporter(e)),
                   builder);
  }
}

// range(0): exporters. range(1): 1 if they all announce the same 20 layouts, 0 if every layout is another one.
void BM_Exporters(benchmark::State& state) {
  const auto exporters = static_cast<size_t>(state.range(0));
  std::vector<Wire> datagrams;
  for (uint16_t t = 0; t < kTemplates; ++t) {
    Wire records;
    for (size_t r = 0; r < kRecords; ++r) {
      for (const FieldOf& field : layout(0)) records.number(field.element + r, field.length);
    }
    datagrams.push_back(test::netflow9({.sequence = 1, .count = kRecords}, test::set(256 + t, records)));
  }
  size_t rows = 0;
  flow::TableBuilders builder([&rows](const flow::FullBatch& batch) { rows += batch->rows(); });
  Decoder decoder({});
  announce(decoder, builder, exporters, state.range(1) == 1);
  size_t next = 0;
  for (auto _ : state) {
    for (size_t d = 0; d < kDatagrams; d += kAtOnce) {
      std::vector<Datagram> received;
      for (size_t i = 0; i < kAtOnce; ++i, next += 7919)
        received.push_back(test::datagram(datagrams[(d + i) % kTemplates], 50000, exporter(next % exporters)));
      decoder.expect(received);
      for (const Datagram& datagram : received) decoder.decode(datagram, builder);
    }
  }
  builder.hand_over();
  const auto flows = static_cast<int64_t>(state.iterations() * kDatagrams * kRecords);
  CHECK(rows == static_cast<size_t>(flows));
  state.SetItemsProcessed(flows);
  state.counters["rss_MiB"] = resident_mib();
}
BENCHMARK(BM_Exporters)->Args({1, 1})->Args({10'000, 1})->Args({10'000, 0})->ArgNames({"exporters", "alike"});

// One flow a datagram, as exporters send that have little to tell: what a datagram costs by itself. range(0):
// exporters, in turns; range(1): NetFlow 5 or 9.
void BM_OneFlow(benchmark::State& state) {
  const auto exporters = static_cast<size_t>(state.range(0));
  const bool v9 = state.range(1) == 9;
  size_t rows = 0;
  flow::TableBuilders builder([&rows](const flow::FullBatch& batch) { rows += batch->rows(); });
  Decoder decoder({});
  if (v9) announce(decoder, builder, exporters, true);
  Wire record;
  for (const FieldOf& field : layout(0)) record.number(field.element, field.length);
  std::vector<Wire> messages;  // of the exporters' next turns
  for (uint32_t turn = 0; turn < 16; ++turn) {
    messages.push_back(v9 ? test::netflow9({.sequence = 1 + turn, .count = 1}, test::set(256, record))
                          : test::netflow5({.sequence = turn, .count = 1}, Wire().zeros(48)));
  }
  std::vector<Datagram> received(exporters * messages.size());
  for (size_t d = 0; d < received.size(); ++d)
    received[d] = test::datagram(messages[d / exporters], 50000, exporter(d % exporters));
  for (auto _ : state) {
    for (std::span<const Datagram> left(received); !left.empty();) {
      const auto next = left.first(std::min(kAtOnce, left.size()));
      decoder.expect(next);
      for (const Datagram& datagram : next) decoder.decode(datagram, builder);
      left = left.subspan(next.size());
    }
  }
  builder.hand_over();
  const auto flows = static_cast<int64_t>(state.iterations() * received.size());
  CHECK(rows == static_cast<size_t>(flows));
  state.SetItemsProcessed(flows);
}
BENCHMARK(BM_OneFlow)->Args({1, 5})->Args({100, 5})->Args({1, 9})->Args({100, 9})->ArgNames({"exporters", "netflow"});

// The state of 10,000 exporters with 20 templates each: taken out, written, read. items_per_second is templates.
void BM_State(benchmark::State& state) {
  constexpr size_t exporters = 10'000;
  flow::TableBuilders builder([](const flow::FullBatch&) {});
  Decoder decoder({});
  announce(decoder, builder, exporters, state.range(0) == 1);
  const auto now = timestamp_from_us(1'700'000'002'000'000);
  const SessionChanges changes = decoder.take_changes(now);
  CHECK(changes.changed.size() == exporters);
  size_t state_bytes = 0;
  for (auto _ : state) {
    const std::vector<uint8_t> bytes = encode_state(changes.changed, now);
    const auto decoded = decode_state(bytes, {});
    CHECK(decoded && decoded->sessions.size() == exporters && decoded->left_out == 0);
    state_bytes = bytes.size();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * exporters * kTemplates));
  state.counters["MiB"] = static_cast<double>(state_bytes) / (1 << 20);
  state.counters["rss_MiB"] = resident_mib();
}
BENCHMARK(BM_State)->Arg(1)->Arg(0)->ArgName("alike");

}  // namespace
}  // namespace weir::decode
