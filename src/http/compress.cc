#include "http/compress.h"

#define ZSTD_STATIC_LINKING_ONLY  // the size of contexts
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <climits>
#include <span>

namespace weir::http {
namespace {

// Deflate takes 4 << window plus 512 << memory level octets: 8 KB of window and level 6 take 64 KB. The lines that a
// scrape repeats are near each other: a window of 32 KB makes it 4 % smaller.
constexpr int kGzipWindowBits = 13;
constexpr int kGzipMemoryLevel = 6;
constexpr int kGzipLevel = 1;
constexpr int kGzipWrapper = 16;  // deflateInit2: a gzip header and trailer

constexpr int kZstdLevel = 1;
constexpr int kZstdWindowLog = 14;
constexpr int kZstdHashLog = 12;
// The longest text that compresses at all; more is sent as it is.
constexpr size_t kMaxText = size_t{1} << 30;

}  // namespace

struct Compressor::Gzip {
  z_stream stream{};
  bool good = false;
  Gzip() {
    good = deflateInit2(&stream, kGzipLevel, Z_DEFLATED, kGzipWindowBits + kGzipWrapper, kGzipMemoryLevel,
                        Z_DEFAULT_STRATEGY) == Z_OK;
  }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip() {
    if (good) deflateEnd(&stream);
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
  if (!gzip_->good) return false;
  z_stream& stream = gzip_->stream;
  if (deflateReset(&stream) != Z_OK) return false;
  // Grown as needed rather than to the bound: that is longer than the text.
  out.resize(std::max(out.capacity(), text.size() / 8 + 256));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // NOLINT: zlib does not write there
  stream.avail_in = static_cast<uInt>(text.size());
  size_t written = 0;
  for (;;) {
    const std::span<char> room = std::span(out).subspan(written);
    stream.next_out = reinterpret_cast<Bytef*>(room.data());  // NOLINT: zlib's type of octets
    stream.avail_out = static_cast<uInt>(std::min<size_t>(room.size(), UINT_MAX));
    const uInt before = stream.avail_out;
    const int status = deflate(&stream, Z_FINISH);
    written += before - stream.avail_out;
    if (status == Z_STREAM_END) break;
    if (status != Z_OK && status != Z_BUF_ERROR) return false;
    out.resize(out.size() * 2);
  }
  out.resize(written);
  return true;
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
