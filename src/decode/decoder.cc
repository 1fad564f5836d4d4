#include "decode/decoder.h"

#include <algorithm>
#include <optional>

#include "base/big_endian.h"
#include "decode/netflow_v5.h"
#include "decode/session/sessions.h"
#include "decode/session/source_rates.h"
#include "decode/set_decoder.h"
#include "decode/sflow/sflow_decoder.h"
#include "decode/template_message.h"

namespace weir::decode {
namespace {

using flow::Anomaly;

// A NetFlow or IPFIX version is 16 bits. sFlow's is 32, and its first half zero.
constexpr uint32_t kSflowVersion2 = 2;
constexpr uint32_t kSflowVersion4 = 4;
constexpr uint32_t kSflowVersion5 = 5;

// Why the datagram cannot be a message of any protocol; nothing: it may be one.
std::optional<Anomaly> header_problem(ByteView bytes) {
  constexpr size_t kLeastHeader = 16;  // NetFlow v1 and IPFIX
  constexpr uint32_t kVersions = 1U << 1 | 1U << 5 | 1U << 7 | 1U << 9 | 1U << 10;
  const auto version = ByteReader(bytes).read<Be16>();
  if (!version) return Anomaly::truncated_header;
  if (*version < 32 && (kVersions >> *version & 1) != 0) [[likely]]
    return bytes.size() >= kLeastHeader ? std::nullopt : std::optional(Anomaly::truncated_header);
  const auto sflow = ByteReader(bytes).read<Be32>();
  if (sflow && *sflow == kSflowVersion5)
    return bytes.size() >= kLeastHeader ? std::nullopt : std::optional(Anomaly::truncated_header);
  const bool is_sflow = sflow && (*sflow == kSflowVersion2 || *sflow == kSflowVersion4);
  return is_sflow ? Anomaly::unsupported_version : Anomaly::unknown_version;
}

bool contains(std::span<const IpPrefix> prefixes, const IpAddress& address) {
  return std::ranges::any_of(prefixes, [&](const IpPrefix& prefix) { return prefix.contains(address); });
}

}  // namespace

class Decoder::Impl {
 public:
  explicit Impl(DecoderOptions options) : options_(std::move(options)), sessions_(options_.limits, options_.schema) {
    apply_options();
  }

  void run(const Datagram& datagram, const Output& output);
  void refuse(const Datagram& datagram, Anomaly reason);
  void set_options(DecoderOptions options);
  void set_number(uint64_t number) { next_number_ = number; }
  Sessions& sessions() { return sessions_; }
  sflow::AgentTable& sflow_agents() { return sflow_.agents(); }
  TemplateMessageDecoder& template_messages() { return template_messages_; }
  StreamReports survey_streams(size_t most);
  std::vector<std::pair<IpAddress, flow::ExporterCounters>> counters() const;

 private:
  bool decode_datagram(const Datagram& datagram, const MessageContext& context, Exporter& exporter,
                       const Output& output);
  bool decode_fixed_messages(uint16_t version, ByteView bytes, const MessageContext& context, Exporter& exporter,
                             const Output& output);
  bool decode_template_messages(uint16_t version, ByteView bytes, const MessageContext& context, Exporter& exporter,
                                const Output& output);
  void decode_fixed_message(NetflowV5Message& message, Exporter& exporter, const Output& output);
  uint32_t configured_rate(const IpAddress& exporter) const;
  bool is_named(const IpAddress& exporter) const;
  bool is_allowed(const IpAddress& exporter);
  bool is_over_rate(const Datagram& datagram);
  void apply_options();
  void apply_options_to(Exporter& exporter) const;

  DecoderOptions options_;
  Sessions sessions_;
  SourceRates rates_;
  SetDecoder sets_{sessions_};
  TemplateMessageDecoder template_messages_{sessions_, sets_};
  NetflowV5 netflow_v5_{options_.schema};
  SflowDecoder sflow_{options_.limits};
  uint64_t next_number_ = 1;
};

uint32_t Decoder::Impl::configured_rate(const IpAddress& exporter) const {
  const auto found = options_.sampling_rates.find(exporter);
  return found == options_.sampling_rates.end() ? 0 : found->second;
}

// The operator has said something of it.
bool Decoder::Impl::is_named(const IpAddress& exporter) const {
  return configured_rate(exporter) != 0 || contains(options_.trusted_relays, exporter);
}

// One that is known was allowed when it was new, or has been looked at since the list was changed.
bool Decoder::Impl::is_allowed(const IpAddress& exporter) {
  if (const Exporter* known = sessions_.table().find_exporter(exporter)) return !known->refused;
  return contains(options_.allow, exporter);
}

// The handshake of a connection has proven its address.
bool Decoder::Impl::is_over_rate(const Datagram& datagram) {
  if (datagram.connection != 0) return false;
  Exporter* const known = sessions_.table().find_exporter(datagram.exporter);
  const bool proven = known != nullptr ? ExporterTable::is_proven(*known) : is_named(datagram.exporter);
  return !proven && !rates_.take(datagram.exporter, datagram.received);
}

void Decoder::Impl::refuse(const Datagram& datagram, Anomaly reason) {
  flow::ExporterCounters& counters = sessions_.table().counters_of(datagram.exporter);
  ++counters.datagrams_received;
  counters.bytes_received += datagram.bytes.size();
  ++counters.datagrams_rejected;
  counters.anomalies.add(reason);
  counters.last_seen = std::max(counters.last_seen, datagram.received);
}

void Decoder::Impl::run(const Datagram& datagram, const Output& output) {
  CHECK(output.rows == nullptr || &(*output.rows)[options_.schema->table()].schema() == options_.schema.get());
  if (rates_.limited() && is_over_rate(datagram)) [[unlikely]]
    return refuse(datagram, Anomaly::source_over_rate);
  // What is no message makes no exporter: anybody can send it, from any address.
  if (!sessions_.table().is_latest(datagram.exporter)) {
    if (const auto problem = header_problem(datagram.bytes)) [[unlikely]] {
      if (sessions_.table().find_exporter(datagram.exporter) == nullptr) return refuse(datagram, *problem);
    }
  }
  if (!options_.allow.empty() && !is_allowed(datagram.exporter)) [[unlikely]]
    return refuse(datagram, Anomaly::exporter_not_allowed);
  Exporter& exporter = sessions_.exporter(datagram.exporter, datagram.received);
  flow::ExporterCounters& counters = exporter.counters;
  if (counters.datagrams_received == 0) apply_options_to(exporter);
  ++counters.datagrams_received;
  counters.bytes_received += datagram.bytes.size();
  const MessageContext context{.datagram = next_number_++,
                               .stream = {.endpoint = {.address = datagram.exporter,
                                                       .port = ExporterPort{datagram.exporter_port},
                                                       .connection = datagram.connection}},
                               .received = datagram.received};
  const bool decoded = decode_datagram(datagram, context, exporter, output);
  sessions_.sharing().end_change();
  if (sessions_.sharing().has_arrived()) [[unlikely]]
    template_messages_.decode_arrived(output);
  ++(decoded ? counters.datagrams_decoded : counters.datagrams_rejected);
}

// False if the datagram is rejected; the reason has been counted.
bool Decoder::Impl::decode_datagram(const Datagram& datagram, const MessageContext& context, Exporter& exporter,
                                    const Output& output) {
  ByteReader in(datagram.bytes);
  const auto version = in.read<Be16>();
  if (!version) {
    exporter.counters.anomalies.add(Anomaly::truncated_header);
    return false;
  }
  switch (version->value()) {
    case 1:
    case 5:
    case 7:
      return decode_fixed_messages(*version, datagram.bytes, context, exporter, output);
    case 9:
    case 10:
      return decode_template_messages(*version, datagram.bytes, context, exporter, output);
    default:
      break;
  }
  const auto sflow = ByteReader(datagram.bytes).read<Be32>();
  if (sflow && *sflow == kSflowVersion5) return sflow_.decode(datagram.bytes, context, exporter, output);
  const bool is_sflow = sflow && (*sflow == kSflowVersion2 || *sflow == kSflowVersion4);
  exporter.counters.anomalies.add(is_sflow ? Anomaly::unsupported_version : Anomaly::unknown_version);
  return false;
}

bool Decoder::Impl::decode_fixed_messages(uint16_t version, ByteView bytes, const MessageContext& context,
                                          Exporter& exporter, const Output& output) {
  auto message = netflow_v5_.parse(version, bytes, context, exporter.counters.anomalies);
  if (!message) return false;
  while (message) {
    decode_fixed_message(*message, exporter, output);
    const ByteView rest = message->rest;
    if (rest.empty()) return true;
    if (!options_.several_messages || !netflow_v5_.begins_message(*message, rest)) {
      exporter.counters.anomalies.add(Anomaly::trailing_bytes);
      return true;
    }
    message = netflow_v5_.parse(version, rest, context, exporter.counters.anomalies);
  }
  return true;
}

void Decoder::Impl::decode_fixed_message(NetflowV5Message& message, Exporter& exporter, const Output& output) {
  exporter.counters.protocols |= 1U << static_cast<uint32_t>(message.context.stream.protocol);
  Session& session = sessions_.session(exporter, message.context.stream);
  MessageContext& context = message.context;
  sessions_.listen(session, context, message.has_sequence ? std::optional(message.sequence) : std::nullopt);
  if (message.has_sequence) {
    sessions_.heard(session, context,
                    Sessions::Heard{.number = message.sequence,
                                    .units = static_cast<uint32_t>(message.count),
                                    .countable = true,
                                    .guess = false,
                                    .data = !message.records.empty(),
                                    .templates = false});
  }
  if (context.header_sampling != 0) exporter.counters.sampling_rate = context.header_sampling;
  if (!message.records.empty()) sets_.decode(*message.compiled, {.body = message.records}, context, session, output);
}

bool Decoder::Impl::decode_template_messages(uint16_t version, ByteView bytes, const MessageContext& context,
                                             Exporter& exporter, const Output& output) {
  auto message = parse_template_message(version, bytes, context, exporter.counters.anomalies);
  if (!message) return false;
  exporter.counters.protocols |= 1U << static_cast<uint32_t>(message->context.stream.protocol);
  while (message) {
    const ByteView rest = template_messages_.decode(*message, exporter, options_.limits.fields_per_template,
                                                    options_.several_messages, output);
    if (rest.empty()) return true;
    if (!options_.several_messages || !begins_message(*message, rest)) {
      exporter.counters.anomalies.add(Anomaly::trailing_bytes);
      return true;
    }
    message = parse_template_message(version, rest, context, exporter.counters.anomalies);
  }
  return true;
}

void Decoder::Impl::set_options(DecoderOptions options) {
  if (options.schema != options_.schema) netflow_v5_ = NetflowV5(options.schema);
  options_ = std::move(options);
  sessions_.set_schema(options_.schema);
  sessions_.set_limits(options_.limits);
  sflow_.set_limits(options_.limits);
  apply_options();
  for (Exporter& exporter : sessions_.table().exporters()) apply_options_to(exporter);
}

void Decoder::Impl::apply_options() {
  sets_.set_other(options_.other);
  sets_.set_limits(options_.limits);
  sets_.set_rates(options_.sampling_rates);
  // A list leaves nobody in who is not proven.
  rates_.set_limit(options_.allow.empty() ? options_.limits.datagrams_per_second : 0);
}

// What the operator says of it. Who is named is proven.
void Decoder::Impl::apply_options_to(Exporter& exporter) const {
  const bool listed = contains(options_.allow, exporter.address);
  exporter.configured_rate = configured_rate(exporter.address);
  exporter.refused = !options_.allow.empty() && !listed;
  exporter.relay = contains(options_.trusted_relays, exporter.address);
  exporter.proven |= listed || is_named(exporter.address);
}

StreamReports Decoder::Impl::survey_streams(size_t most) {
  StreamSurvey survey(most);
  sessions_.survey(survey);
  sflow_.agents().survey(survey, sessions_.table());
  return survey.finish();
}

std::vector<std::pair<IpAddress, flow::ExporterCounters>> Decoder::Impl::counters() const {
  std::vector<std::pair<IpAddress, flow::ExporterCounters>> all;
  all.reserve(sessions_.table().exporters().size() + 1);
  for (const Exporter& exporter : sessions_.table().exporters()) {
    all.emplace_back(exporter.address, exporter.counters);
    if (exporter.configured_rate != 0) all.back().second.sampling_rate = exporter.configured_rate;
  }
  if (sessions_.table().forgotten().datagrams_received > 0)
    all.emplace_back(IpAddress{}, sessions_.table().forgotten());
  return all;
}

Decoder::Decoder(DecoderOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

void Decoder::decode(const Datagram& datagram, flow::TableBuilders& out) { impl_->run(datagram, {.rows = &out}); }
void Decoder::refuse(const Datagram& datagram, flow::Anomaly reason) { impl_->refuse(datagram, reason); }
void Decoder::expect(std::span<const Datagram> next) const { impl_->sessions().table().expect(next); }
void Decoder::inspect(const Datagram& datagram, RecordSink& sink) { impl_->run(datagram, {.sink = &sink}); }
void Decoder::set_datagram_number(uint64_t number) { impl_->set_number(number); }
std::optional<uint64_t> Decoder::oldest_waiting() const { return impl_->sessions().oldest_early(); }
std::vector<uint64_t> Decoder::all_waiting() const {
  std::vector<uint64_t> waiting;
  impl_->sessions().early().for_each([&](uint64_t datagram) { waiting.push_back(datagram); });
  std::ranges::sort(waiting);
  waiting.erase(std::ranges::unique(waiting).begin(), waiting.end());
  return waiting;
}
void Decoder::expire(Timestamp now) { impl_->sessions().expire(now); }
void Decoder::close_connection(uint64_t connection) { impl_->sessions().table().close_connection(connection); }
void Decoder::set_state_source(const StateSource* source) { impl_->sessions().set_source(source); }
void Decoder::set_place_source(PlaceSource* places) {
  impl_->sessions().set_places(places);
  impl_->sflow_agents().set_places(places);
}
std::vector<SequencePlace> Decoder::places(size_t most) const {
  std::vector<SequencePlace> places;
  impl_->sessions().add_places(places, most);
  impl_->sflow_agents().add_places(places, most);
  return places;
}
void Decoder::set_shared(SharedExporters* shared) { impl_->sessions().sharing().join(*shared); }
void Decoder::take_shared(flow::TableBuilders& out) {
  impl_->sessions().sharing().take_all();
  impl_->template_messages().decode_arrived({.rows = &out});
}
SessionChanges Decoder::take_changes(Timestamp now, size_t max_sessions) {
  return impl_->sessions().take_changes(now, max_sessions);
}
void Decoder::import_state(const SessionState& state, Timestamp now, flow::TableBuilders& out) {
  impl_->template_messages().import_state(state, now, {.rows = &out});
}
void Decoder::set_options(DecoderOptions options) { impl_->set_options(std::move(options)); }
std::optional<AnnouncedOptionsList> Decoder::take_options(Timestamp now, size_t max_sessions) {
  return impl_->sessions().take_options(now, max_sessions);
}
StreamReports Decoder::survey_streams(size_t most) { return impl_->survey_streams(most); }
std::vector<std::pair<IpAddress, flow::ExporterCounters>> Decoder::counters() const { return impl_->counters(); }

}  // namespace weir::decode
