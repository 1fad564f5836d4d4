#include "decode/template_message.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>

#include "base/big_endian.h"
#include "base/check.h"
#include "base/ipfix_header.h"
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
  MessageContext& context;
  const Dialect& dialect;
  Session& session;
  size_t max_fields;
  const Output& output;
  boost::container::small_vector<TemplateId, 8> defined = {};  // by this message: of these it is sure what they mean
  uint64_t records = 0;                                        // of any kind, for the count of v9 headers
  uint64_t data_records = 0;  // data and options data, the unit of IPFIX sequence numbers
  uint64_t guessed = 0;       // records of sets that could not be read, if they are of the template that is likely
  bool countable = true;      // every set was counted
  bool guess = true;          // those that were not could be guessed
  bool own = false;           // there is no doubt that it is of its stream
  bool data = false;          // sets of data were read
};

ByteView TemplateMessageDecoder::decode(TemplateMessage& message, Exporter& exporter, size_t max_fields,
                                        bool several_messages, const Output& output) {
  MessageContext& context = message.context;
  Session& session = sessions_.session(exporter, context.stream);
  Walk walk{message, context, *message.dialect, session, max_fields, output};
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
      walk.guess &= all_zero(here);
      in = ByteReader({});
      break;
    }
    const size_t length = header.length - sizeof(SetHeader);
    const bool clipped = in.remaining() < length;
    if (clipped) session.anomalies().add(Anomaly::bad_set_length);
    const ByteView body = *in.take(std::min(length, in.remaining()));
    if (header.id == walk.dialect.template_set || header.id == walk.dialect.options_template_set) {
      decode_template_set(walk, header.id == walk.dialect.options_template_set, body);
    } else if (header.id < walk.dialect.first_data_set) {
      session.anomalies().add(Anomaly::reserved_set_id);
      walk.countable = walk.guess = false;
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
  const bool udp = session.key.connection == 0;
  TemplateReader reader(body, walk.dialect, options, walk.max_fields, session.anomalies());
  while (std::optional<TemplateRecord> record = reader.next()) {
    ++walk.records;
    const TemplateId id = record->layout.id;
    if (record->kind == TemplateRecordKind::definition) {
      const bool again = std::ranges::find(walk.defined, id) != walk.defined.end();
      const bool certain = !udp || again || walk.own;
      walk.own |= sessions_.define(session, std::move(record->layout), walk.context, walk.message.sequence, certain);
      if (!again) walk.defined.push_back(id);
      if (!session.early.empty()) release_early(session, id, walk.context.received, walk.output);
    } else if (udp) {
      // Anybody can forge a datagram, and RFC 7011 section 8 forbids withdrawals over UDP.
      session.anomalies().add(Anomaly::withdrawal_ignored);
    } else if (record->kind == TemplateRecordKind::withdrawal) {
      sessions_.withdraw(session, id, walk.context.stream.number);
    } else {
      sessions_.withdraw_all(session, options, walk.context.stream.number);
    }
  }
}

void TemplateMessageDecoder::import_state(const SessionState& state, Timestamp now, const Output& output) {
  const Sessions::Imported imported = sessions_.import_state(state, now);
  if (imported.session == nullptr || imported.session->early.empty()) return;
  // Whose a set is may be clear now, too.
  std::vector<TemplateId> waiting;
  for (const auto& [id, sets] : imported.session->early.by_template) waiting.push_back(id);
  for (const TemplateId id : waiting) release_early(*imported.session, id, now, output);
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
  for (const auto& [early, compiled] : sessions_.release(session, id, now)) {
    ++session.counters().early_sets_decoded;
    if (output.rows != nullptr) output.rows->begin_early(early.message.datagram, early.message.set, early.body.size());
    sets_.decode(*compiled, {early.body, early.clipped, max_padding}, early.message, session, output);
    if (output.rows != nullptr) output.rows->end_early();
  }
}

// Of what the message itself has defined it is sure whose it is.
const TemplatePtr& TemplateMessageDecoder::find_template(Walk& walk, TemplateId id) {
  const MessageContext& context = walk.context;
  if (context.stream.sure || std::ranges::find(walk.defined, id) == walk.defined.end()) [[likely]]
    return sessions_.find_template(walk.session, id, context.stream, context.received);
  StreamId reader = context.stream;
  reader.sure = true;
  return sessions_.find_template(walk.session, id, reader, context.received);
}

void TemplateMessageDecoder::decode_data_set(Walk& walk, TemplateId id, ByteView body, bool clipped) {
  flow::TableBuilders* const rows = walk.output.rows;
  if (rows != nullptr) walk.context.set = rows->next_set();
  const TemplatePtr& compiled = find_template(walk, id);
  if (!compiled) {
    guess_records(walk, id, body);
    const bool waits = sessions_.hold(walk.session, id, walk.context, body, clipped);
    if (waits && rows != nullptr) rows->hold(walk.context.datagram, walk.context.set);
    walk.countable = false;
    return;
  }
  if (compiled != current_) current_ = compiled;
  const SetView set{body, clipped, walk.dialect.max_padding};
  const SetResult result = sets_.decode(*current_, set, walk.context, walk.session, walk.output);
  walk.records += result.records;
  walk.data_records += result.records;
  walk.countable &= result.complete;
  walk.data |= !current_->layout.options;
  if (!walk.session.early.empty()) [[unlikely]]
    release_early(walk.session, id, walk.context.received, walk.output);
}

// How many records a set has that cannot be read, if it is what it seems to be. Whether the next message goes on from
// there tells whether it was.
void TemplateMessageDecoder::guess_records(Walk& walk, TemplateId id, ByteView body) {
  const TemplatePtr& likely = sessions_.guess_template(walk.session, id, walk.context.stream, walk.context.received);
  if (!likely) {
    walk.guess = false;
    return;
  }
  const Template& layout = likely->layout;
  if (!layout.variable) {
    walk.guessed += layout.whole_records(body.size());
    return;
  }
  RecordCutter cutter(layout, body);
  for (fields_.clear(); !cutter.next(fields_).empty(); fields_.clear()) ++walk.guessed;
}

void TemplateMessageDecoder::begin_stream(Walk& walk) {
  Session& session = walk.session;
  if (session.exporter->shared) [[unlikely]]
    sessions_.sharing().take(session);
  const Sessions::Listened listened = sessions_.listen(session, walk.context, walk.message.sequence);
  walk.own = listened.own;
  if (!listened.united) [[likely]]
    return;
  std::vector<TemplateId> waiting;
  for (const auto& [id, sets] : session.early.by_template) waiting.push_back(id);
  for (const TemplateId id : waiting) release_early(session, id, walk.context.received, walk.output);
}

void TemplateMessageDecoder::end_stream(Walk& walk) {
  const bool v9 = walk.context.stream.protocol == FlowType::netflow_v9;
  if (v9 && walk.countable && walk.records != walk.message.count) walk.session.anomalies().add(Anomaly::count_mismatch);
  walk.countable &= !walk.message.clipped;
  sessions_.heard(walk.session, walk.context,
                  Sessions::Heard{.number = walk.message.sequence,
                                  .units = v9 ? 1 : static_cast<uint32_t>(walk.data_records + walk.guessed),
                                  .countable = v9 || walk.countable,
                                  .guess = walk.guess && !walk.message.clipped,
                                  .data = walk.data,
                                  .templates = !walk.defined.empty()});
}

}  // namespace weir::decode
