// gzip and zstd with small contexts, made on first use and used again: a scrape compresses some 100 KB, and the whole
// process should stay within 5 MB.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/negotiate.h"

namespace weir::http {

class Compressor {
 public:
  Compressor();
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  // Replaces `out` (its capacity is kept). False if the library fails (memory): then `out` is empty, and the text is to
  // be sent as it is. `encoding` is gzip or zstd.
  bool compress(Encoding encoding, std::string_view text, std::string& out);

 private:
  struct Gzip;
  struct Zstd;
  bool gzip(std::string_view text, std::string& out);
  bool zstd(std::string_view text, std::string& out);

  std::unique_ptr<Gzip> gzip_;
  std::unique_ptr<Zstd> zstd_;
};

}  // namespace weir::http
