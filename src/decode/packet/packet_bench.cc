// Sampled headers read a second on one core, from memory: the first 128 bytes of a packet into the columns of a row.
#include <benchmark/benchmark.h>

#include "decode/packet/packet.h"
#include "decode/packet/test_packets.h"

namespace weir::decode::packet {
namespace {

using decode::test::Wire;

constexpr size_t kHeaderBytes = 128;  // what sFlow agents send by default

ByteView sampled(const Wire& packet) { return ByteView(packet).first(std::min(packet.size(), kHeaderBytes)); }

void dissect_only(benchmark::State& state, const Wire& whole) {
  Packet packet;
  for (auto _ : state) {
    dissect(sampled(whole), Link::ethernet, packet);
    benchmark::DoNotOptimize(packet);
  }
  state.SetItemsProcessed(state.iterations());
}

void into_columns(benchmark::State& state, const Wire& whole) {
  flow::FlowBatch batch;
  Packet packet;
  for (auto _ : state) {
    if (batch.room() == 0) batch.reset();
    const size_t row = batch.append(1, decode::test::kExporter);
    dissect(sampled(whole), Link::ethernet, packet);
    put_columns(packet, batch, row);
  }
  state.SetItemsProcessed(state.iterations());
}

Wire payload() { return Wire().zeros(1000); }
Wire tcp_packet() { return test::frame(0x0800, test::ipv4({}, test::tcp(49152, 443, 0x10).add(payload()))); }
Wire vxlan_packet() {
  const Wire inner = test::inner_frame(0x0800, test::inner_ipv4(6, test::tcp(49152, 443, 0x10).add(payload())));
  return test::frame(0x0800, test::ipv4({.protocol = 17}, test::udp(50000, 4789, test::vxlan(70000, inner))));
}
Wire srv6_packet() {
  const Wire inner = test::segment_routing(6, 1, {"2001:db8::53", "2001:db8::52"}, test::tcp(49152, 443, 0x10));
  return test::frame(0x86dd, test::ipv6({.next = 43}, Wire().add(inner).add(payload())));
}

void BM_Dissect_TcpIpv4(benchmark::State& state) { dissect_only(state, tcp_packet()); }
BENCHMARK(BM_Dissect_TcpIpv4);
void BM_Dissect_Vxlan(benchmark::State& state) { dissect_only(state, vxlan_packet()); }
BENCHMARK(BM_Dissect_Vxlan);
void BM_Dissect_Srv6(benchmark::State& state) { dissect_only(state, srv6_packet()); }
BENCHMARK(BM_Dissect_Srv6);
void BM_SampledHeader_TcpIpv4(benchmark::State& state) { into_columns(state, tcp_packet()); }
BENCHMARK(BM_SampledHeader_TcpIpv4);
void BM_SampledHeader_Vxlan(benchmark::State& state) { into_columns(state, vxlan_packet()); }
BENCHMARK(BM_SampledHeader_Vxlan);
void BM_SampledHeader_Srv6(benchmark::State& state) { into_columns(state, srv6_packet()); }
BENCHMARK(BM_SampledHeader_Srv6);

}  // namespace
}  // namespace weir::decode::packet
