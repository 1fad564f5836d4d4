#include "net/capture.h"

#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "base/ether_type.h"
#include "net/ip_packet.h"
#include "net/link_layer.h"
#include "net/reassembly.h"
#include "net/recording.h"

namespace weir::net {
namespace {

constexpr size_t kFileBufferBytes = size_t{1} << 18;
constexpr uint64_t kFramesPerPosition = 64;  // how often the position in the file is looked up

struct ClosePcap {
  void operator()(pcap_t* pcap) const { pcap_close(pcap); }
};
using Pcap = std::unique_ptr<pcap_t, ClosePcap>;

// The seconds of a hostile pcapng are 64 bits wide; a time outside 1970 to 9999 is moved to its edge.
Timestamp frame_time(const timeval& tv) {
  constexpr int64_t kLastSecond = 253'402'300'799;
  const int64_t seconds = std::clamp(int64_t{tv.tv_sec}, int64_t{0}, kLastSecond);
  const int64_t us = std::clamp(int64_t{tv.tv_usec}, int64_t{0}, int64_t{999'999});
  return timestamp_from_us(seconds * 1'000'000 + us);
}

std::string link_layer_name(int link_type) {
  const char* name = pcap_datalink_val_to_name(link_type);
  return name != nullptr ? name : fmt::format("number {}", link_type);
}

class PcapRecording final : public Recording {
 public:
  PcapRecording(std::string name, Pcap pcap)
      : name_(std::move(name)), pcap_(std::move(pcap)), link_type_(pcap_datalink(pcap_.get())) {}

  static Result<std::unique_ptr<Recording>> open(std::string name, File file);

  Result<std::optional<CapturedDatagram>> next() override;

 private:
  std::optional<CapturedDatagram> read_frame(ByteView frame, Timestamp time);
  std::optional<CapturedDatagram> add_fragment(const Fragment& fragment, Timestamp time);
  CapturedDatagram found(const UdpDatagram& udp, Timestamp time);
  void look_up_position();
  void finish();

  std::string name_;
  Pcap pcap_;
  int link_type_;
  Reassembly reassembly_;
  uint64_t lost_before_ = 0;          // of reassembly_.lost_fragments(), what counts_ has
  std::vector<uint8_t> reassembled_;  // the last datagram that came in fragments
};

Result<std::unique_ptr<Recording>> PcapRecording::open(std::string name, File file) {
  std::array<char, PCAP_ERRBUF_SIZE> reason{};
  Pcap pcap(pcap_fopen_offline_with_tstamp_precision(file.get(), PCAP_TSTAMP_PRECISION_MICRO, reason.data()));
  if (!pcap) return fail("cannot read {}: it is not a pcap or pcapng capture ({})", name, reason.data());
  static_cast<void>(file.release());  // now libpcap's
  const int link_type = pcap_datalink(pcap.get());
  if (!link_layer_known(link_type)) {
    return fail(
        "cannot read {}: its link layer {} is not supported (Ethernet, Linux cooked, raw IP, loopback and PPP are)",
        name, link_layer_name(link_type));
  }
  return std::make_unique<PcapRecording>(std::move(name), std::move(pcap));
}

Result<std::optional<CapturedDatagram>> PcapRecording::next() {
  while (true) {
    pcap_pkthdr* header = nullptr;
    const uint8_t* bytes = nullptr;
    const int status = pcap_next_ex(pcap_.get(), &header, &bytes);
    if (status != 1) {
      finish();
      if (status == PCAP_ERROR_BREAK) return std::nullopt;
      return fail("{} is damaged after frame {}: {}", name_, counts_.frames, pcap_geterr(pcap_.get()));
    }
    if (counts_.frames++ % kFramesPerPosition == 0) look_up_position();
    if (auto datagram = read_frame(ByteView(bytes, header->caplen), frame_time(header->ts))) return datagram;
  }
}

std::optional<CapturedDatagram> PcapRecording::read_frame(ByteView frame, Timestamp time) {
  const std::optional<NetworkPacket> packet = strip_link_layer(link_type_, frame);
  if (!packet) {
    ++counts_.damaged_frames;
    return std::nullopt;
  }
  IpContent content = NotUdp{};
  if (packet->ether_type == kEtypeIpv4) content = parse_ipv4(packet->bytes);
  if (packet->ether_type == kEtypeIpv6) content = parse_ipv6(packet->bytes);

  if (const auto* udp = std::get_if<UdpDatagram>(&content)) return found(*udp, time);
  if (const auto* fragment = std::get_if<Fragment>(&content)) return add_fragment(*fragment, time);
  ++(std::holds_alternative<Damaged>(content) ? counts_.damaged_frames : counts_.other_frames);
  return std::nullopt;
}

std::optional<CapturedDatagram> PcapRecording::add_fragment(const Fragment& fragment, Timestamp time) {
  std::optional<Reassembled> whole = reassembly_.add(fragment, time);
  counts_.damaged_frames += reassembly_.lost_fragments() - std::exchange(lost_before_, reassembly_.lost_fragments());
  if (!whole) return std::nullopt;
  reassembled_ = std::move(whole->bytes);
  const IpContent content = parse_reassembled(fragment.key, reassembled_);
  if (const auto* udp = std::get_if<UdpDatagram>(&content)) {
    counts_.fragment_frames += whole->fragments - 1;
    return found(*udp, time);
  }
  (std::holds_alternative<Damaged>(content) ? counts_.damaged_frames : counts_.other_frames) += whole->fragments;
  return std::nullopt;
}

CapturedDatagram PcapRecording::found(const UdpDatagram& udp, Timestamp time) {
  ++counts_.datagrams;
  return {.frame = counts_.frames,
          .datagram = {udp.payload, udp.source, udp.source_port, time},
          .destination = udp.destination,
          .destination_port = udp.destination_port};
}

void PcapRecording::look_up_position() {
  const off_t position = ftello(pcap_file(pcap_.get()));
  if (position > 0) counts_.bytes_read = static_cast<uint64_t>(position);
}

void PcapRecording::finish() {
  look_up_position();
  reassembly_.give_up();
  counts_.damaged_frames += reassembly_.lost_fragments() - std::exchange(lost_before_, reassembly_.lost_fragments());
}

}  // namespace

// By the first byte: the version of an IPFIX message begins with 0, no capture does. A pipe can take back just one.
Result<CaptureReader> CaptureReader::open_file(std::string name, std::FILE* opened, uint64_t file_bytes,
                                               uint64_t session) {
  File file(opened);
  std::setvbuf(file.get(), nullptr, _IOFBF, kFileBufferBytes);
  const int first = std::fgetc(file.get());
  if (first != EOF) std::ungetc(first, file.get());
  auto recording = first == 0 ? open_ipfix_file(std::move(name), std::move(file), session)
                              : PcapRecording::open(std::move(name), std::move(file));
  return CaptureReader(TRY(std::move(recording)), file_bytes);
}

Result<CaptureReader> CaptureReader::open(const std::filesystem::path& path, uint64_t session) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return fail("cannot read {}: it is a folder; name the capture files in it", path.string());
  }
  File file(std::fopen(path.c_str(), "rb"));
  if (!file) return fail_errno("cannot read " + path.string());
  const uintmax_t size = std::filesystem::file_size(path, error);  // a pipe has none
  return open_file(path.string(), file.release(), error ? 0 : size, session);
}

Result<CaptureReader> CaptureReader::open_bytes(ByteView content) {
  if (content.empty()) return fail("cannot read the capture: it is empty");
  // fmemopen wants a mutable buffer, but only reads in mode "r".
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): see above
  File file(fmemopen(const_cast<uint8_t*>(content.data()), content.size(), "r"));
  if (!file) return fail_errno("cannot read a capture in memory");
  return open_file("the capture", file.release(), content.size(), 1);
}

CaptureReader::CaptureReader(std::unique_ptr<Recording> recording, uint64_t file_bytes)
    : recording_(std::move(recording)), file_bytes_(file_bytes) {}
CaptureReader::CaptureReader(CaptureReader&&) noexcept = default;
CaptureReader& CaptureReader::operator=(CaptureReader&&) noexcept = default;
CaptureReader::~CaptureReader() = default;
Result<std::optional<CapturedDatagram>> CaptureReader::next() { return recording_->next(); }
const CaptureCounts& CaptureReader::counts() const { return recording_->counts(); }
uint64_t CaptureReader::file_bytes() const { return file_bytes_; }

}  // namespace weir::net
