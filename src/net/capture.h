// UDP datagrams out of a pcap or pcapng file (libpcap reads both), through Ethernet, VLAN, Linux cooked, raw IP and
// loopback link layers, IPv4 and IPv6; fragmented datagrams are put together. Everything else in the capture is passed
// over and counted. A file of IPFIX messages (RFC 5655) is read, too: each message as a datagram whose time is that of
// its export; of damaged parts the bytes are counted.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/datagram.h"
#include "base/result.h"

namespace weir::net {

struct CapturedDatagram {
  uint64_t frame = 0;  // number of the frame in the file, from 1 (the last fragment's, if it came in fragments)
  Datagram datagram;   // good until the next call
  IpAddress destination;
  uint16_t destination_port = 0;
};

// At the end of the file: frames = datagrams + other_frames + damaged_frames + fragment_frames.
struct CaptureCounts {
  uint64_t frames = 0;
  uint64_t datagrams = 0;
  uint64_t other_frames = 0;     // not UDP over IP
  uint64_t damaged_frames = 0;   // cut short, lengths that contradict each other, or a fragment that never became whole
  uint64_t fragment_frames = 0;  // parts of a datagram that a later frame completed
  uint64_t damaged_bytes = 0;    // IPFIX files: bytes that are not of a whole message
  uint64_t bytes_read = 0;       // of the file, for a progress bar
};

class Recording;

class CaptureReader {
 public:
  // Fails if the file cannot be opened or is not a capture. session: what Datagram::connection is for messages of an
  // IPFIX file, as each file has templates of its own; not 0.
  static Result<CaptureReader> open(const std::filesystem::path& path, uint64_t session = 1);
  // The content of a capture file, which must outlive the reader.
  static Result<CaptureReader> open_bytes(ByteView content);
  CaptureReader(CaptureReader&&) noexcept;
  CaptureReader& operator=(CaptureReader&&) noexcept;
  ~CaptureReader();

  // The next UDP datagram or IPFIX message; nothing at the end. A file that ends in the middle of a frame, or an IPFIX
  // file with damage in it, is an error after what was whole.
  Result<std::optional<CapturedDatagram>> next();
  const CaptureCounts& counts() const;
  uint64_t file_bytes() const;

 private:
  static Result<CaptureReader> open_file(std::string name, std::FILE* file, uint64_t file_bytes, uint64_t session);
  CaptureReader(std::unique_ptr<Recording> recording, uint64_t file_bytes);
  std::unique_ptr<Recording> recording_;
  uint64_t file_bytes_;
};

}  // namespace weir::net
