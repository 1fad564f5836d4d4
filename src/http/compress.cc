#include "http/compress.h"

#define ZSTD_STATIC_LINKING_ONLY  // the size of contexts
#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include <algorithm>

namespace weir::http {
namespace {

// Compression is the largest part of our own code's time in a scrape of weir-host. ISA-L's level 0, with a Huffman code
// made of such a page, takes half the time of libdeflate's level 1 and a quarter of zlib's, for 4 % more bytes. (With
// its built-in code it is 17 % more.) One page differs little from the next, so the code is kept for many of them.
constexpr uint32_t kTextsOfOneCode = 256;
// What gzip may add: for stored blocks, and for a text that has grown since its code was made.
constexpr size_t kGzipOverhead = 1024;

constexpr int kZstdLevel = 1;
constexpr int kZstdWindowLog = 14;
constexpr int kZstdHashLog = 12;
// A longer text is sent as it is.
constexpr size_t kMaxText = size_t{1} << 30;

// The library takes uint8_t*, and does not change what it reads.
uint8_t* bytes(const char* text) {
  return static_cast<uint8_t*>(static_cast<void*>(
      const_cast<char*>(text)));  // NOLINT(cppcoreguidelines-pro-type-const-cast): ISA-L only reads it
}

}  // namespace

struct Compressor::Gzip {
  isal_zstream stream;
  isal_huff_histogram histogram;
  isal_hufftables code;
  uint32_t texts = 0;  // compressed with this code
  size_t longest = 0;  // text that may be compressed with this code

  // Every byte and every length gets a code, also those that this text does not have.
  bool make_code(std::string_view text) {
    histogram = {};
    isal_update_histogram(bytes(text.data()), static_cast<int>(text.size()), &histogram);
    longest = 2 * text.size() + kGzipOverhead;
    texts = 0;
    return isal_create_hufftables(&code, &histogram) == 0;
  }

  // Returns the number of bytes written into `out`, which does not grow; 0 if it is too small.
  size_t compress(std::string_view text, std::string& out) {
    isal_deflate_stateless_init(&stream);
    stream.gzip_flag = IGZIP_GZIP;
    stream.end_of_stream = 1;
    stream.hufftables = &code;
    stream.next_in = bytes(text.data());
    stream.avail_in = static_cast<uint32_t>(text.size());
    stream.next_out = bytes(out.data());
    stream.avail_out = static_cast<uint32_t>(std::min(out.size(), 2 * kMaxText));
    return isal_deflate_stateless(&stream) == COMP_OK && stream.avail_in == 0 ? stream.total_out : 0;
  }
};

struct Compressor::Zstd {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  Zstd() {
    if (context == nullptr) return;
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kZstdLevel);
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, kZstdWindowLog);
    ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, kZstdHashLog);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1);
  }
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;
  ~Zstd() { ZSTD_freeCCtx(context); }
};

Compressor::Compressor() = default;
Compressor::~Compressor() = default;

bool Compressor::compress(Encoding encoding, std::string_view text, std::string& out) {
  out.clear();
  if (encoding == Encoding::identity || text.size() > kMaxText) return false;
  const bool good = encoding == Encoding::gzip ? gzip(text, out) : zstd(text, out);
  if (!good) out.clear();
  return good;
}

bool Compressor::gzip(std::string_view text, std::string& out) {
  if (!gzip_) gzip_ = std::make_unique<Gzip>();
  if (gzip_->texts == 0 || gzip_->texts == kTextsOfOneCode || text.size() > gzip_->longest) {
    if (!gzip_->make_code(text)) return false;
  }
  ++gzip_->texts;
  // Nearly always enough.
  out.resize(std::max(out.capacity(), text.size() / 4 + 256));
  size_t written = gzip_->compress(text, out);
  if (written == 0) {
    out.resize(text.size() + text.size() / 64 + kGzipOverhead);
    written = gzip_->compress(text, out);
  }
  out.resize(written);
  return written != 0;
}

bool Compressor::zstd(std::string_view text, std::string& out) {
  if (!zstd_) zstd_ = std::make_unique<Zstd>();
  if (zstd_->context == nullptr) return false;
  out.resize(std::max(out.capacity(), text.size() / 8 + 256));
  ZSTD_CCtx_reset(zstd_->context, ZSTD_reset_session_only);
  if (ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(zstd_->context, text.size()))) return false;
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  for (;;) {
    const size_t left = ZSTD_compressStream2(zstd_->context, &to, &in, ZSTD_e_end);
    if (ZSTD_isError(left)) return false;
    if (left == 0) break;
    out.resize(out.size() * 2);
    to.dst = out.data();
    to.size = out.size();
  }
  out.resize(to.pos);
  return true;
}

}  // namespace weir::http
