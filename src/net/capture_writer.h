// UDP datagrams into a pcap file, each as one Ethernet frame with correct checksums, so that every other tool reads it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/datagram.h"
#include "base/result.h"

namespace weir::net {

class CaptureWriter {
 public:
  static Result<CaptureWriter> create(const std::filesystem::path& path);
  CaptureWriter(CaptureWriter&&) noexcept;
  CaptureWriter& operator=(CaptureWriter&&) noexcept;
  ~CaptureWriter();

  // exporter and destination must be of one family, the bytes at most 65507 (one IP packet, never in fragments).
  void write(const Datagram& datagram, const IpAddress& destination, uint16_t destination_port);

  // Fails if anything could not be written; without it, a full disk goes unseen.
  Result<> close();

 private:
  class Impl;
  explicit CaptureWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::net
