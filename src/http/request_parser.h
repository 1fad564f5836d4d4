// Boost.Beast's parser, without storage of its own: its results are views of the caller's bytes. One object parses one
// request, after HeadGuard (http/head_guard.h) has checked it.
#pragma once

#include <array>
#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/bad_request.h"
#include "http/limits.h"

namespace weir::http {

enum class Method : uint8_t { get, head, options, other, unknown };

// The fields of one name, in order. More than kMaxRepeats do not count.
struct RepeatedField {
  std::array<std::string_view, kMaxRepeats> values;
  size_t count = 0;
  void add(std::string_view value) {
    if (count < values.size()) values[count++] = value;
  }
};

// Views of the head's bytes.
struct RequestHead {
  Method method = Method::unknown;
  std::string_view target;
  bool http11 = false;
  bool keep_alive = false;
  bool has_body = false;
  bool expects_continue = false;
  RepeatedField accept;
  RepeatedField accept_encoding;
  std::string_view authorization;
  std::string_view scrape_timeout;
};

class RequestParser : private boost::beast::http::basic_parser<true> {
  using Base = boost::beast::http::basic_parser<true>;

 public:
  RequestParser();
  ~RequestParser() override = default;

  // Parses a complete head. Returns nothing if it is good.
  std::optional<BadRequest> parse_head(std::string_view head);
  const RequestHead& head() const { return head_; }

  // After a head with a body: takes the bytes of the body off the start of `bytes`, and drops them.
  struct BodyStep {
    size_t consumed = 0;
    bool complete = false;
    std::optional<BadRequest> problem;
  };
  BodyStep parse_body(std::string_view bytes);

 private:
  using ErrorCode = boost::beast::error_code;
  using View = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb method, View name, View target, int version, ErrorCode& ec) override;
  void on_response_impl(int code, View reason, int version, ErrorCode& ec) override;
  void on_field_impl(boost::beast::http::field name, View text, View value, ErrorCode& ec) override;
  void on_header_impl(ErrorCode& ec) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode& ec) override;
  size_t on_body_impl(View bytes, ErrorCode& ec) override;
  void on_chunk_header_impl(std::uint64_t size, View extensions, ErrorCode& ec) override;
  size_t on_chunk_body_impl(std::uint64_t remain, View bytes, ErrorCode& ec) override;
  void on_finish_impl(ErrorCode& ec) override;

  void refuse(BadRequest reason, ErrorCode& ec);
  std::optional<BadRequest> problem_with_framing() const;

  RequestHead head_;
  std::optional<BadRequest> problem_;
  size_t hosts_ = 0;
  size_t content_lengths_ = 0;
  size_t transfer_encodings_ = 0;
  bool bad_host_ = false;
  bool bad_content_length_ = false;
  bool unknown_coding_ = false;
  bool bad_expectation_ = false;
  bool head_done_ = false;
  size_t body_bytes_ = 0;  // with the framing
};

}  // namespace weir::http
