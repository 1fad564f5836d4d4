#include "http/request_parser.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>

#include "http/target.h"

namespace weir::http {
namespace {

namespace beast_http = boost::beast::http;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
  return a.size() == lower.size() && std::equal(a.begin(), a.end(), lower.begin(), [](char x, char y) {
           return x == y || (x >= 'A' && x <= 'Z' && (x | 0x20) == y);
         });
}

Method method_of(beast_http::verb verb) {
  switch (verb) {
    case beast_http::verb::get:
      return Method::get;
    case beast_http::verb::head:
      return Method::head;
    case beast_http::verb::options:
      return Method::options;
    case beast_http::verb::post:
    case beast_http::verb::put:
    case beast_http::verb::delete_:
    case beast_http::verb::patch:
    case beast_http::verb::trace:
    case beast_http::verb::connect:
      return Method::other;
    default:
      return Method::unknown;
  }
}

// 1*DIGIT, of a plausible size. A list of equal numbers, which Beast would take, is refused: a proxy in front of us may
// read it differently.
bool is_length(std::string_view value) {
  return !value.empty() && value.size() <= 18 &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

RequestParser::RequestParser() {
  header_limit(static_cast<std::uint32_t>(kLargeBuffer));
  body_limit(kMaxBody);
}

void RequestParser::refuse(BadRequest reason, ErrorCode& ec) {
  problem_ = reason;
  ec = beast_http::error::bad_value;
}

std::optional<BadRequest> RequestParser::parse_head(std::string_view bytes) {
  ErrorCode ec;
  put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
  // Our own finding is more exact than that Beast could not go on.
  if (const auto problem = problem_with_framing()) return problem;
  if (ec == beast_http::error::body_limit) return BadRequest::body_length;
  if (ec == beast_http::error::bad_content_length || ec == beast_http::error::multiple_content_length)
    return BadRequest::content_length;
  if (ec == beast_http::error::bad_transfer_encoding) return BadRequest::transfer_encoding;
  if (ec == beast_http::error::bad_version) return BadRequest::version;
  if (ec == beast_http::error::bad_target) return BadRequest::target;
  if (ec == beast_http::error::bad_method) return BadRequest::request_line;
  if (ec || !head_done_) return BadRequest::field;
  head_.keep_alive = keep_alive();
  head_.has_body = !is_done();
  return std::nullopt;
}

std::optional<BadRequest> RequestParser::problem_with_framing() const {
  if (problem_) return problem_;
  if (transfer_encodings_ > 0) {
    if (content_lengths_ > 0 || transfer_encodings_ > 1 || !head_.http11) return BadRequest::transfer_encoding;
    if (unknown_coding_) return BadRequest::transfer_coding;
  }
  if (content_lengths_ > 1 || bad_content_length_) return BadRequest::content_length;
  // Only of heads that were read to the end.
  if (!head_done_) return std::nullopt;
  if (hosts_ > 1 || bad_host_ || (hosts_ == 0 && head_.http11)) return BadRequest::host;
  if (bad_expectation_) return BadRequest::expectation;
  return std::nullopt;
}

void RequestParser::on_request_impl(beast_http::verb method, View, View target, int version, ErrorCode&) {
  head_.method = method_of(method);
  head_.target = view(target);
  head_.http11 = version >= 11;
}

void RequestParser::on_field_impl(beast_http::field name, View text, View field_value, ErrorCode&) {
  if (head_done_) return;  // trailers are ignored
  const std::string_view value = view(field_value);
  switch (name) {
    case beast_http::field::host:
      ++hosts_;
      bad_host_ = bad_host_ || !valid_host(value);
      break;
    case beast_http::field::content_length:
      ++content_lengths_;
      bad_content_length_ = bad_content_length_ || !is_length(value);
      break;
    case beast_http::field::transfer_encoding:
      ++transfer_encodings_;
      unknown_coding_ = unknown_coding_ || !equal_ignoring_case(value, "chunked");
      break;
    case beast_http::field::expect:
      head_.expects_continue = true;
      bad_expectation_ = bad_expectation_ || !equal_ignoring_case(value, "100-continue");
      break;
    case beast_http::field::accept:
      head_.accept.add(value);
      break;
    case beast_http::field::accept_encoding:
      head_.accept_encoding.add(value);
      break;
    case beast_http::field::authorization:
      if (head_.authorization.empty()) head_.authorization = value;
      break;
    case beast_http::field::unknown:
      if (equal_ignoring_case(view(text), "x-prometheus-scrape-timeout-seconds")) head_.scrape_timeout = value;
      break;
    default:
      break;
  }
}

void RequestParser::on_header_impl(ErrorCode&) { head_done_ = true; }

RequestParser::BodyStep RequestParser::parse_body(std::string_view bytes) {
  BodyStep step;
  // One element at a time (the line of a chunk, its bytes): what follows the body belongs to the next request.
  while (!is_done()) {
    const std::string_view rest = bytes.substr(step.consumed);
    if (rest.empty()) return step;
    ErrorCode ec;
    const size_t taken = put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
    step.consumed += taken;
    body_bytes_ += taken;
    // Framing counts, too, so that a body in chunks of one byte is limited as well.
    if (ec == beast_http::error::body_limit || body_bytes_ > 2 * kMaxBody) {
      step.problem = BadRequest::body_length;
    } else if (ec == beast_http::error::need_more) {
      if (rest.size() - taken > kMaxChunkLine) step.problem = BadRequest::chunk;
      return step;
    } else if (ec) {
      step.problem = problem_.value_or(BadRequest::chunk);
    }
    if (step.problem) return step;
  }
  step.complete = true;
  return step;
}

void RequestParser::on_chunk_header_impl(std::uint64_t, View extensions, ErrorCode& ec) {
  if (extensions.size() > kMaxChunkLine) refuse(BadRequest::chunk, ec);
}

size_t RequestParser::on_body_impl(View bytes, ErrorCode&) { return bytes.size(); }
size_t RequestParser::on_chunk_body_impl(std::uint64_t, View bytes, ErrorCode&) { return bytes.size(); }
void RequestParser::on_response_impl(int, View, int, ErrorCode&) {}
void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) {}
void RequestParser::on_finish_impl(ErrorCode&) {}

}  // namespace weir::http
