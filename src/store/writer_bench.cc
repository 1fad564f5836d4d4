// What writing costs: CPU seconds a million rows and bytes a row, for flows as a busy router exports them and 30 of
// the columns filled. docs/store.md has the figures; ./dev bench write repeats them.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cmath>
#include <filesystem>

#include "base/ether_type.h"
#include "store/parquet_types.h"
#include "store/random_batch.h"
#include "store/store.h"
#include "store/test_duckdb_writer.h"
#include "store/test_folder.h"

namespace weir::store {
namespace {

using flow::Column;

constexpr size_t kRowsPerSecond = 2500;
constexpr size_t kBatches = 16;

// Addresses by rank, a few of them very often: 50 thousand local ones and 2 million remote ones, 15 % IPv6.
class Traffic {
 public:
  flow::SealedBatch batch(size_t rows) {
    auto made = std::make_shared<flow::FlowBatch>(rows);
    made->append(rows, IpAddress::from_v4(0xc0000201));
    for (size_t row = 0; row < rows; ++row, ++count_) fill(*made, row);
    for (size_t c = 0; c < flow::kColumnCount; ++c) {
      if (touched_[c]) made->set_valid(static_cast<Column>(c), 0, rows);
    }
    return flow::seal(std::move(made));
  }

 private:
  double unit() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  uint64_t below(uint64_t limit) { return random_() % limit; }
  uint64_t rank(uint64_t limit) { return static_cast<uint64_t>(std::pow(static_cast<double>(limit), unit())) - 1; }
  IpAddress address(uint64_t rank, bool v6, uint8_t net) {
    const uint64_t mixed = (rank + 1) * 0x9e3779b97f4a7c15;
    if (!v6) return IpAddress::from_v4(uint32_t{net} << 24 | static_cast<uint32_t>(mixed >> 40));
    IpAddress a;
    a.bytes[0] = 0x20, a.bytes[1] = 0x01, a.bytes[2] = 0x0d, a.bytes[3] = net;
    for (size_t i = 0; i < 8; ++i) a.bytes[8 + i] = static_cast<uint8_t>(mixed >> (8 * i));
    return a;
  }
  template <Column column>
  void set(flow::FlowBatch& batch, size_t row, flow::ValueOf<column> value) {
    batch.values<column>()[row] = value;
    touched_[static_cast<size_t>(column)] = true;
  }

  void fill(flow::FlowBatch& b, size_t row) {
    const auto received = static_cast<int64_t>(1'795'356'000'000'000 + count_ * 1'000'000 / kRowsPerSecond);
    const auto duration = static_cast<int64_t>(rank(60'000)) * 1000;
    const bool v6 = below(100) < 15, out = below(2) == 0, tcp = below(10) < 7;
    const uint64_t local = rank(50'000), remote = rank(2'000'000);
    const uint64_t packets = 1 + rank(10'000);
    const auto service = static_cast<uint16_t>(std::array{443, 443, 443, 80, 53, 53, 22, 123}[below(8)]);
    const auto client = static_cast<uint16_t>(32768 + below(28000));
    set<Column::time_received>(b, row, received);
    set<Column::time_flow_end>(b, row, (received - static_cast<int64_t>(below(2'000'000))) / 1000 * 1000);
    set<Column::time_flow_start>(b, row, b.values<Column::time_flow_end>()[row] - duration);
    set<Column::type>(b, row, 3);
    set<Column::sampler_address>(b, row, IpAddress::from_v4(static_cast<uint32_t>(0x0a000001 + below(6))));
    set<Column::observation_domain_id>(b, row, 256);
    set<Column::sampling_rate>(b, row, 1000);
    set<Column::packets>(b, row, packets);
    set<Column::bytes>(b, row, packets * (40 + below(1460)));
    const IpAddress inside = address(local, v6, 10),
                    outside = address(remote, v6, static_cast<uint8_t>(1 + remote % 200));
    set<Column::src_addr>(b, row, out ? inside : outside);
    set<Column::dst_addr>(b, row, out ? outside : inside);
    set<Column::src_port>(b, row, out ? client : service);
    set<Column::dst_port>(b, row, out ? service : client);
    set<Column::proto>(b, row, tcp ? 6 : 17);
    set<Column::etype>(b, row, v6 ? kEtypeIpv6 : kEtypeIpv4);
    set<Column::next_hop>(b, row, IpAddress::from_v4(static_cast<uint32_t>(0x0a0000fe + below(40))));
    set<Column::src_as>(b, row, out ? 64512 : static_cast<uint32_t>(1000 + remote % 5000));
    set<Column::dst_as>(b, row, out ? static_cast<uint32_t>(1000 + remote % 5000) : 64512);
    set<Column::src_net>(b, row, static_cast<uint8_t>(out ? 22 : 16 + remote % 9));
    set<Column::dst_net>(b, row, static_cast<uint8_t>(out ? 16 + remote % 9 : 22));
    set<Column::in_if>(b, row, static_cast<uint32_t>(1 + below(24)));
    set<Column::out_if>(b, row, static_cast<uint32_t>(1 + below(24)));
    set<Column::flow_direction>(b, row, 0);
    set<Column::flow_end_reason>(b, row, static_cast<uint8_t>(1 + below(3)));
    set<Column::forwarding_status>(b, row, 64);
    set<Column::ip_tos>(b, row, static_cast<uint8_t>(below(10) == 0 ? 0xb8 : 0));
    set<Column::ip_ttl>(b, row, static_cast<uint8_t>(48 + below(16)));
    set<Column::tcp_flags>(b, row, static_cast<uint16_t>(tcp ? 0x1b : 0));
    set<Column::vlan_id>(b, row, static_cast<uint16_t>(100 + below(8)));
    set<Column::ingress_vrf_id>(b, row, 0);
  }

  Random random_{7};
  uint64_t count_ = 0;
  std::array<bool, flow::kColumnCount> touched_{};
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

const std::vector<flow::SealedBatch>& traffic() {
  static const std::vector<flow::SealedBatch> batches = [] {
    Traffic source;
    std::vector<flow::SealedBatch> made;
    for (size_t i = 0; i < kBatches; ++i) made.push_back(source.batch(flow::FlowBatch::kDefaultCapacity));
    return made;
  }();
  return batches;
}

void write_segments(benchmark::State& state, SegmentWriter& writer) {
  const auto& batches = traffic();
  const TestFolder folder;
  uint64_t rows = 0, bytes = 0, number = 0;
  const double before = cpu_seconds();
  for (auto _ : state) {
    const auto path = folder / std::to_string(number++);
    const auto stats = writer.write(path, batches);
    CHECK(stats.has_value());
    rows += stats->rows;
    bytes += stats->bytes;
    std::filesystem::remove(path);
  }
  state.counters["cpu_s_per_Mrow"] = (cpu_seconds() - before) * 1e6 / static_cast<double>(rows);
  state.counters["bytes_per_row"] = static_cast<double>(bytes) / static_cast<double>(rows);
  state.SetItemsProcessed(static_cast<int64_t>(rows));
}

void ours(benchmark::State& state) {
  const auto writer = make_parquet_writer();
  write_segments(state, *writer);
}
BENCHMARK(ours)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(10);

void duckdb(benchmark::State& state) {
  const auto writer = make_duckdb_writer();
  write_segments(state, *writer);
}
BENCHMARK(duckdb)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(2);

}  // namespace
}  // namespace weir::store
