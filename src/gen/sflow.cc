// sFlow version 5 (sflow.org/sflow_version_5.txt): flow samples, each with the first bytes of a sampled packet and
// what the router knows of its route. Everything is XDR (RFC 4506): units of 4 bytes.
#include "base/ether_type.h"
#include "gen/encoder.h"

namespace weir::gen {
namespace {

constexpr size_t kMaxHeaderBytes = 128;  // of the sampled packet
constexpr size_t kEthernetBytes = 14;
constexpr size_t kChecksumBytes = 4;  // the frame check sequence: part of the frame length, stripped from the header
constexpr size_t kMaxFrameBytes = 1518;
constexpr size_t kMaxSampleBytes = 320;

constexpr uint32_t kFlowSample = 1;
constexpr uint32_t kCounterSample = 2;
constexpr uint32_t kExpandedFlowSample = 3;
constexpr uint32_t kExpandedCounterSample = 4;
constexpr uint32_t kGenericInterface = 1;
constexpr uint32_t kEthernetInterface = 2;
constexpr uint32_t kRawPacketHeader = 1;
constexpr uint32_t kExtendedSwitch = 1001;
constexpr uint32_t kExtendedRouter = 1002;
constexpr uint32_t kExtendedGateway = 1003;
constexpr uint32_t kProtocolEthernet = 1;

constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;

class SflowEncoder final : public Encoder {
 public:
  explicit SflowEncoder(const ExporterOptions& options)
      : options_(options),
        uptime_(options.seed),
        writer_(kMaxDatagramBytes),
        packet_(kMaxFrameBytes),
        header_(kMaxHeaderBytes) {}

  void begin(Timestamp now) override {
    writer_.clear();
    samples_ = 0;
    writer_.u32(5);
    address(options_.agent);
    writer_.u32(options_.domain);
    writer_.u32(++sequence_);
    writer_.u32(uptime_.at(now));
    samples_at_ = writer_.size();
    writer_.u32(0);
    if (options_.sflow_counters_every > 0 && sequence_ % options_.sflow_counters_every == 0) counter_sample();
  }

  bool add(Flow& flow) override {
    if (kMaxDatagramBytes - writer_.size() < kMaxSampleBytes) return false;
    ++samples_;
    const size_t l3_bytes =
        std::min<size_t>(flow.bytes / flow.packets, kMaxFrameBytes - kEthernetBytes - kChecksumBytes);
    write_packet(flow, l3_bytes);
    // What is exported is one packet, with its whole frame as the length.
    flow.packets = 1;
    flow.bytes = std::max<size_t>(packet_.size() + kChecksumBytes, 64);

    writer_.u32(options_.sflow_expanded ? kExpandedFlowSample : kFlowSample);
    const size_t length_at = begin_length();
    writer_.u32(++sample_sequence_);
    source(flow.input_interface);
    writer_.u32(options_.sampling_interval);
    writer_.u32(pool_ += options_.sampling_interval);
    writer_.u32(0);  // dropped for lack of resources
    interface(flow.input_interface);
    interface(flow.output_interface);
    writer_.u32(4);  // records
    raw_header(flow);
    extended_switch();
    extended_router(flow);
    extended_gateway(flow);
    end_length(length_at);
    return true;
  }

  ByteView finish() override {
    writer_.patch_u32(samples_at_, samples_);
    return writer_.view();
  }

 private:
  size_t begin_length() {
    writer_.u32(0);
    return writer_.size() - sizeof(uint32_t);
  }
  void end_length(size_t at) { writer_.patch_u32(at, static_cast<uint32_t>(writer_.size() - at - sizeof(uint32_t))); }

  void address(const IpAddress& ip) {
    writer_.u32(ip.is_v4() ? 1 : 2);
    ip.is_v4() ? writer_.v4(ip) : writer_.v6(ip);
  }

  // Class 0 is an interface. The compact forms have both in one word.
  void source(uint32_t index) {
    if (options_.sflow_expanded) writer_.u32(0);
    writer_.u32(index);
  }
  void interface(uint32_t index) {
    if (options_.sflow_expanded) writer_.u32(0);
    writer_.u32(index);
  }

  // An interface of 10 Gbit/s that carried a thousand packets since the last time.
  void counter_sample() {
    ++samples_;
    constexpr uint32_t kUp = 3;
    constexpr uint32_t kFullDuplex = 1;
    constexpr uint32_t kEthernetCsmacd = 6;
    const uint32_t packets = ++counter_sequence_ * 1000;
    writer_.u32(options_.sflow_expanded ? kExpandedCounterSample : kCounterSample);
    const size_t length_at = begin_length();
    writer_.u32(counter_sequence_);
    source(1);
    writer_.u32(2);  // records
    writer_.u32(kGenericInterface);
    const size_t generic_at = begin_length();
    for (const uint32_t value : {1u, kEthernetCsmacd}) writer_.u32(value);
    writer_.u64(10'000'000'000);
    for (const uint32_t value : {kFullDuplex, kUp}) writer_.u32(value);
    for (int direction = 0; direction < 2; ++direction) {
      writer_.u64(uint64_t{packets} * 800);
      for (const uint32_t value : {packets, UINT32_MAX, UINT32_MAX, 0u, 0u, 0u}) writer_.u32(value);
    }
    end_length(generic_at);
    writer_.u32(kEthernetInterface);
    const size_t ethernet_at = begin_length();
    for (int counter = 0; counter < 13; ++counter) writer_.u32(0);
    end_length(ethernet_at);
    end_length(length_at);
  }

  void raw_header(const Flow& flow) {
    const ByteView header = packet_.view().first(std::min(packet_.size(), kMaxHeaderBytes));
    writer_.u32(kRawPacketHeader);
    const size_t length_at = begin_length();
    writer_.u32(kProtocolEthernet);
    writer_.u32(static_cast<uint32_t>(flow.bytes));
    writer_.u32(kChecksumBytes);
    writer_.u32(static_cast<uint32_t>(header.size()));
    writer_.bytes(header);
    writer_.pad_to_multiple_of_4(length_at);
    end_length(length_at);
  }

  void extended_switch() {
    writer_.u32(kExtendedSwitch);
    const size_t length_at = begin_length();
    for (const uint32_t value : {100u, 0u, 200u, 0u})
      writer_.u32(value);  // VLAN and priority in, VLAN and priority out
    end_length(length_at);
  }

  void extended_router(const Flow& flow) {
    writer_.u32(kExtendedRouter);
    const size_t length_at = begin_length();
    address(flow.next_hop);
    writer_.u32(flow.source_mask);
    writer_.u32(flow.destination_mask);
    end_length(length_at);
  }

  void extended_gateway(const Flow& flow) {
    writer_.u32(kExtendedGateway);
    const size_t length_at = begin_length();
    address(flow.next_hop);
    writer_.u32(64500);  // AS of the router
    writer_.u32(flow.source_as);
    writer_.u32(flow.source_as);  // of the peer
    writer_.u32(1);               // segments of the path to the destination
    writer_.u32(2);               // AS_SEQUENCE
    writer_.u32(1);
    writer_.u32(flow.destination_as);
    writer_.u32(0);    // communities
    writer_.u32(100);  // local preference
    end_length(length_at);
  }

  // The sampled packet as far as it is copied: Ethernet, IP, TCP or UDP, zeros.
  void write_packet(const Flow& flow, size_t l3_bytes) {
    const size_t ip_header_bytes = flow.is_v4() ? 20 : 40;
    const size_t l4_header_bytes = flow.protocol == kTcp ? 20 : 8;
    const size_t ip_bytes = std::max(l3_bytes, ip_header_bytes + l4_header_bytes);
    const size_t l4_bytes = ip_bytes - ip_header_bytes;
    packet_.clear();
    for (const uint8_t side : {uint8_t{2}, uint8_t{1}}) {
      for (const uint8_t byte : {uint8_t{2}, uint8_t{0}, uint8_t{0}, uint8_t{0}, uint8_t{0}, side}) packet_.u8(byte);
    }
    packet_.u16(flow.is_v4() ? kEtypeIpv4 : kEtypeIpv6);
    flow.is_v4() ? write_ipv4(flow, ip_bytes) : write_ipv6(flow, l4_bytes);
    if (flow.protocol == kTcp) {
      write_tcp(flow);
    } else if (flow.protocol == kUdp) {
      packet_.u16(flow.source_port);
      packet_.u16(flow.destination_port);
      packet_.u16(static_cast<uint16_t>(l4_bytes));
      packet_.u16(0);
    } else {
      packet_.u16(flow.destination_port);  // ICMP: type and code
      packet_.zeros(6);
    }
    packet_.zeros(kEthernetBytes + ip_bytes - packet_.size());
  }

  void write_ipv4(const Flow& flow, size_t ip_bytes) {
    header_.clear();
    header_.u8(0x45);
    header_.u8(flow.tos);
    header_.u16(static_cast<uint16_t>(ip_bytes));
    header_.u32(0);  // identification, flags, offset
    header_.u8(57);
    header_.u8(flow.protocol);
    header_.u16(0);
    header_.v4(flow.source);
    header_.v4(flow.destination);
    uint32_t sum = 0;
    for (size_t i = 0; i < header_.size(); i += 2) sum += load_be<uint16_t>(&header_.view()[i]);
    sum = (sum & 0xffff) + (sum >> 16);
    header_.patch_u16(10, static_cast<uint16_t>(~(sum + (sum >> 16))));
    packet_.bytes(header_.view());
  }

  void write_ipv6(const Flow& flow, size_t l4_bytes) {
    packet_.u32(uint32_t{6} << 28 | uint32_t{flow.tos} << 20);
    packet_.u16(static_cast<uint16_t>(l4_bytes));
    packet_.u8(flow.protocol);
    packet_.u8(57);
    packet_.v6(flow.source);
    packet_.v6(flow.destination);
  }

  void write_tcp(const Flow& flow) {
    packet_.u16(flow.source_port);
    packet_.u16(flow.destination_port);
    packet_.u32(sample_sequence_ * 1460);
    packet_.u32(0);
    packet_.u8(5 << 4);
    packet_.u8(flow.tcp_flags);
    packet_.u16(0xffff);
    packet_.u32(0);
  }

  ExporterOptions options_;
  Uptime uptime_;
  WireWriter writer_;
  WireWriter packet_;
  WireWriter header_;
  size_t samples_at_ = 0;
  uint32_t samples_ = 0;
  uint32_t sequence_ = 0;
  uint32_t sample_sequence_ = 0;
  uint32_t counter_sequence_ = 0;
  uint32_t pool_ = 0;
};

}  // namespace

std::unique_ptr<Encoder> make_sflow_encoder(const ExporterOptions& options) {
  return std::make_unique<SflowEncoder>(options);
}

}  // namespace weir::gen
