// One kind of file with datagrams or messages in it: behind CaptureReader, which chooses by the first byte.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "net/capture.h"

namespace weir::net {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

class Recording {
 public:
  Recording() = default;
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
  virtual ~Recording() = default;
  virtual Result<std::optional<CapturedDatagram>> next() = 0;

  const CaptureCounts& counts() const { return counts_; }

 protected:
  CaptureCounts counts_;
};

// A file of IPFIX messages (RFC 5655). Fails if its first bytes are none.
Result<std::unique_ptr<Recording>> open_ipfix_file(std::string name, File file, uint64_t session);

}  // namespace weir::net
