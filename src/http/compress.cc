#include "http/compress.h"

#define ZSTD_STATIC_LINKING_ONLY  // the size of contexts
#include <libdeflate.h>
#include <zstd.h>

#include <algorithm>

namespace weir::http {
namespace {

// Half the time of zlib's level 1, which was a third of all that a scrape of weir-host cost, and 6 % smaller.
constexpr int kGzipLevel = 1;

constexpr int kZstdLevel = 1;
constexpr int kZstdWindowLog = 14;
constexpr int kZstdHashLog = 12;
// The longest text that compresses at all; more is sent as it is.
constexpr size_t kMaxText = size_t{1} << 30;

}  // namespace

struct Compressor::Gzip {
  libdeflate_compressor* context = libdeflate_alloc_compressor(kGzipLevel);
  Gzip() = default;
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip() {
    if (context != nullptr) libdeflate_free_compressor(context);
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
  if (gzip_->context == nullptr) return false;
  // Nearly always enough; the bound is longer than the text.
  out.resize(std::max(out.capacity(), text.size() / 4 + 256));
  size_t written = libdeflate_gzip_compress(gzip_->context, text.data(), text.size(), out.data(), out.size());
  if (written == 0) {
    out.resize(libdeflate_gzip_compress_bound(gzip_->context, text.size()));
    written = libdeflate_gzip_compress(gzip_->context, text.data(), text.size(), out.data(), out.size());
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
