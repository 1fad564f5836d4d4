#include "decode/sflow/sample.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir::decode::sflow {
namespace {

constexpr uint32_t kAddressUnknown = 0;
constexpr uint32_t kAddressV4 = 1;
constexpr uint32_t kAddressV6 = 2;

// The words of a fixed part, whose presence has been checked.
class Words {
 public:
  explicit Words(ByteView bytes) : bytes_(bytes) {}
  uint32_t next() {
    const uint32_t word = load_be<uint32_t>(bytes_.data());
    bytes_ = bytes_.subspan(sizeof(uint32_t));
    return word;
  }
  // sFlowDataSource: 8 bits of type and 24 of index, or one word each.
  void source(Sample& sample) {
    sample.source_type = next();
    if (sample.expanded) {
      sample.source_index = next();
    } else {
      sample.source_index = sample.source_type & 0xffffff;
      sample.source_type >>= 24;
    }
  }
  // 2 bits of format and 30 of value, or one word each.
  Interface interface(bool expanded) {
    const uint32_t first = next();
    if (expanded) return {first, next()};
    return {first >> 30, first & 0x3fffffff};
  }

 private:
  ByteView bytes_;
};

struct KnownSample {
  SampleKind kind;
  bool expanded;
  size_t words;  // of the fixed part
};

std::optional<KnownSample> known_sample(uint32_t format) {
  switch (format) {
    case format_of(0, 1):
      return KnownSample{SampleKind::flow, false, 8};
    case format_of(0, 2):
      return KnownSample{SampleKind::counters, false, 3};
    case format_of(0, 3):
      return KnownSample{SampleKind::flow, true, 11};
    case format_of(0, 4):
      return KnownSample{SampleKind::counters, true, 4};
    case format_of(0, 5):
      return KnownSample{SampleKind::discard, true, 8};
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string format_text(uint32_t format) { return fmt::format("{}:{}", format >> 12, format & 0xfff); }

bool read_address(XdrReader& in, IpAddress& address, size_t& length) {
  const auto type = in.u32();
  address = {};
  length = 0;
  if (!type || *type > kAddressV6) return false;
  if (*type == kAddressUnknown) return true;
  length = *type == kAddressV4 ? 4 : 16;
  const auto bytes = in.take(length);
  if (!bytes) return false;
  if (*type == kAddressV4)
    address = IpAddress::from_v4(load_be<uint32_t>(bytes->data()));
  else
    std::copy(bytes->begin(), bytes->end(), address.bytes.begin());
  return true;
}

std::optional<DatagramHeader> read_header(XdrReader& in) {
  DatagramHeader header;
  size_t address_length = 0;
  if (!in.skip(sizeof(uint32_t)) || !read_address(in, header.agent, address_length)) return std::nullopt;
  const auto fixed = in.take(4 * sizeof(uint32_t));
  if (!fixed) return std::nullopt;
  Words words(*fixed);
  header.sub_agent = words.next();
  header.sequence = words.next();
  header.uptime_ms = words.next();
  header.samples = words.next();
  return header;
}

bool SampleCutter::next(CutSample& sample) {
  constexpr size_t kHead = 2 * sizeof(uint32_t);
  if (left_ == 0 || in_.remaining() < kHead) return false;
  --left_;
  const ByteView all = in_.rest();
  sample.format = *in_.u32();
  const uint32_t length = *in_.u32();
  const bool last = left_ == 0;
  sample.clipped = length > in_.remaining();
  sample.body = std::min<size_t>(length, in_.remaining());
  sample.open = last ? in_.rest() : in_.rest().first(sample.body);
  sample.raw = all.first(kHead + sample.body);
  in_.fixed(sample.body);
  return true;
}

bool parse_sample(const CutSample& cut, Sample& sample) {
  const auto known = known_sample(cut.format);
  sample = {};
  sample.format = cut.format;
  sample.raw = cut.raw;
  if (!known) return true;
  const size_t fixed = known->words * sizeof(uint32_t);
  if (cut.body < fixed) return false;
  sample.kind = known->kind;
  sample.expanded = known->expanded;
  Words words(cut.open);
  sample.sequence = words.next();
  words.source(sample);
  if (known->kind == SampleKind::flow) {
    sample.sampling_rate = words.next();
    sample.sample_pool = words.next();
    sample.drops = words.next();
    sample.input = words.interface(known->expanded);
    sample.output = words.interface(known->expanded);
  } else if (known->kind == SampleKind::discard) {
    sample.drops = words.next();
    sample.input.value = words.next();
    sample.output.value = words.next();
    sample.reason = words.next();
  }
  sample.record_count = words.next();
  sample.records = cut.open.subspan(fixed);
  sample.own_records = cut.body - fixed;
  return true;
}

// The hottest loop of all: no values in between that would go through memory.
bool RecordCutter::next(Record& record) {
  constexpr size_t kHead = 2 * sizeof(uint32_t);
  const size_t there = rest_.size();
  if (left_ == 0 || damaged_ || there == own_end_ || there == 0) return false;
  const size_t length = there < kHead ? 0 : word_at(rest_, 1);
  if (there < kHead || there - kHead < length) {
    damaged_ = true;
    return false;
  }
  record.format = word_at(rest_, 0);
  record.body = rest_.subspan(kHead, length);
  const size_t padded = kHead + length + (4 - length % 4) % 4;  // padding may be missing at the end
  rest_ = rest_.subspan(std::min(padded, there));
  --left_;
  return true;
}

}  // namespace weir::decode::sflow
