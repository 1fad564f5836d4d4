// gzip and zstd, with small contexts that are made on first use and kept: a scrape has about 100 KB, and the whole
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

  // Replaces `out`, whose capacity is kept. `encoding` is gzip or zstd. Returns false, and empties `out`, if the
  // library fails for want of memory: send the text as it is.
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
