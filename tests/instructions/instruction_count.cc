// What callgrind counts: one part of the hot path on a fixed, seeded input. check_instructions.py runs this and
// compares the counts with those recorded.
//
//   instruction_count decode_v5 | decode_v9 | decode_ipfix | write FILE
//
// Prints the number of flows that the measured part has handled.
#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "decode/decoder.h"
#include "gen/exporter.h"
#include "gen/random.h"
#include "store/segment_writer.h"

// The dictionaries of the Parquet writer hash with a secret, and how often their hashes collide depends on it. Here it
// is the same in every run: this takes the place of libstdc++'s.
std::random_device::result_type std::random_device::_M_getval() {
  static weir::gen::Random random(7);
  return static_cast<result_type>(random.next());
}

namespace weir {
namespace {

constexpr size_t kFlows = 100'000;
constexpr size_t kSingleFlows = 20'000;  // in datagrams of one
constexpr Timestamp kReceived = timestamp_from_us(1'795'356'000'000'000);

struct Load {
  std::vector<std::vector<uint8_t>> datagrams;  // of one exporter, in order
  uint64_t flows = 0;
};

// Datagrams of one moment: the input does not depend on when this runs.
Load make_load(gen::Protocol protocol, bool single) {
  gen::SyntheticExporter exporter({.protocol = protocol, .seed = 7, .flows_per_datagram = single ? 1U : 30U});
  Load load;
  while (exporter.totals().all.flows < (single ? kSingleFlows : kFlows)) {
    const ByteView datagram = exporter.next_datagram(kReceived);
    load.datagrams.emplace_back(datagram.begin(), datagram.end());
  }
  load.flows = exporter.totals().all.flows;
  return load;
}

}  // namespace

// Callgrind collects while these run (--toggle-collect); they are not inlined, so that they have names.
[[gnu::noinline]] void measured_decode(decode::Decoder& decoder, flow::TableBuilders& builder,
                                       std::span<const std::vector<uint8_t>> datagrams) {
  for (const std::vector<uint8_t>& bytes : datagrams) {
    decoder.decode(
        {.bytes = bytes, .exporter = IpAddress::from_v4(0xc0000201), .exporter_port = 50'000, .received = kReceived},
        builder);
  }
}
[[gnu::noinline]] void measured_write(store::SegmentWriter& writer, const std::filesystem::path& path,
                                      std::span<const flow::SealedBatch> batches) {
  const auto written = writer.write(path, batches);
  CHECK(written);
}

namespace {

// Returns the flows decoded, as batches.
std::vector<flow::SealedBatch> decode_all(const Load& load) {
  std::vector<flow::SealedBatch> batches;
  uint64_t rows = 0;
  flow::TableBuilders builder([&](flow::FullBatch full) {
    rows += full->rows();
    batches.push_back(flow::seal(std::move(full)));
  });
  decode::Decoder decoder{decode::DecoderOptions{}};
  measured_decode(decoder, builder, load.datagrams);
  builder.hand_over();
  CHECK(rows == load.flows);
  return batches;
}

constexpr std::string_view kSingle = "_single";

int run(std::span<const std::string_view> arguments) {
  std::string_view part = arguments.empty() ? "" : arguments[0];
  const bool single = part.ends_with(kSingle);
  if (single) part.remove_suffix(kSingle.size());
  const bool write = part == "write" && arguments.size() == 2;
  const auto protocol = part.starts_with("decode_") && arguments.size() == 1 ? gen::parse_protocol(part.substr(7))
                        : write                                              ? std::optional(gen::Protocol::v9)
                                                                             : std::nullopt;
  if (!protocol) {
    fmt::print(
        stderr,
        "usage: instruction_count decode_v5[_single] | decode_v9[_single] | decode_ipfix[_single] | write FILE\n");
    return 2;
  }
  const Load load = make_load(*protocol, single);
  const std::vector<flow::SealedBatch> batches = decode_all(load);
  if (write) {
    const auto writer = store::make_parquet_writer();
    // How columns are encoded best is found with the first file.
    const std::filesystem::path path(arguments[1]);
    CHECK(writer->write(path.string() + ".first", batches));
    measured_write(*writer, path, batches);
  }
  fmt::print("{{\"flows\": {}, \"compiler\": \"{}\"}}\n", load.flows, __VERSION__);
  return 0;
}

}  // namespace
}  // namespace weir

int main(int count, char** values) {
  const std::vector<std::string_view> arguments(values + 1, values + count);
  return weir::run(arguments);
}
