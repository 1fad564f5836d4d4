// What callgrind counts: one part of the hot path on a fixed, seeded input. check_instructions.py runs this and
// compares the counts with those recorded.
//
//   instruction_count decode_v5 | decode_v9 | decode_ipfix
//
// Prints the number of flows that the measured part has handled.
#include <fmt/format.h>

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "decode/decoder.h"
#include "gen/exporter.h"

namespace weir {
namespace {

constexpr size_t kFlows = 100'000;
constexpr Timestamp kReceived = timestamp_from_us(1'795'356'000'000'000);

struct Load {
  std::vector<std::vector<uint8_t>> datagrams;  // of one exporter, in order
  uint64_t flows = 0;
};

// Datagrams of one moment: the input does not depend on when this runs.
Load make_load(gen::Protocol protocol) {
  gen::SyntheticExporter exporter({.protocol = protocol, .seed = 7, .flows_per_datagram = 30});
  Load load;
  while (exporter.totals().all.flows < kFlows) {
    const ByteView datagram = exporter.next_datagram(kReceived);
    load.datagrams.emplace_back(datagram.begin(), datagram.end());
  }
  load.flows = exporter.totals().all.flows;
  return load;
}

}  // namespace

// Callgrind collects while these run (--toggle-collect); they are not inlined, so that they have names.
[[gnu::noinline]] void measured_decode(decode::Decoder& decoder, flow::BatchBuilder& builder,
                                       std::span<const std::vector<uint8_t>> datagrams) {
  for (const std::vector<uint8_t>& bytes : datagrams) {
    decoder.decode(
        {.bytes = bytes, .exporter = IpAddress::from_v4(0xc0000201), .exporter_port = 50'000, .received = kReceived},
        builder);
  }
}

namespace {

uint64_t decode_all(const Load& load) {
  uint64_t rows = 0;
  flow::BatchBuilder builder([&rows](flow::SealedBatch batch) { rows += batch->rows(); });
  decode::Decoder decoder{decode::DecoderOptions{}};
  measured_decode(decoder, builder, load.datagrams);
  builder.seal();
  return rows;
}

int run(std::span<const std::string_view> arguments) {
  const std::string_view part = arguments.size() == 1 ? arguments[0] : "";
  const auto protocol = part.starts_with("decode_") ? gen::parse_protocol(part.substr(7)) : std::nullopt;
  if (!protocol) {
    fmt::print(stderr, "usage: instruction_count decode_v5 | decode_v9 | decode_ipfix\n");
    return 2;
  }
  const Load load = make_load(*protocol);
  CHECK(decode_all(load) == load.flows);
  fmt::print("{{\"flows\": {}, \"compiler\": \"{}\"}}\n", load.flows, __VERSION__);
  return 0;
}

}  // namespace
}  // namespace weir

int main(int count, char** values) {
  const std::vector<std::string_view> arguments(values + 1, values + count);
  return weir::run(arguments);
}
