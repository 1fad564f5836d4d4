// Messages of NetFlow v9 and IPFIX: a header, then sets of templates, options templates and data (RFC 3954 section 5,
// RFC 7011 section 3).
//
//   v9 header, 20 bytes                              IPFIX header, 16 bytes
//   version 9 | records    2 + 2                     version 10 | length    2 + 2
//   uptime, ms             4                         export time, seconds   4
//   export time, seconds   4                         sequence, data records 4
//   sequence, messages     4                         observation domain     4
//   source id              4
//                                                    set: id, length with this header, records, padding   2 + 2 + ...
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "decode/session/sessions.h"
#include "decode/set_decoder.h"

namespace weir::decode {

struct TemplateMessage {
  MessageContext context;  // completed: type, domain, times
  const Dialect* dialect = nullptr;
  uint32_t sequence = 0;
  uint16_t count = 0;    // v9: records by the header
  ByteView sets;         // v9: to the end of the datagram
  ByteView rest;         // IPFIX: bytes behind the message
  bool clipped = false;  // IPFIX: the message should be longer than what arrived
};

// version: 9 or 10, already seen at the start of `bytes`. Counts what is wrong; nothing if the datagram is rejected.
std::optional<TemplateMessage> parse_template_message(uint16_t version, ByteView bytes, const MessageContext& datagram,
                                                      flow::AnomalyCounts& anomalies);

// Whether bytes are the header of another message of the same exporter, soon before or after.
bool begins_message(const TemplateMessage& previous, ByteView rest);

// Walks the sets of messages.
class TemplateMessageDecoder {
 public:
  TemplateMessageDecoder(Sessions& sessions, SetDecoder& sets) : sessions_(sessions), sets_(sets) {}

  // Decodes the message of the exporter. With several_messages, a v9 message ends where another begins. Returns bytes
  // that are not part of it and not padding.
  ByteView decode(TemplateMessage& message, Exporter& exporter, size_t max_fields, bool several_messages,
                  const Output& output);

  // Takes over what another decoder knows of a session, and decodes the data that waited for it.
  void import_state(const SessionState& state, Timestamp now, const Output& output);
  // Decodes data whose templates other decoders have got.
  void decode_arrived(const Output& output);

 private:
  struct Walk;
  void decode_template_set(Walk& walk, bool options, ByteView body);
  const TemplatePtr& find_template(Walk& walk, TemplateId id);
  void decode_data_set(Walk& walk, TemplateId id, ByteView body, bool clipped);
  void begin_stream(Walk& walk);
  void end_stream(Walk& walk);
  void release_early(Session& session, TemplateId id, Timestamp now, const Output& output);
  void guess_records(Walk& walk, TemplateId id, ByteView body);

  Sessions& sessions_;
  SetDecoder& sets_;
  // Of the data set that is being decoded, or of the last one: what the set does to its session cannot take it away. Of
  // the next one it is mostly the same, and then nothing has to be counted between threads.
  TemplatePtr current_;
  std::vector<ByteView> fields_;  // scratch
};

}  // namespace weir::decode
