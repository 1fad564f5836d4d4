#include "gen/exporter.h"

#include <algorithm>

#include "base/check.h"
#include "gen/encoder.h"
#include "gen/random.h"

namespace weir::gen {
namespace {

struct ProtocolName {
  Protocol protocol;
  std::string_view name;
};
constexpr ProtocolName kProtocols[] = {
    {Protocol::v5, "v5"}, {Protocol::v9, "v9"}, {Protocol::ipfix, "ipfix"}, {Protocol::sflow, "sflow"}};

std::unique_ptr<Encoder> make_encoder(const ExporterOptions& options) {
  switch (options.protocol) {
    case Protocol::v5:
      return make_v5_encoder(options);
    case Protocol::v9:
      return make_v9_encoder(options);
    case Protocol::ipfix:
      return make_ipfix_encoder(options);
    case Protocol::sflow:
      return make_sflow_encoder(options);
  }
  return nullptr;
}

}  // namespace

std::string_view to_string(Protocol protocol) {
  for (const ProtocolName& known : kProtocols) {
    if (known.protocol == protocol) return known.name;
  }
  return {};
}

std::optional<Protocol> parse_protocol(std::string_view text) {
  for (const ProtocolName& known : kProtocols) {
    if (known.name == text) return known.protocol;
  }
  return std::nullopt;
}

void Totals::add(const Totals& other) {
  datagrams += other.datagrams;
  datagram_bytes += other.datagram_bytes;
  option_records += other.option_records;
  all.add(other.all);
  for (size_t i = 0; i < by_ip_protocol.size(); ++i) by_ip_protocol[i].add(other.by_ip_protocol[i]);
}

class SyntheticExporter::Impl {
 public:
  explicit Impl(const ExporterOptions& options)
      : options_(options),
        model_(mix(options.seed) ^ mix(options.domain + (uint64_t{1} << 32)),
               options.protocol == Protocol::v5 ? 0 : std::min(options.ipv6_percent, 100u)),
        encoder_(make_encoder(options)) {
    CHECK(encoder_ != nullptr && options.flows_per_datagram > 0 && options.sampling_interval > 0);
    CHECK(options.protocol != Protocol::v5 || options.sampling_interval <= kMaxSamplingV5);
  }

  ByteView next_datagram(Timestamp now, size_t max_flows) {
    const size_t wanted = std::clamp(max_flows, size_t{1}, options_.flows_per_datagram);
    if (options_.event_interval > Micros{0}) live(now);
    encoder_->begin(now + clock_offset_);
    for (size_t flows = 0; flows < wanted; ++flows) {
      if (!waiting_) waiting_ = model_.next();
      if (!encoder_->add(*waiting_)) break;
      totals_.all.add(waiting_->packets, waiting_->bytes);
      totals_.by_ip_protocol[waiting_->protocol].add(waiting_->packets, waiting_->bytes);
      if (observer_) observer_(*waiting_);
      waiting_.reset();
    }
    const ByteView datagram = encoder_->finish();
    ++totals_.datagrams;
    totals_.datagram_bytes += datagram.size();
    totals_.option_records = encoder_->option_records();
    return datagram;
  }

  const Totals& totals() const { return totals_; }
  const ExporterOptions& options() const { return options_; }
  void on_flow(std::function<void(const Flow&)> observer) { observer_ = std::move(observer); }

 private:
  void live(Timestamp now) {
    const auto half_ms =
        static_cast<uint32_t>(std::clamp<int64_t>(options_.event_interval.count() / 2000, 1, INT32_MAX / 4));
    const auto wait = [&] { return std::chrono::milliseconds{random_.between(half_ms, 3 * half_ms)}; };
    if (!next_event_) next_event_ = now + wait();
    if (now < *next_event_) return;
    next_event_ = now + wait();
    switch (random_.below(3)) {
      case 0:
        return encoder_->change_templates();
      case 1:
        return encoder_->restart();
      default: {
        const Micros jump = std::chrono::seconds{random_.below(2 * kMaxClockJump) - int64_t{kMaxClockJump}};
        clock_offset_ += jump;
        encoder_->clock_jumped(jump);
      }
    }
  }

  static constexpr uint32_t kMaxClockJump = 86'400;  // seconds, either way

  ExporterOptions options_;
  FlowModel model_;
  Random random_{mix(options_.seed) ^ mix(options_.domain + (uint64_t{1} << 33))};
  std::optional<Timestamp> next_event_;
  Micros clock_offset_{0};
  std::unique_ptr<Encoder> encoder_;
  std::optional<Flow> waiting_;  // did not fit into the last datagram
  std::function<void(const Flow&)> observer_;
  Totals totals_;
};

SyntheticExporter::SyntheticExporter(const ExporterOptions& options) : impl_(std::make_unique<Impl>(options)) {}
SyntheticExporter::SyntheticExporter(SyntheticExporter&&) noexcept = default;
SyntheticExporter& SyntheticExporter::operator=(SyntheticExporter&&) noexcept = default;
SyntheticExporter::~SyntheticExporter() = default;
ByteView SyntheticExporter::next_datagram(Timestamp now, size_t max_flows) {
  return impl_->next_datagram(now, max_flows);
}
const Totals& SyntheticExporter::totals() const { return impl_->totals(); }
const ExporterOptions& SyntheticExporter::options() const { return impl_->options(); }
void SyntheticExporter::on_flow(std::function<void(const Flow&)> observer) { impl_->on_flow(std::move(observer)); }

}  // namespace weir::gen
