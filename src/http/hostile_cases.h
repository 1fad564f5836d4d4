// Hostile requests, and the answer that each must get. The numbers are those of the table in docs/http.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/limits.h"

namespace weir::http::hostile {

inline constexpr std::string_view kGood = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
inline constexpr std::string_view kScrape = "up 1\n";

enum class How : uint8_t {
  whole,       // in one piece, nothing more
  bytes,       // byte by byte
  half_close,  // in one piece, then no more
};
enum class After : uint8_t {
  closed,  // the server ends the connection
  open,    // it stays open, and another scrape over it succeeds
};

struct Case {
  int row;
  std::string_view name;
  std::string input;
  std::vector<unsigned> statuses;  // in order; empty: closed without an answer
  After after = After::closed;
  std::vector<std::string> fields = {};  // "Name: value" of the last answer
  How how = How::whole;
};

inline std::string get(std::string_view target, std::string_view fields = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + "\r\n";
}
inline std::string with_method(std::string_view method) {
  return std::string(method) + " /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
}
inline std::string repeated(std::string_view text, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}
inline std::string fields(size_t count, size_t length) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += "X-" + std::to_string(i) + ": " + std::string(length, 'v') + "\r\n";
  return out;
}
inline const std::string kNul(1, '\0');
inline const std::string kChunked = "Transfer-Encoding: chunked\r\n";

// Rows 3 to 12. What comes instead of a request, halves of one, ends of lines.
inline std::vector<Case> beginnings_and_line_ends() {
  using enum After;
  return {
      {3, "2048 x a", std::string(2048, 'a'), {501}},
      {3, "2048 x a, byte by byte", std::string(2048, 'a'), {501}, closed, {}, How::bytes},
      {4, "2048 x a and an empty line", std::string(2048, 'a') + "\r\n\r\n", {501}},
      {5, "TLS ClientHello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), {400}},
      {5, "NUL", kNul, {400}},
      {5, "bytes above 127", "\xff\xfe\xfd", {400}},
      {6, "half-close after a whole request", std::string(kGood), {200}, closed, {}, How::half_close},
      {7, "half-close in a request line", "GET /metr", {400}, closed, {}, How::half_close},
      {7, "half-close in the fields", "GET /metrics HTTP/1.1\r\nHost: x\r\n", {400}, closed, {}, How::half_close},
      {7, "half-close in a body", get("/metrics", "Content-Length: 9\r\n") + "abc", {400}, closed, {}, How::half_close},
      {9, "CRLF before the request line", "\r\n" + std::string(kGood), {200}, open},
      {9, "four CRLF before it", repeated("\r\n", 4) + std::string(kGood), {200}, open},
      {9, "many CRLF before it", repeated("\r\n", 20) + std::string(kGood), {400}},
      {10, "LF alone in the request line", "GET /metrics HTTP/1.1\nHost: x\n\n", {400}},
      {10, "LF alone behind a field", "GET /metrics HTTP/1.1\r\nHost: x\n\n", {400}},
      {10, "LF alone at the end", "GET /metrics HTTP/1.1\r\nHost: x\r\n\n", {400}},
      {11, "CR alone in a field", "GET /metrics HTTP/1.1\r\nHost: x\rX: y\r\n\r\n", {400}},
      {11, "CR alone in the request line", "GET /metrics HTTP/1.1\rHost: x\r\n\r\n", {400}},
      {12, "SP before the first field", "GET /metrics HTTP/1.1\r\n Host: x\r\n\r\n", {400}},
  };
}

// Rows 13 to 17.
inline std::vector<Case> versions_and_hosts() {
  using enum After;
  return {
      {13, "HTTP/0.9", "GET /metrics\r\n", {400}},
      {14, "HTTP/1.0 without Host", "GET /metrics HTTP/1.0\r\n\r\n", {200}, closed, {"Connection: close"}},
      {14,
       "HTTP/1.0 with keep-alive",
       "GET /metrics HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
       {200},
       open,
       {"Connection: keep-alive"}},
      {15, "HTTP/1.2", "GET /metrics HTTP/1.2\r\nHost: x\r\n\r\n", {200}, open},
      {15, "HTTP/1.9", "GET /metrics HTTP/1.9\r\nHost: x\r\n\r\n", {200}, open},
      {15, "HTTP/2.0", "GET /metrics HTTP/2.0\r\nHost: x\r\n\r\n", {505}},
      {15, "HTTP/9.9", "GET /metrics HTTP/9.9\r\nHost: x\r\n\r\n", {505}},
      {15, "http/1.1", "GET /metrics http/1.1\r\nHost: x\r\n\r\n", {400}},
      {15, "HTTP/1.10", "GET /metrics HTTP/1.10\r\nHost: x\r\n\r\n", {400}},
      {15, "HTTP/11", "GET /metrics HTTP/11\r\nHost: x\r\n\r\n", {400}},
      {16, "preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {505}},
      {17, "no Host", "GET /metrics HTTP/1.1\r\n\r\n", {400}},
      {17, "two Hosts", "GET /metrics HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", {400}},
      {17, "two Hosts in HTTP/1.0", "GET /metrics HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n", {400}},
      {17, "a Host with a space", "GET /metrics HTTP/1.1\r\nHost: a b\r\n\r\n", {400}},
      {17, "a Host with a path", "GET /metrics HTTP/1.1\r\nHost: a/b\r\n\r\n", {400}},
      {17, "a Host with a user", "GET /metrics HTTP/1.1\r\nHost: u@a\r\n\r\n", {400}},
      {17, "a Host with a bad port", "GET /metrics HTTP/1.1\r\nHost: a:b\r\n\r\n", {400}},
      {17,
       "Hosts of every kind",
       get("/metrics") +
           "GET /metrics HTTP/1.1\r\nHost: [2001:db8::1]:9100\r\n\r\nGET /metrics HTTP/1.1\r\nHost:\r\n\r\n" +
           "GET /metrics HTTP/1.1\r\nHost: a_b-c.example:9100\r\n\r\n",
       {200, 200, 200, 200},
       open},
  };
}

// Rows 18 to 24. Forms of targets, and methods.
inline std::vector<Case> targets_and_methods() {
  using enum After;
  return {
      {18, "absolute form", "GET http://y:9100/metrics HTTP/1.1\r\nHost: x\r\n\r\n", {200}, open},
      {18, "absolute form, capitals", "GET HTTP://y/metrics HTTP/1.1\r\nHost: x\r\n\r\n", {200}, open},
      {18, "absolute form without a path", "GET http://y HTTP/1.1\r\nHost: x\r\n\r\n", {404}, open},
      {19, "ftp:", get("ftp://x/metrics"), {400}},
      {19, "file:", get("file:///metrics"), {400}},
      {20, "authority form", get("x:80"), {400}},
      {20, "CONNECT", "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", {405}},
      {20, "a target without a slash", get("metrics"), {400}},
      {21, "OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", {204}, open, {"Allow: GET, HEAD"}},
      {21, "OPTIONS /metrics", "OPTIONS /metrics HTTP/1.1\r\nHost: x\r\n\r\n", {204}, open, {"Allow: GET, HEAD"}},
      {21, "GET *", get("*"), {400}},
      {23, "POST", with_method("POST"), {405}, open, {"Allow: GET, HEAD"}},
      {23,
       "POST with a body",
       "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
       {405},
       closed,
       {"Allow: GET, HEAD"}},
      {23, "PUT", with_method("PUT"), {405}, open, {"Allow: GET, HEAD"}},
      {23, "DELETE", with_method("DELETE"), {405}, open, {"Allow: GET, HEAD"}},
      {23, "PATCH", with_method("PATCH"), {405}, open, {"Allow: GET, HEAD"}},
      {23, "TRACE", with_method("TRACE"), {405}, open, {"Allow: GET, HEAD"}},
      {24, "an unknown method", with_method("FOO"), {501}},
      {24, "a method in small letters", with_method("get"), {501}},
      {24, "not a token", with_method("G(T"), {400}},
  };
}

// Rows 25 to 28. Several requests at once, and what a client expects to follow.
inline std::vector<Case> several_requests_and_expectations() {
  using enum After;
  return {
      {25, "ten in a row", repeated(kGood, 10), std::vector<unsigned>(10, 200), open},
      {25, "ten in a row, byte by byte", repeated(kGood, 10), std::vector<unsigned>(10, 200), open, {}, How::bytes},
      {25,
       "more in a row than the limit",
       repeated(kGood, 60),
       std::vector<unsigned>(21, 200),
       closed,
       {"Connection: close"}},
      {26, "a good one, then garbage", std::string(kGood) + "\x01\x02\r\n\r\n", {200, 400}},
      {26, "a good one, then half of one", std::string(kGood) + "GET", {200, 400}, closed, {}, How::half_close},
      {27,
       "Upgrade: websocket",
       get("/metrics", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"),
       {200},
       open},
      {27,
       "Upgrade: h2c",
       get("/metrics", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"),
       {200},
       open},
      {28,
       "Expect without its body",
       get("/metrics", "Content-Length: 5\r\nExpect: 100-continue\r\n"),
       {200},
       closed,
       {"Connection: close"}},
      {28, "Expect without a body", get("/metrics", "Expect: 100-continue\r\n"), {200}, open},
      {28, "another Expect", get("/metrics", "Expect: tea\r\n"), {417}},
  };
}

// Rows 29 to 31.
inline std::vector<Case> lengths_of_bodies() {
  using enum After;
  return {
      {29,
       "Content-Length and Transfer-Encoding",
       get("/metrics", "Content-Length: 5\r\n" + kChunked) + "0\r\n\r\n" + get("/stopme"),
       {400}},
      {29,
       "Transfer-Encoding and Content-Length",
       get("/metrics", kChunked + "Content-Length: 5\r\n") + "0\r\n\r\n" + get("/stopme"),
       {400}},
      {30, "two lengths", get("/metrics", "Content-Length: 3\r\nContent-Length: 4\r\n") + "abcd", {400}},
      {30, "one length twice", get("/metrics", "Content-Length: 3\r\nContent-Length: 3\r\n") + "abc", {400}},
      {30, "3, 3", get("/metrics", "Content-Length: 3, 3\r\n") + "abc", {400}},
      {30, "+5", get("/metrics", "Content-Length: +5\r\n") + "abcde", {400}},
      {30, "-1", get("/metrics", "Content-Length: -1\r\n"), {400}},
      {30, "0x3", get("/metrics", "Content-Length: 0x3\r\n"), {400}},
      {30, "empty", get("/metrics", "Content-Length:\r\n"), {400}},
      {30, "2^64", get("/metrics", "Content-Length: 18446744073709551616\r\n"), {400}},
      {31, "10^12 bytes", get("/metrics", "Content-Length: 1000000000000\r\n"), {413}},
      {31, "a small body", get("/metrics", "Content-Length: 5\r\n") + "abcde", {200}, open},
      {31,
       "a small body, byte by byte",
       get("/metrics", "Content-Length: 5\r\n") + "abcde",
       {200},
       open,
       {},
       How::bytes},
      {31, "the largest body", get("/metrics", "Content-Length: 16384\r\n") + std::string(16384, 'b'), {200}, open},
      {31, "one byte more", get("/metrics", "Content-Length: 16385\r\n") + std::string(16385, 'b'), {413}},
  };
}

// Rows 32 to 36.
inline std::vector<Case> transfer_codings() {
  using enum After;
  return {
      {32, "TE: identity", get("/metrics", "Transfer-Encoding: identity\r\n"), {501}},
      {32, "TE: xchunked", get("/metrics", "Transfer-Encoding: xchunked\r\n"), {501}},
      {32, "TE: gzip, chunked", get("/metrics", "Transfer-Encoding: gzip, chunked\r\n"), {501}},
      {32, "TE: chunked, chunked", get("/metrics", "Transfer-Encoding: chunked, chunked\r\n"), {501}},
      {32, "TE twice", get("/metrics", kChunked + kChunked), {400}},
      {33, "SP before the colon", get("/metrics", "Transfer-Encoding : chunked\r\n"), {400}},
      {34, "TE in HTTP/1.0", "GET /metrics HTTP/1.0\r\n" + kChunked + "\r\n0\r\n\r\n", {400}},
      {35, "a chunked body", get("/metrics", kChunked) + "3\r\nabc\r\n0\r\n\r\n", {200}, open},
      {35,
       "a chunked body, byte by byte",
       get("/metrics", kChunked) + "3\r\nabc\r\n0\r\nX: y\r\n\r\n",
       {200},
       open,
       {},
       How::bytes},
      {35,
       "a chunked body with a request behind it",
       get("/metrics", kChunked) + "3\r\nabc\r\n0\r\n\r\n" + get("/stopme"),
       {200, 404},
       open},
      {35,
       "a large chunked body",
       get("/metrics", kChunked) + "5000\r\n" + std::string(0x5000, 'b') + "\r\n0\r\n\r\n",
       {413}},
      {35, "a body of small chunks without end", get("/metrics", kChunked) + repeated("1\r\nb\r\n", 8000), {413}},
      {36, "a chunk size that is none", get("/metrics", kChunked) + "xyz\r\n", {400}},
      {36, "a negative chunk size", get("/metrics", kChunked) + "-3\r\nabc\r\n", {400}},
      {36, "a chunk size of 2^64", get("/metrics", kChunked) + "10000000000000000\r\n", {400}},
      {36, "a chunk that is longer than it says", get("/metrics", kChunked) + "3\r\nabcd\r\n0\r\n\r\n", {400}},
      {36,
       "5 KB of chunk extensions",
       get("/metrics", kChunked) + "3;" + std::string(5000, 'e') + "\r\nabc\r\n0\r\n\r\n",
       {400}},
      {36, "chunk extensions without end", get("/metrics", kChunked) + "3;" + std::string(900, 'e'), {400}},
      {36, "trailers without end", get("/metrics", kChunked) + "0\r\n" + fields(40, 100), {400}},
  };
}

// Rows 37 to 41. In fields, targets and request lines.
inline std::vector<Case> odd_bytes() {
  using enum After;
  return {
      {37, "a folded field", get("/metrics", "X: a\r\n b\r\n"), {400}},
      {38, "NUL in a field", get("/metrics", "X: a" + kNul + "b\r\n"), {400}},
      {38,
       "BEL in a field",
       get("/metrics",
           "X: a\x07"
           "b\r\n"),
       {400}},
      {38,
       "DEL in a field",
       get("/metrics",
           "X: a\x7f"
           "b\r\n"),
       {400}},
      {38, "bytes above 127 in a field", get("/metrics", "X: \x80\xff\xc3\xa4\r\n"), {200}, open},
      {38, "TAB in a field", get("/metrics", "X: a\tb\r\n"), {200}, open},
      {39, "NUL in the target", get("/met" + kNul + "rics"), {400}},
      {39, "%00", get("/metrics%00"), {404}, open},
      {39, "%zz", get("/metrics%zz"), {400}},
      {39, "% at the end", get("/metrics%"), {400}},
      {39, "%zz in the query", get("/metrics?a=%zz"), {400}},
      {39, "bytes above 127 in the target", get("/m\xc3\xa4trics"), {400}},
      {39, "backslashes, quotes, braces", get("/\"{}|\\^`"), {404}, open},
      {40, "a field without a colon", get("/metrics", "Nothing\r\n"), {400}},
      {40, "a field without a name", get("/metrics", ": x\r\n"), {400}},
      {40, "SP in a name", get("/metrics", "A B: x\r\n"), {400}},
      {40, "a name above 127", get("/metrics", "\xc3\xa4: x\r\n"), {400}},
      {41, "two spaces", "GET  /metrics HTTP/1.1\r\nHost: x\r\n\r\n", {400}},
      {41, "two spaces before the version", "GET /metrics  HTTP/1.1\r\nHost: x\r\n\r\n", {400}},
      {41, "TAB", "GET\t/metrics HTTP/1.1\r\nHost: x\r\n\r\n", {400}},
      {41, "SP in the target", "GET /met rics HTTP/1.1\r\nHost: x\r\n\r\n", {400}},
      {41, "SP behind the version", "GET /metrics HTTP/1.1 \r\nHost: x\r\n\r\n", {400}},
  };
}

// Rows 42 to 45.
inline std::vector<Case> paths_and_sizes() {
  using enum After;
  return {
      {42, "//metrics", get("//metrics"), {404}, open},
      {42, "/a/../metrics", get("/a/../metrics"), {404}, open},
      {42, "/metrics/", get("/metrics/"), {404}, open},
      {42, "/metricsfoo", get("/metricsfoo"), {404}, open},
      {42, "/stopme", get("/stopme"), {404}, open},
      {43, "/%6detrics", get("/%6detrics"), {200}, open},
      {43, "/%6Detrics", get("/%6Detrics"), {200}, open},
      {44, "the longest target", get("/" + std::string(kMaxTarget - 1, 'a')), {404}, open},
      {44, "one byte more", get("/" + std::string(kMaxTarget, 'a')), {414}},
      {44, "a target without end", "GET /" + std::string(20000, 'a'), {414}},
      {45, "100 fields", get("/metrics", fields(99, 1)), {200}, open},
      {45, "101 fields", get("/metrics", fields(100, 1)), {431}},
      {45, "10,000 fields", get("/metrics", fields(10000, 1)), {431}},
      {45, "a field of nearly 16 KB", get("/metrics", fields(1, kMaxHeader - 30)), {200}, open},
      {45, "a field of 16 KB", get("/metrics", fields(1, kMaxHeader)), {431}},
      {45, "a field without end", "GET /metrics HTTP/1.1\r\nX: " + std::string(2000000, 'v'), {431}},
      {45,
       "the longest target and the largest header",
       get("/" + std::string(kMaxTarget - 1, 'a'), fields(1, kMaxHeader - 30)),
       {404},
       open},
  };
}

// Rows 51 to 53.
inline std::vector<Case> parameters_and_preferences() {
  using enum After;
  return {
      {51, "more parameters than the limit", get("/metrics?" + repeated("collect[]=cpu&", 300)), {400}},
      {51, "2000 parameters", get("/metrics?" + repeated("collect[]=cpu&", 2000)), {414}},
      {51, "CRLF in the query", get("/metrics?collect[]=%0d%0aSet-Cookie:%20x"), {200}, open},
      {52, "Range", get("/metrics", "Range: bytes=0-1\r\n"), {200}, open},
      {52,
       "conditional fields",
       get("/metrics", "If-None-Match: *\r\nIf-Modified-Since: Sun, 22 Nov 2026 09:00:12 GMT\r\nIf-Match: \"x\"\r\n"),
       {200},
       open},
      {53, "odd Accept", get("/metrics", "Accept: ;;;q=,,\"\\\r\nAccept-Encoding: ,;q=2\r\n"), {200}, open},
      {53,
       "Accept that excludes everything",
       get("/metrics", "Accept: */*;q=0\r\nAccept-Encoding: identity;q=0, *;q=0\r\n"),
       {200},
       open},
      {53, "10 KB of Accept", get("/metrics", "Accept: " + repeated("text/html;q=0.1,", 640) + "\r\n"), {200}, open},
  };
}

// Row 54.
inline std::vector<Case> other_protocols() {
  using enum After;
  return {
      {54, "HELP", "HELP\r\n\r\n", {400}},
      {54, "RTSP", "OPTIONS / RTSP/1.0\r\n\r\n", {400}},
      {54, "SIP", "OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/TCP nm;branch=foo\r\n\r\n", {400}},
      {54, "SMB", std::string("\x00\x00\x00\xa4\xff\x53\x4d\x42\x72", 9), {400}},
      {54, "RDP", std::string("\x03\x00\x00\x13\x0e\xe0", 6), {400}},
      {54, "SSH", "SSH-2.0-OpenSSH_9.2\r\n", {400}},
      {54, "a mail", "EHLO x\r\n", {400}},
  };
}

inline std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto& of_subject : {beginnings_and_line_ends(), versions_and_hosts(), targets_and_methods(),
                                 several_requests_and_expectations(), lengths_of_bodies(), transfer_codings(),
                                 odd_bytes(), paths_and_sizes(), parameters_and_preferences(), other_protocols()})
    all.insert(all.end(), of_subject.begin(), of_subject.end());
  return all;
}

}  // namespace weir::http::hostile
