// Writes sFlow datagrams, for tests and benchmarks.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "decode/test_wire.h"

namespace weir::decode::test {

inline Wire sflow_address(const IpAddress& address) {
  Wire wire;
  wire.u32(address.is_v4() ? 1 : 2);
  for (size_t i = address.is_v4() ? 12 : 0; i < 16; ++i) wire.u8(address.bytes[i]);
  return wire;
}

// opaque<> and string<>
inline Wire sflow_opaque(const Wire& bytes) {
  return Wire().u32(bytes.size()).add(bytes).zeros((4 - bytes.size() % 4) % 4);
}
inline Wire sflow_text(std::string_view text) { return sflow_opaque(Wire().text(text)); }

inline Wire sflow_words(const std::vector<uint32_t>& words) {
  Wire wire;
  for (const uint32_t word : words) wire.u32(word);
  return wire;
}
// unsigned int<>
inline Wire sflow_list(const std::vector<uint32_t>& words) { return Wire().u32(words.size()).add(sflow_words(words)); }

// A record, or a sample: its format (enterprise 0), its length, its bytes.
inline Wire sflow_block(uint32_t format, const Wire& body) { return Wire().u32(format).add(sflow_opaque(body)); }

struct SflowHeader {
  IpAddress agent = IpAddress::from_v4(0x0a000001);
  uint32_t sub_agent = 0;
  uint32_t sequence = 1;
  uint32_t uptime_ms = 3'600'000;
};

inline Wire sflow_datagram(const SflowHeader& h, const std::vector<Wire>& samples) {
  Wire wire;
  wire.u32(5).add(sflow_address(h.agent)).u32(h.sub_agent).u32(h.sequence).u32(h.uptime_ms).u32(samples.size());
  for (const Wire& sample : samples) wire.add(sample);
  return wire;
}

struct SflowSample {
  uint32_t sequence = 1;
  uint32_t source_type = 0;
  uint32_t source_index = 7;
  uint32_t sampling_rate = 1000;
  uint32_t pool = 5000;
  uint32_t drops = 0;
  uint32_t input_format = 0;
  uint32_t input = 7;
  uint32_t output_format = 0;
  uint32_t output = 8;
  uint32_t reason = 0;  // discarded packets
};

inline Wire joined(const std::vector<Wire>& records) {
  Wire wire;
  for (const Wire& record : records) wire.add(record);
  return wire;
}

inline Wire flow_sample(const SflowSample& s, const std::vector<Wire>& records) {
  return sflow_block(1, Wire()
                            .u32(s.sequence)
                            .u32(s.source_type << 24 | s.source_index)
                            .u32(s.sampling_rate)
                            .u32(s.pool)
                            .u32(s.drops)
                            .u32(s.input_format << 30 | s.input)
                            .u32(s.output_format << 30 | s.output)
                            .u32(records.size())
                            .add(joined(records)));
}

inline Wire expanded_flow_sample(const SflowSample& s, const std::vector<Wire>& records) {
  return sflow_block(3, sflow_words({s.sequence, s.source_type, s.source_index, s.sampling_rate, s.pool, s.drops,
                                     s.input_format, s.input, s.output_format, s.output})
                            .u32(records.size())
                            .add(joined(records)));
}

inline Wire discarded_packet(const SflowSample& s, const std::vector<Wire>& records) {
  return sflow_block(5, sflow_words({s.sequence, s.source_type, s.source_index, s.drops, s.input, s.output, s.reason})
                            .u32(records.size())
                            .add(joined(records)));
}

inline Wire counter_sample(const SflowSample& s, const std::vector<Wire>& records) {
  return sflow_block(
      2, Wire().u32(s.sequence).u32(s.source_type << 24 | s.source_index).u32(records.size()).add(joined(records)));
}

inline Wire expanded_counter_sample(const SflowSample& s, const std::vector<Wire>& records) {
  return sflow_block(4,
                     sflow_words({s.sequence, s.source_type, s.source_index}).u32(records.size()).add(joined(records)));
}

inline Wire raw_header(uint32_t protocol, uint32_t frame_length, const Wire& header) {
  return sflow_block(1, sflow_words({protocol, frame_length, 4}).add(sflow_opaque(header)));
}

// Ethernet, IPv4 10.1.2.3 -> 10.4.5.6, TCP 4096 -> 443, with an 802.1Q tag if vlan is not 0.
inline Wire tcp_frame(uint16_t vlan = 0, uint32_t source = 0x0a010203) {
  Wire wire = Wire::hex("02 00 00 00 00 02  02 00 00 00 00 01");
  if (vlan != 0) wire.u16(0x8100).u16(vlan);
  return wire.add(Wire::hex("08 00 45 10 00 3c 00 01 40 00 40 06 00 00"))
      .u32(source)
      .add(Wire::hex("0a 04 05 06 10 00 01 bb 00 00 00 01 00 00 00 02 50 18 ff ff 00 00 00 00"));
}

}  // namespace weir::decode::test
