// A state from a damaged disk or a stranger. The checksum is made to fit first, so that everything behind it is
// reached; what is accepted has to come back unchanged, and a decoder has to live with it.
#include <algorithm>
#include <boost/crc.hpp>

#include "base/big_endian.h"
#include "base/check.h"
#include "decode/decoder.h"
#include "decode/test_wire.h"

namespace weir::decode {
namespace {

struct Source : StateSource {
  std::vector<SessionStatePtr> sessions_of(const IpAddress& exporter) const override {
    std::vector<SessionStatePtr> of;
    for (const SessionStatePtr& state : sessions) {
      if (state->key.exporter == exporter) of.push_back(state);
    }
    return of;
  }
  std::vector<SessionStatePtr> sessions;
};

Limits small_limits() {
  Limits limits;
  limits.sessions = 4;
  limits.templates_per_session = 4;
  limits.templates = 8;
  limits.fields_per_template = 8;
  limits.names_per_session = 4;
  limits.rates_per_session = 4;
  return limits;
}

// A state of the version at hand, with the input as what it says.
std::vector<uint8_t> with_checksum(ByteView input) {
  constexpr size_t kHead = 12;  // magic, version
  static const std::vector<uint8_t> empty = encode_state({}, {});
  const size_t content = kHead + input.size();
  std::vector<uint8_t> bytes(content + sizeof(Be32));
  std::copy_n(empty.begin(), kHead, bytes.begin());
  std::ranges::copy(input, bytes.begin() + kHead);
  boost::crc_optimal<32, 0x1edc6f41, 0xffffffff, 0xffffffff, true, true> crc;
  crc.process_bytes(bytes.data(), content);
  const Be32 checksum = Be32::from(crc.checksum());
  std::ranges::copy(checksum.bytes, bytes.begin() + static_cast<ptrdiff_t>(content));
  return bytes;
}

// Data of every session for every template, into a decoder that finds the state, and one that is given it later.
void use(const Source& source, const Limits& limits) {
  size_t rows = 0;
  flow::TableBuilders builder([&rows](const flow::FullBatch& batch) { rows += batch->rows(); }, 64);
  Decoder restored({.limits = limits, .other = true, .sampling_rates = {}});
  restored.set_state_source(&source);
  Decoder importing({.limits = limits, .other = true, .sampling_rates = {}});
  for (const SessionStatePtr& state : source.sessions) {
    test::Wire sets;
    for (const TemplateState& known : state->templates)
      sets.add(test::set(std::to_underlying(known.layout->id), test::Wire().zeros(24)));
    if (sets.size() > 60'000) continue;
    const test::Header header{.domain = state->key.domain};
    const test::Wire message =
        state->key.type == flow::FlowType::ipfix ? test::ipfix(header, sets) : test::netflow9(header, sets);
    for (Decoder* decoder : {&restored, &importing}) {
      decoder->decode(test::datagram(message, 50000, state->key.exporter), builder);
    }
    importing.import_state(*state, timestamp_from_us(1'700'000'001'000'000), builder);
    importing.decode(test::datagram(message, 50001, state->key.exporter), builder);
  }
  for (Decoder* decoder : {&restored, &importing}) {
    const SessionChanges changes = decoder->take_changes(timestamp_from_us(1'700'000'002'000'000));
    CHECK(decode_state(encode_state(changes.changed, {}), limits));
    decoder->expire(Timestamp::max());
    for (const auto& [exporter, counters] : decoder->counters()) CHECK(counters.early_sets_held == 0);
  }
}

}  // namespace

int run(ByteView input) {
  static const std::vector<uint8_t> empty = encode_state({}, {});
  static const bool reaches_the_content =
      decode_state(with_checksum(std::span(empty).subspan(12, empty.size() - 16)), {}).has_value();
  CHECK(reaches_the_content);  // or nothing but the header would be tried
  // As it is: nothing but the checksum has to hold it.
  (void)decode_state(input, {});
  const std::vector<uint8_t> bytes = with_checksum(input);
  const auto state = decode_state(bytes, {});
  if (!state) return 0;
  const auto again = decode_state(encode_state(state->sessions, state->saved), {});
  CHECK(again && again->saved == state->saved && again->sessions.size() == state->sessions.size());
  for (size_t i = 0; i < state->sessions.size(); ++i) CHECK(*again->sessions[i] == *state->sessions[i]);
  for (const Limits& limits : {Limits{}, small_limits()}) {
    const auto limited = decode_state(bytes, limits);
    CHECK(limited && limited->sessions.size() <= limits.sessions);
    if (limited->sessions.size() > 64) continue;
    Source source;
    source.sessions = limited->sessions;
    use(source, limits);
    for (const SessionStatePtr& session : state->sessions) {
      SessionState merged = *session;
      merge_state(merged, *state->sessions[0]);
    }
  }
  return 0;
}

}  // namespace weir::decode

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return weir::decode::run(weir::ByteView(data, size));
}
