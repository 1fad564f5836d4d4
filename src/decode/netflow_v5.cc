#include "decode/netflow_v5.h"

#include <algorithm>
#include <array>

#include "base/big_endian.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using flow::FlowType;

struct HeaderV1 {
  Be16 version;
  Be16 count;
  Be32 uptime_ms;
  Be32 unix_seconds;
  Be32 unix_nanoseconds;
};
struct HeaderV5 {
  HeaderV1 common;
  Be32 flow_sequence;
  uint8_t engine_type;
  uint8_t engine_id;
  Be16 sampling;
};
struct HeaderV7 {
  HeaderV1 common;
  Be32 flow_sequence;
  Be32 reserved;
};
static_assert(sizeof(HeaderV1) == 16 && sizeof(HeaderV5) == 24 && sizeof(HeaderV7) == 24);

struct Field {
  uint16_t element;
  uint16_t length;
};
constexpr uint16_t kPadding = 210;         // paddingOctets
constexpr uint16_t kBypassedRouter = 130;  // exporterIPv4Address: v7's router_sc, whose flows the switch reports

constexpr Field kSource{8, 4}, kDestination{12, 4}, kNextHop{15, 4}, kInput{10, 2}, kOutput{14, 2}, kPackets{2, 4},
    kOctets{1, 4}, kFirst{22, 4}, kLast{21, 4}, kSourcePort{7, 2}, kDestinationPort{11, 2}, kTcpFlags{6, 1},
    kProtocol{4, 1}, kTos{5, 1}, kSourceAs{16, 2}, kDestinationAs{17, 2}, kSourceMask{9, 1}, kDestinationMask{13, 1};

constexpr std::array kRecordV1 = {
    kSource,     kDestination,     kNextHop,           kInput,    kOutput, kPackets,  kOctets,           kFirst, kLast,
    kSourcePort, kDestinationPort, Field{kPadding, 2}, kProtocol, kTos,    kTcpFlags, Field{kPadding, 7}};
// Four more bytes at the end, as the first IOS releases sent it.
constexpr std::array kRecordV1Long = {kSource,   kDestination, kNextHop,         kInput,
                                      kOutput,   kPackets,     kOctets,          kFirst,
                                      kLast,     kSourcePort,  kDestinationPort, Field{kPadding, 2},
                                      kProtocol, kTos,         kTcpFlags,        Field{kPadding, 11}};
constexpr std::array kRecordV5 = {kSource,
                                  kDestination,
                                  kNextHop,
                                  kInput,
                                  kOutput,
                                  kPackets,
                                  kOctets,
                                  kFirst,
                                  kLast,
                                  kSourcePort,
                                  kDestinationPort,
                                  Field{kPadding, 1},
                                  kTcpFlags,
                                  kProtocol,
                                  kTos,
                                  kSourceAs,
                                  kDestinationAs,
                                  kSourceMask,
                                  kDestinationMask,
                                  Field{kPadding, 2}};
constexpr std::array kRecordV7 = {kSource,
                                  kDestination,
                                  kNextHop,
                                  kInput,
                                  kOutput,
                                  kPackets,
                                  kOctets,
                                  kFirst,
                                  kLast,
                                  kSourcePort,
                                  kDestinationPort,
                                  Field{kPadding, 1},
                                  kTcpFlags,
                                  kProtocol,
                                  kTos,
                                  kSourceAs,
                                  kDestinationAs,
                                  kSourceMask,
                                  kDestinationMask,
                                  Field{kPadding, 2},
                                  Field{kBypassedRouter, 4}};

template <size_t kCount>
constexpr size_t record_length(const std::array<Field, kCount>& fields) {
  size_t length = 0;
  for (const Field& field : fields) length += field.length;
  return length;
}
static_assert(record_length(kRecordV1) == 48 && record_length(kRecordV1Long) == 52);
static_assert(record_length(kRecordV5) == 48 && record_length(kRecordV7) == 52);

// Cisco: 1 to 30 records (v1: 24). Exporters without Cisco's buffers send more, and then as many as they say.
constexpr size_t kUsualRecords = 30;
constexpr uint16_t kSamplingIntervalMask = 0x3fff;
constexpr uint32_t kDaySeconds = 86400;

CompiledTemplate compile(std::span<const Field> fields, const flow::SchemaPtr& schema) {
  Template layout;
  for (const Field& field : fields) layout.fields.push_back({0, field.element, field.length, false});
  layout.measure();
  return {std::move(layout), schema};
}

FlowType type_of(uint16_t version) {
  return version == 1 ? FlowType::netflow_v1 : version == 5 ? FlowType::netflow_v5 : FlowType::netflow_v7;
}

}  // namespace

NetflowV5::NetflowV5(const flow::SchemaPtr& schema)
    : v1_(compile(kRecordV1, schema)),
      v1_long_(compile(kRecordV1Long, schema)),
      v5_(compile(kRecordV5, schema)),
      v7_(compile(kRecordV7, schema)) {}

std::optional<NetflowV5Message> NetflowV5::parse(uint16_t version, ByteView bytes, const MessageContext& datagram,
                                                 flow::AnomalyCounts& anomalies) const {
  ByteReader in(bytes);
  // Filled in where it is returned: copying it took longer than reading the header.
  std::optional<NetflowV5Message> parsed(std::in_place, version, datagram);
  NetflowV5Message& message = *parsed;
  std::optional<HeaderV1> header;
  if (version == 1) {
    header = in.read<HeaderV1>();
    message.compiled = &v1_;
  } else if (version == 5) {
    const auto v5 = in.read<HeaderV5>();
    if (v5) {
      header = v5->common;
      message.context.stream.domain = uint32_t{v5->engine_type} * 256 + v5->engine_id;
      message.context.header_sampling = v5->sampling & kSamplingIntervalMask;
      message.sequence = v5->flow_sequence;
    }
    message.compiled = &v5_;
  } else {
    const auto v7 = in.read<HeaderV7>();
    if (v7) {
      header = v7->common;
      message.sequence = v7->flow_sequence;
    }
    message.compiled = &v7_;
  }
  if (!header) {
    anomalies.add(Anomaly::truncated_header);
    parsed.reset();
    return parsed;
  }
  message.count = header->count;
  if (version == 1 && in.remaining() == message.count * v1_long_.layout.min_length) message.compiled = &v1_long_;
  const size_t length = message.compiled->layout.min_length;
  const size_t whole = std::min(message.count, message.compiled->layout.whole_records(in.remaining()));
  if (whole < message.count && message.count > kUsualRecords) {
    // No exporter ever sent a message of that many records, and this one does not hold them: not NetFlow at all, or
    // damaged on its way, its records included.
    anomalies.add(Anomaly::unknown_version);
    parsed.reset();
    return parsed;
  }
  if (whole != message.count || message.count == 0) anomalies.add(Anomaly::count_mismatch);
  message.has_sequence = version != 1;
  message.context.stream.protocol = type_of(version);
  message.context.export_us = int64_t{header->unix_seconds} * 1'000'000 + header->unix_nanoseconds / 1000;
  message.context.has_uptime = true;
  message.context.uptime_ms = header->uptime_ms;
  message.records = *in.take(whole * length);
  message.rest = in.rest();
  return parsed;
}

bool NetflowV5::begins_message(const NetflowV5Message& previous, ByteView rest) const {
  const size_t header_length = previous.has_sequence ? sizeof(HeaderV5) : sizeof(HeaderV1);
  if (rest.size() < header_length + previous.compiled->layout.min_length) return false;
  const auto header = *ByteReader(rest).read<HeaderV1>();
  const int64_t apart = int64_t{header.unix_seconds} - previous.context.export_us / 1'000'000;
  return header.version == previous.version && header.count >= 1 && header.count <= kUsualRecords &&
         apart > -int64_t{kDaySeconds} && apart < int64_t{kDaySeconds};
}

}  // namespace weir::decode
