#include "decode/template_message.h"

#include <algorithm>

#include "base/big_endian.h"
#include "base/check.h"
#include "base/ipfix_header.h"
#include "decode/session/ordered_sequence.h"
#include "decode/template/record_cutter.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using flow::FlowType;

struct HeaderV9 {
  Be16 version;
  Be16 count;
  Be32 uptime_ms;
  Be32 export_seconds;
  Be32 sequence;
  Be32 source_id;
};
static_assert(sizeof(HeaderV9) == 20);

constexpr uint16_t kVersion9 = 9;
constexpr int64_t kDaySeconds = 86400;

int64_t microseconds(Be32 seconds) { return int64_t{seconds} * 1'000'000; }

bool within_a_day(Be32 seconds, const MessageContext& context) {
  const int64_t apart = int64_t{seconds} - context.export_us / 1'000'000;
  return apart > -kDaySeconds && apart < kDaySeconds;
}

}  // namespace

std::optional<TemplateMessage> parse_template_message(uint16_t version, ByteView bytes, const MessageContext& datagram,
                                                      flow::AnomalyCounts& anomalies) {
  ByteReader in(bytes);
  // Filled in where it is returned: copying it took longer than reading the header.
  std::optional<TemplateMessage> parsed(std::in_place, datagram);
  TemplateMessage& message = *parsed;
  if (version == kVersion9) {
    const auto header = in.read<HeaderV9>();
    if (!header) {
      anomalies.add(Anomaly::truncated_header);
      parsed.reset();
      return parsed;
    }
    message.dialect = &kNetflow9;
    message.context.stream.protocol = FlowType::netflow_v9;
    message.context.stream.domain = header->source_id;
    message.context.export_us = microseconds(header->export_seconds);
    message.context.has_uptime = true;
    message.context.uptime_ms = header->uptime_ms;
    message.sequence = header->sequence;
    message.count = header->count;
    message.sets = in.rest();
    return parsed;
  }
  const auto header = in.read<IpfixHeader>();
  if (!header || header->length < sizeof(IpfixHeader)) {
    anomalies.add(Anomaly::truncated_header);
    parsed.reset();
    return parsed;
  }
  const size_t length = header->length - sizeof(IpfixHeader);
  message.clipped = in.remaining() < length;
  if (message.clipped) anomalies.add(Anomaly::length_beyond_datagram);
  message.dialect = &kIpfix;
  message.context.stream.protocol = FlowType::ipfix;
  message.context.stream.domain = header->domain;
  message.context.export_us = microseconds(header->export_seconds);
  message.sequence = header->sequence;
  message.sets = *in.take(std::min(length, in.remaining()));
  message.rest = in.rest();
  return parsed;
}

bool begins_message(const TemplateMessage& previous, ByteView rest) {
  if (previous.context.stream.protocol == FlowType::ipfix) {
    const auto header = ByteReader(rest).read<IpfixHeader>();
    return header && header->version == kIpfixVersion && header->length >= sizeof(IpfixHeader) &&
           header->length <= rest.size() && within_a_day(header->export_seconds, previous.context);
  }
  const auto header = ByteReader(rest).read<HeaderV9>();
  return header && header->version == kVersion9 && header->source_id == previous.context.stream.domain &&
         within_a_day(header->export_seconds, previous.context);
}

// One message on its way through the decoder.
struct TemplateMessageDecoder::Walk {
  const TemplateMessage& message;
  const MessageContext& context;
  const Dialect& dialect;
  Session& session;
  size_t max_fields;
  const Output& output;
  uint64_t records = 0;       // of any kind, for the count of v9 headers
  uint64_t data_records = 0;  // data and options data, the unit of IPFIX sequence numbers
  bool countable = true;      // every set was counted
  bool straggler = false;     // sent before the exporter was started anew: its templates are void
};

ByteView TemplateMessageDecoder::decode(const TemplateMessage& message, Exporter& exporter, size_t max_fields,
                                        bool several_messages, const Output& output) {
  const MessageContext& context = message.context;
  Session& session = sessions_.session(exporter, context.stream);
  Walk walk{message, context, *message.dialect, session, max_fields, output};
  if (session.exporter->shared) [[unlikely]]
    begin_shared_stream(walk);
  else
    begin_stream(walk);
  ByteReader in(message.sets);
  ByteView next_message;
  while (in.remaining() >= sizeof(SetHeader)) {
    const ByteView here = in.rest();
    if (several_messages && context.stream.protocol == FlowType::netflow_v9 && begins_message(message, here)) {
      next_message = here;
      in = ByteReader({});
      break;
    }
    const auto header = *in.read<SetHeader>();
    if (header.length < sizeof(SetHeader)) {
      // Some exporters fill the rest of the datagram with zeros.
      session.anomalies().add(all_zero(here) ? Anomaly::trailing_bytes : Anomaly::bad_set_length);
      walk.countable &= all_zero(here);
      in = ByteReader({});
      break;
    }
    const size_t length = header.length - sizeof(SetHeader);
    const bool clipped = in.remaining() < length;
    if (clipped) session.anomalies().add(Anomaly::bad_set_length);
    const ByteView body = *in.take(std::min(length, in.remaining()));
    if (walk.straggler) {
      if (header.id >= walk.dialect.first_data_set) EarlyData::refuse(session.counters());
      walk.countable = false;
    } else if (header.id == walk.dialect.template_set || header.id == walk.dialect.options_template_set) {
      decode_template_set(walk, header.id == walk.dialect.options_template_set, body);
    } else if (header.id < walk.dialect.first_data_set) {
      session.anomalies().add(Anomaly::reserved_set_id);
      walk.countable = false;
    } else {
      decode_data_set(walk, TemplateId{header.id.value()}, body, clipped);
    }
  }
  if (!all_zero(in.rest())) session.anomalies().add(Anomaly::trailing_bytes);
  end_stream(walk);
  return context.stream.protocol == FlowType::ipfix ? message.rest : next_message;
}

void TemplateMessageDecoder::decode_template_set(Walk& walk, bool options, ByteView body) {
  Session& session = walk.session;
  const StreamOrigin origin = origin_of(walk.context.stream);
  TemplateReader reader(body, walk.dialect, options, walk.max_fields, session.anomalies());
  while (std::optional<TemplateRecord> record = reader.next()) {
    ++walk.records;
    switch (record->kind) {
      case TemplateRecordKind::withdrawal:
        sessions_.withdraw(session, record->layout.id, origin);
        break;
      case TemplateRecordKind::withdraw_all:
        sessions_.withdraw_all(session, options, origin);
        break;
      case TemplateRecordKind::definition:
        decode_early(walk, *sessions_.define(session, std::move(record->layout), walk.context, walk.message.sequence));
        break;
    }
  }
}

void TemplateMessageDecoder::decode_early(Walk& walk, const CompiledTemplate& compiled) {
  if (walk.session.early.empty()) return;
  for (const EarlySet& early : sessions_.release(walk.session, compiled.layout.id)) {
    ++walk.session.counters().early_sets_decoded;
    sets_.decode(compiled, {early.body, early.clipped, walk.dialect.max_padding}, early.message, walk.session,
                 walk.output);
  }
}

void TemplateMessageDecoder::import_state(const SessionState& state, Timestamp now, const Output& output) {
  const Sessions::Imported imported = sessions_.import_state(state, now);
  for (const TemplateId id : imported.ids) release_early(*imported.session, id, now, output);
}

void TemplateMessageDecoder::decode_arrived(const Output& output) {
  for (const auto& [key, id] : sessions_.sharing().take_arrived()) {
    Session* session = sessions_.table().find_session(key);
    if (session == nullptr || session->early.empty()) continue;
    release_early(*session, id, sessions_.now(), output);
  }
}

void TemplateMessageDecoder::release_early(Session& session, TemplateId id, Timestamp now, const Output& output) {
  const size_t max_padding = session.key.type == FlowType::ipfix ? kIpfix.max_padding : kNetflow9.max_padding;
  if (!session.templates.by_id.contains(id)) return;
  for (const EarlySet& early : sessions_.release(session, id)) {
    const TemplatePtr compiled = sessions_.find_template(session, id, origin_of(early.message.stream), now);
    CHECK(compiled);
    ++session.counters().early_sets_decoded;
    sets_.decode(*compiled, {early.body, early.clipped, max_padding}, early.message, session, output);
  }
}

void TemplateMessageDecoder::decode_data_set(Walk& walk, TemplateId id, ByteView body, bool clipped) {
  const TemplatePtr& compiled =
      sessions_.find_template(walk.session, id, origin_of(walk.context.stream), walk.context.received);
  if (!compiled) {
    sessions_.hold(walk.session, id, walk.context, body, clipped);
    walk.countable = false;
    return;
  }
  if (compiled != current_) current_ = compiled;
  const SetView set{body, clipped, walk.dialect.max_padding};
  const SetResult result = sets_.decode(*current_, set, walk.context, walk.session, walk.output);
  walk.records += result.records;
  walk.data_records += result.records;
  walk.countable &= result.complete;
}

void TemplateMessageDecoder::begin_stream(Walk& walk) {
  if (!walk.context.has_uptime) return;
  Stream& stream = walk.session.streams.at(origin_of(walk.context.stream));
  if (stream.uptime.restarted(walk.context.uptime_ms, walk.context.export_us)) {
    // Template ids may mean something else now (RFC 3954 section 9). Data that comes before the new templates is kept.
    walk.session.anomalies().add(Anomaly::exporter_restart);
    const Timestamp started = walk.context.received - std::chrono::milliseconds{walk.context.uptime_ms};
    sessions_.restart(walk.session, started);
    stream.sequence.forget();
  }
  note_sequence(walk, stream.sequence, 1);
}

// The same where other decoders receive a part of the exporter's datagrams.
void TemplateMessageDecoder::begin_shared_stream(Walk& walk) {
  sessions_.sharing().take(walk.session);
  if (!walk.context.has_uptime) return;
  switch (sessions_.sharing().see_uptime(walk.session, walk.context)) {
    case SharedExporter::Uptime::goes_on:
      break;
    case SharedExporter::Uptime::straggler:
      walk.straggler = true;
      return;
    case SharedExporter::Uptime::restarted: {
      walk.session.anomalies().add(Anomaly::exporter_restart);
      const Timestamp started = walk.context.received - std::chrono::milliseconds{walk.context.uptime_ms};
      sessions_.restart(walk.session, started);
      break;
    }
  }
  count_sequence(walk, 1);
}

void TemplateMessageDecoder::end_stream(Walk& walk) {
  if (walk.context.stream.protocol == FlowType::netflow_v9) {
    if (walk.countable && walk.records != walk.message.count) walk.session.anomalies().add(Anomaly::count_mismatch);
    return;
  }
  walk.countable &= !walk.message.clipped;
  count_sequence(walk, walk.countable ? static_cast<uint32_t>(walk.data_records) : 0);
}

void TemplateMessageDecoder::count_sequence(Walk& walk, uint32_t units) {
  if (walk.session.exporter->shared) [[unlikely]] {
    return sessions_.sharing().note_sequence(walk.session, origin_of(walk.context.stream),
                                             {.number = walk.message.sequence,
                                              .units = units,
                                              .countable = walk.countable,
                                              .export_us = walk.context.export_us,
                                              .received = walk.context.received});
  }
  note_sequence(walk, walk.session.streams.at(origin_of(walk.context.stream)).sequence, units);
}

void TemplateMessageDecoder::note_sequence(Walk& walk, SequenceState& sequence, uint32_t units) {
  const SequenceEvent event =
      decode::note_sequence(sequence, walk.message.sequence, units, walk.context.export_us, walk.session.counters());
  if (!walk.countable && event != SequenceEvent::reordered) sequence.forget();
}

}  // namespace weir::decode
