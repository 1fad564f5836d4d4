// Writes IPFIX files: messages one after the other (RFC 5655 section 5). CaptureReader reads them.
#pragma once

#include <filesystem>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"

namespace weir::net {

class IpfixFileWriter {
 public:
  static Result<IpfixFileWriter> create(const std::filesystem::path& path);
  IpfixFileWriter(IpfixFileWriter&&) noexcept;
  IpfixFileWriter& operator=(IpfixFileWriter&&) noexcept;
  ~IpfixFileWriter();

  // A whole message.
  void write(ByteView message);
  // Fails if anything could not be written; without it, a full disk goes unseen.
  Result<> close();

 private:
  class Impl;
  explicit IpfixFileWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::net
