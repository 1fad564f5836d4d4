#include "net/capture_writer.h"

#include <pcap/pcap.h>

#include <cstdio>
#include <vector>

#include "base/check.h"
#include "base/ether_type.h"
#include "base/packet_headers.h"

namespace weir::net {
namespace {

constexpr int kSnapLength = 262144;
constexpr size_t kMaxPayload = 65507;  // 65535 without the headers of IPv4 and UDP
constexpr uint8_t kHopLimit = 64;
constexpr uint8_t kUdp = 17;  // protocol number

// The sum of the Internet checksum (RFC 1071), not yet folded.
uint32_t sum_words(ByteView bytes, uint32_t sum = 0) {
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) sum += uint32_t{bytes[i]} << 8 | bytes[i + 1];
  if (bytes.size() % 2 != 0) sum += uint32_t{bytes.back()} << 8;
  return sum;
}

uint16_t fold(uint32_t sum) {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

template <class Wire>
ByteView bytes_of(const Wire& wire, std::vector<uint8_t>& scratch) {
  scratch.resize(sizeof wire);
  std::memcpy(scratch.data(), &wire, sizeof wire);
  return scratch;
}

template <class Wire>
void append(std::vector<uint8_t>& frame, const Wire& wire) {
  const size_t at = frame.size();
  frame.resize(at + sizeof wire);
  std::memcpy(&frame[at], &wire, sizeof wire);
}

// Over the pseudo header (RFC 768, RFC 8200 section 8.1), the UDP header and the payload.
Be16 udp_checksum(const IpAddress& source, const IpAddress& destination, const UdpHeader& header, ByteView payload) {
  const auto address = [](const IpAddress& a) { return ByteView(a.bytes).subspan(a.is_v4() ? 12 : 0); };
  std::vector<uint8_t> scratch;
  uint32_t sum = sum_words(address(source), sum_words(address(destination)));
  sum = sum_words(bytes_of(header, scratch), sum + kUdp + header.length);
  const uint16_t checksum = fold(sum_words(payload, sum));
  return Be16::from(checksum == 0 ? uint16_t{0xffff} : checksum);  // 0 would mean "none"
}

void append_ipv4(std::vector<uint8_t>& frame, const IpAddress& source, const IpAddress& destination,
                 uint16_t udp_length) {
  Ipv4Header header{};
  header.version_ihl = 0x45;
  header.total_length = Be16::from(static_cast<uint16_t>(sizeof header + udp_length));
  header.ttl = kHopLimit;
  header.protocol = kUdp;
  header.source = Be32::from(source.v4());
  header.destination = Be32::from(destination.v4());
  std::vector<uint8_t> scratch;
  header.checksum = Be16::from(fold(sum_words(bytes_of(header, scratch))));
  append(frame, header);
}

void append_ipv6(std::vector<uint8_t>& frame, const IpAddress& source, const IpAddress& destination,
                 uint16_t udp_length) {
  Ipv6Header header{};
  header.version_class_flow = Be32::from(uint32_t{6} << 28);
  header.payload_length = Be16::from(udp_length);
  header.next_header = kUdp;
  header.hop_limit = kHopLimit;
  header.source = source;
  header.destination = destination;
  append(frame, header);
}

}  // namespace

class CaptureWriter::Impl {
 public:
  explicit Impl(std::string name) : name_(std::move(name)), pcap_(pcap_open_dead(DLT_EN10MB, kSnapLength)) {
    CHECK(pcap_ != nullptr);
  }
  ~Impl() {
    if (dumper_ != nullptr) pcap_dump_close(dumper_);
    pcap_close(pcap_);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<> start() {
    dumper_ = pcap_dump_open(pcap_, name_.c_str());
    if (dumper_ == nullptr) return fail("cannot write the capture: {}", pcap_geterr(pcap_));
    return {};
  }

  void write(const Datagram& datagram, const IpAddress& destination, uint16_t destination_port) {
    CHECK(dumper_ != nullptr && datagram.bytes.size() <= kMaxPayload);
    CHECK(datagram.exporter.is_v4() == destination.is_v4());
    const bool v4 = destination.is_v4();
    const auto udp_length = static_cast<uint16_t>(sizeof(UdpHeader) + datagram.bytes.size());
    EthernetHeader ethernet{};
    ethernet.destination = {2, 0, 0, 0, 0, 2};  // locally administered
    ethernet.source = {2, 0, 0, 0, 0, 1};
    ethernet.type = Be16::from(v4 ? kEtypeIpv4 : kEtypeIpv6);
    UdpHeader udp{Be16::from(datagram.exporter_port), Be16::from(destination_port), Be16::from(udp_length), {}};
    udp.checksum = udp_checksum(datagram.exporter, destination, udp, datagram.bytes);

    frame_.clear();
    append(frame_, ethernet);
    (v4 ? append_ipv4 : append_ipv6)(frame_, datagram.exporter, destination, udp_length);
    append(frame_, udp);
    frame_.insert(frame_.end(), datagram.bytes.begin(), datagram.bytes.end());

    pcap_pkthdr header{};
    header.ts.tv_sec = to_us(datagram.received) / 1'000'000;
    header.ts.tv_usec = to_us(datagram.received) % 1'000'000;
    header.caplen = header.len = static_cast<bpf_u_int32>(frame_.size());
    // libpcap hands its dumper around as the callback's user data; a void* on the way keeps that a plain conversion.
    void* user = dumper_;
    pcap_dump(static_cast<u_char*>(user), &header, frame_.data());
  }

  Result<> close() {
    std::FILE* file = pcap_dump_file(dumper_);
    const bool written = pcap_dump_flush(dumper_) == 0 && std::ferror(file) == 0;
    const auto failure = fail_errno("cannot write " + name_);
    pcap_dump_close(dumper_);
    dumper_ = nullptr;
    if (!written) return failure;
    return {};
  }

 private:
  std::string name_;
  pcap_t* pcap_;
  pcap_dumper_t* dumper_ = nullptr;
  std::vector<uint8_t> frame_;
};

Result<CaptureWriter> CaptureWriter::create(const std::filesystem::path& path) {
  auto impl = std::make_unique<Impl>(path.string());
  TRY(impl->start());
  return CaptureWriter(std::move(impl));
}

CaptureWriter::CaptureWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CaptureWriter::CaptureWriter(CaptureWriter&&) noexcept = default;
CaptureWriter& CaptureWriter::operator=(CaptureWriter&&) noexcept = default;
CaptureWriter::~CaptureWriter() = default;
void CaptureWriter::write(const Datagram& datagram, const IpAddress& destination, uint16_t destination_port) {
  impl_->write(datagram, destination, destination_port);
}
Result<> CaptureWriter::close() { return impl_->close(); }

}  // namespace weir::net
