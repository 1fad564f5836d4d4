// All forms of a page, read back with the libraries themselves.
#include "http/metrics_page.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "http/compress.h"
#include "telemetry/openmetrics.h"

namespace weir::http {
namespace {

std::string gunzip(std::string_view packed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string in(packed);
  std::string out(size_t{8} << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0U);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::string unzstd(std::string_view packed) {
  std::string out(size_t{8} << 20, '\0');
  const size_t size = ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size());
  EXPECT_FALSE(ZSTD_isError(size)) << ZSTD_getErrorName(size);
  out.resize(ZSTD_isError(size) ? 0 : size);
  return out;
}

std::string scrape_text(size_t lines) {
  std::string text = "# HELP a_total A.\n# TYPE a_total counter\n";
  for (size_t i = 0; i < lines; ++i) text += fmt::format("a_total{{cpu=\"{}\"}} {}\n", i, i * 7919);
  return text;
}

// Bytes that do not compress.
std::string noise(size_t size) {
  std::string text(size, '\0');
  uint32_t state = 1;
  for (char& c : text) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

TEST(Compress, RoundTripsOfManySizes) {
  Compressor compressor;
  std::string packed;
  for (const std::string& text :
       {std::string(), std::string("x"), scrape_text(3), scrape_text(2000), std::string(size_t{5} << 20, 'x'),
        noise(10), noise(100'000), noise(size_t{3} << 20), scrape_text(10)}) {
    ASSERT_TRUE(compressor.compress(Encoding::gzip, text, packed));
    EXPECT_TRUE(gunzip(packed) == text) << text.size();
    ASSERT_TRUE(compressor.compress(Encoding::zstd, text, packed));
    EXPECT_TRUE(unzstd(packed) == text) << text.size();
  }
  EXPECT_FALSE(compressor.compress(Encoding::identity, "x", packed));
}

TEST(Compress, ScrapesBecomeSmall) {
  Compressor compressor;
  std::string packed;
  const std::string text = scrape_text(3000);
  ASSERT_TRUE(compressor.compress(Encoding::gzip, text, packed));
  EXPECT_LT(packed.size(), text.size() / 3);
  ASSERT_TRUE(compressor.compress(Encoding::zstd, text, packed));
  EXPECT_LT(packed.size(), text.size() / 3);
}

// The Huffman code of gzip is made of the first text: one that others are not like must not stay.
TEST(Compress, TheCodeIsRenewed) {
  Compressor compressor;
  std::string packed;
  const std::string text = scrape_text(500);
  ASSERT_TRUE(compressor.compress(Encoding::gzip, noise(text.size()), packed));
  ASSERT_TRUE(compressor.compress(Encoding::gzip, text, packed));
  EXPECT_EQ(gunzip(packed), text);
  const size_t with_the_code_of_noise = packed.size();
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(compressor.compress(Encoding::gzip, text, packed));
  EXPECT_EQ(gunzip(packed), text);
  EXPECT_LT(packed.size(), with_the_code_of_noise);
  EXPECT_LT(packed.size(), text.size() / 3);
  // So does one that is much longer.
  const std::string longer = scrape_text(5000);
  ASSERT_TRUE(compressor.compress(Encoding::gzip, noise(text.size()), packed));
  ASSERT_TRUE(compressor.compress(Encoding::gzip, longer, packed));
  EXPECT_EQ(gunzip(packed), longer);
  EXPECT_LT(packed.size(), longer.size() / 3);
}

Request asking(std::string_view accept, std::string_view encoding) {
  Request request;
  request.accept = accept;
  request.accept_encoding = encoding;
  return request;
}

TEST(MetricsPage, EveryForm) {
  MetricsPage page;
  const auto text = std::make_shared<const std::string>(scrape_text(100));
  std::string openmetrics;
  telemetry::append_openmetrics(openmetrics, *text);
  for (const bool open : {false, true}) {
    const std::string& want = open ? openmetrics : *text;
    const std::string_view accept = open ? "application/openmetrics-text;version=1.0.0" : "text/plain";
    const Response plain = page.answer(asking(accept, ""), text, 1);
    EXPECT_EQ(plain.body.bytes(), want);
    EXPECT_EQ(plain.encoding, Encoding::identity);
    EXPECT_EQ(plain.content_type, open ? kOpenMetricsFormat : kTextFormat);
    EXPECT_TRUE(plain.negotiated);
    const Response gzip = page.answer(asking(accept, "gzip"), text, 1);
    EXPECT_EQ(gzip.encoding, Encoding::gzip);
    EXPECT_EQ(gunzip(gzip.body.bytes()), want);
    const Response zstd = page.answer(asking(accept, "zstd"), text, 1);
    EXPECT_EQ(zstd.encoding, Encoding::zstd);
    EXPECT_EQ(unzstd(zstd.body.bytes()), want);
  }
  EXPECT_TRUE(openmetrics.ends_with("# EOF\n"));
}

TEST(MetricsPage, FormsAreMadeOnceForEachNumber) {
  MetricsPage page;
  const auto first = std::make_shared<const std::string>(scrape_text(100));
  const auto second = std::make_shared<const std::string>(scrape_text(101));
  const Request request = asking("", "gzip");
  const Response one = page.answer(request, first, 1);
  const Response same = page.answer(request, first, 1);
  EXPECT_EQ(one.body.bytes().data(), same.body.bytes().data());
  const std::string before(one.body.bytes());
  // What a client still reads stays as it was.
  const Response other = page.answer(request, second, 2);
  EXPECT_EQ(one.body.bytes(), before);
  EXPECT_EQ(gunzip(other.body.bytes()), *second);
}

TEST(MetricsPage, StorageIsUsedAgain) {
  MetricsPage page;
  const auto text = std::make_shared<const std::string>(scrape_text(100));
  const char* data = nullptr;
  for (uint64_t number = 1; number < 5; ++number) {
    const Response response = page.answer(asking("", "gzip"), text, number);
    if (data != nullptr) {
      EXPECT_EQ(response.body.bytes().data(), data);
    }
    data = response.body.bytes().data();
  }
}

}  // namespace
}  // namespace weir::http
