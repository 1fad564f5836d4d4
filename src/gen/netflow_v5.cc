// NetFlow version 5: a header of 24 bytes and up to 30 records of 48.
#include "gen/encoder.h"

namespace weir::gen {
namespace {

constexpr size_t kHeaderBytes = 24;
constexpr size_t kRecordBytes = 48;
constexpr size_t kMaxRecords = 30;
constexpr size_t kCountOffset = 2;
constexpr uint16_t kSamplingModeDeterministic = 1 << 14;  // the top two bits of the sampling field
constexpr uint16_t kAsTrans = 23456;                      // stands for an AS number beyond 16 bits (RFC 6793)

class V5Encoder final : public Encoder {
 public:
  explicit V5Encoder(const ExporterOptions& options)
      : options_(options), uptime_(options.seed), writer_(kHeaderBytes + kMaxRecords * kRecordBytes) {}

  void begin(Timestamp now) override {
    uptime_ms_ = uptime_.at(now);
    count_ = 0;
    writer_.clear();
    writer_.u16(5);
    writer_.u16(0);
    writer_.u32(uptime_ms_);
    writer_.u32(static_cast<uint32_t>(to_us(now) / 1'000'000));
    writer_.u32(static_cast<uint32_t>(to_us(now) % 1'000'000 * 1000));
    writer_.u32(sequence_);
    writer_.u8(0);
    writer_.u8(static_cast<uint8_t>(options_.domain));
    const uint32_t interval = options_.sampling_interval;
    writer_.u16(interval > 1 ? static_cast<uint16_t>(kSamplingModeDeterministic | interval) : uint16_t{0});
  }

  bool add(Flow& flow) override {
    if (count_ == kMaxRecords) return false;
    ++count_;
    // Its counters have 32 bits, its AS numbers and interfaces 16.
    const auto as16 = [](uint32_t as) { return as > 0xffff ? kAsTrans : static_cast<uint16_t>(as); };
    flow.packets &= 0xffffffff;
    flow.bytes &= 0xffffffff;
    const uint32_t last_ms = uptime_ms_ - flow.ended_ms_ago;
    writer_.v4(flow.source);
    writer_.v4(flow.destination);
    writer_.v4(flow.next_hop);
    writer_.u16(static_cast<uint16_t>(flow.input_interface));
    writer_.u16(static_cast<uint16_t>(flow.output_interface));
    writer_.u32(static_cast<uint32_t>(flow.packets));
    writer_.u32(static_cast<uint32_t>(flow.bytes));
    writer_.u32(last_ms - flow.duration_ms);
    writer_.u32(last_ms);
    writer_.u16(flow.source_port);
    writer_.u16(flow.destination_port);
    writer_.u8(0);
    writer_.u8(flow.tcp_flags);
    writer_.u8(flow.protocol);
    writer_.u8(flow.tos);
    writer_.u16(as16(flow.source_as));
    writer_.u16(as16(flow.destination_as));
    writer_.u8(flow.source_mask);
    writer_.u8(flow.destination_mask);
    writer_.u16(0);
    return true;
  }

  ByteView finish() override {
    writer_.patch_u16(kCountOffset, count_);
    sequence_ += count_;  // the unit is flows
    return writer_.view();
  }

  void restart() override {
    uptime_.restart();
    sequence_ = 0;
  }
  void clock_jumped(Micros jump) override { uptime_.clock_jumped(jump); }

 private:
  ExporterOptions options_;
  Uptime uptime_;
  WireWriter writer_;
  uint32_t uptime_ms_ = 0;
  uint32_t sequence_ = 0;
  uint16_t count_ = 0;
};

}  // namespace

std::unique_ptr<Encoder> make_v5_encoder(const ExporterOptions& options) {
  return std::make_unique<V5Encoder>(options);
}

}  // namespace weir::gen
