// NetFlow v1, v5 and v7: records of a fixed layout. Each layout is a template that never changes, written as the IANA
// elements of its fields, so that the same plans decode it.
//
//   v5 header, 24 bytes                              v5 record, 48 bytes
//   version | count        2 + 2                     source, destination, next hop        4 + 4 + 4
//   uptime, ms             4                         input, output interface              2 + 2
//   seconds, nanoseconds   4 + 4                     packets, bytes                      4 + 4
//   flow sequence          4                         first, last (uptime)                 4 + 4
//   engine type, id        1 + 1                     source, destination port             2 + 2
//   sampling               2 (2 bits mode)           pad, TCP flags, protocol, ToS        1 + 1 + 1 + 1
//                                                    source, destination AS               2 + 2
//                                                    source, destination mask, pad        1 + 1 + 2
#pragma once

#include <cstdint>
#include <optional>

#include "decode/common/message.h"
#include "decode/template/compiled_template.h"

namespace weir::decode {

// The message header, of any of the three, and where its records are.
struct NetflowV5Message {
  uint16_t version = 0;
  MessageContext context;  // completed: type, domain, times, sampling
  const CompiledTemplate* compiled = nullptr;
  bool has_sequence = false;  // v1 has none
  uint32_t sequence = 0;
  size_t count = 0;  // records by the header
  ByteView records;  // those that are there whole
  ByteView rest;     // bytes behind them
};

class NetflowV5 {
 public:
  explicit NetflowV5(const flow::SchemaPtr& schema = flow::Schema::flows());

  // version: 1, 5 or 7, already seen at the start of `bytes`. Counts what is wrong; nothing if the datagram is
  // rejected.
  std::optional<NetflowV5Message> parse(uint16_t version, ByteView bytes, const MessageContext& datagram,
                                        flow::AnomalyCounts& anomalies) const;

  // Whether bytes behind a message are another one of the same kind (some exporters send several in a datagram).
  bool begins_message(const NetflowV5Message& previous, ByteView rest) const;

 private:
  CompiledTemplate v1_;
  CompiledTemplate v1_long_;
  CompiledTemplate v5_;
  CompiledTemplate v7_;
};

}  // namespace weir::decode
