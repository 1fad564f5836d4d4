// Writes an answer: head, fields of the web configuration and body, with one system call.
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "http/connection.h"
#include "http/number.h"
#include "http/server_impl.h"
#include "http/status.h"
#include "http/tls_session.h"

namespace weir::http {
namespace {

using boost::system::error_code;

}  // namespace

void Connection::answer(Response response) {
  if (response.close) keep_ = false;
  if (server_.stopping) keep_ = false;
  server_.counters.add_answer(handler_, response.status);
  write_head(response);
  extra_fields_ = server_.extra_fields;
  if (head_only_ || response.status == 204) response.body = {};
  response_ = std::move(response);
  sent_ = 0;
  waits_for_client_ = false;
  enter(Phase::writing);
  deadline_ = Clock::time_point::max();
}

void Connection::write_head(const Response& response) {
  size_t size = 0;
  const auto put = [&](std::string_view text) {
    CHECK(answer_head_.size() - size >= text.size());
    std::ranges::copy(text, answer_head_.begin() + static_cast<std::ptrdiff_t>(size));
    size += text.size();
  };
  const auto put_number = [&](uint64_t number) { put(Digits(number).text()); };
  put("HTTP/1.1 ");
  put_number(response.status);
  put(" ");
  put(reason_phrase(response.status));
  put("\r\n");
  put(server_.date_line());
  if (response.status != 204) {
    put("Content-Type: ");
    put(response.content_type);
    put("\r\nContent-Length: ");
    put_number(response.body.bytes().size());
    put("\r\n");
  }
  if (response.encoding != Encoding::identity) {
    put("Content-Encoding: ");
    put(encoding_name(response.encoding));
    put("\r\n");
  }
  if (response.negotiated) put("Vary: Accept, Accept-Encoding\r\n");
  if (!response.allow.empty()) {
    put("Allow: ");
    put(response.allow);
    put("\r\n");
  }
  if (response.status == 401) put("WWW-Authenticate: Basic realm=\"metrics\", charset=\"UTF-8\"\r\n");
  if (response.retry_after_s > 0) {
    put("Retry-After: ");
    put_number(response.retry_after_s);
    put("\r\n");
  }
  if (!keep_) {
    put("Connection: close\r\n");
  } else if (parser_ && !parser_->head().http11) {
    put("Connection: keep-alive\r\n");
  }
  answer_head_size_ = size;
}

// Sends what is left of an answer.
IoResult Connection::send(std::span<iovec> pieces) {
  if (tls_) {
    // One TLS record at a time; the next call goes on.
    const iovec& first = pieces.front();
    return tls_->write({static_cast<const char*>(first.iov_base), first.iov_len});
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  for (;;) {
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return {IoResult::Status::done, static_cast<size_t>(sent)};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoResult::Status::want_write, 0};
    if (errno != EINTR) return {IoResult::Status::failed, 0};
  }
}

bool Connection::step_writing() {
  const std::array<std::string_view, 3> parts = {std::string_view(answer_head_.data(), answer_head_size_),
                                                 *extra_fields_, response_.body.bytes()};
  for (;;) {
    std::array<iovec, 3> pieces{};
    size_t count = 0;
    size_t skip = sent_;
    for (const std::string_view part : parts) {
      const std::string_view rest = part.substr(std::min(skip, part.size()));
      skip -= part.size() - rest.size();
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): sendmsg only reads it
      if (!rest.empty()) pieces[count++] = {const_cast<char*>(rest.data()), rest.size()};
    }
    if (count == 0) return answer_sent();
    const IoResult io = send(std::span(pieces).first(count));
    if (io.status == IoResult::Status::done) {
      sent_ += io.bytes;
      server_.counters.sent_bytes += io.bytes;
      continue;
    }
    if (io.status != IoResult::Status::want_read && io.status != IoResult::Status::want_write) {
      close(CloseReason::failed);
      return false;
    }
    if (!waits_for_client_) {
      waits_for_client_ = true;
      const ServerLimits& limits = server_.limits;
      const size_t more = response_.body.bytes().size() >> 20 << 20;
      set_deadline(limits.write + std::chrono::milliseconds(more * 1000 / limits.write_bytes_per_second));
      server_.limit_unread(*this);
      if (phase_ != Phase::writing) return false;
    }
    io.status == IoResult::Status::want_read ? wait_read() : wait_write();
    return false;
  }
}

bool Connection::answer_sent() {
  response_ = {};
  waits_for_client_ = false;
  if (keep_) {
    next_request();
    return true;
  }
  const bool unread = close_reason_ != CloseReason::as_agreed || unread_body_ || used_ > head_end_;
  if (tls_) tls_->shut_down();
  if (!unread) {
    close(close_reason_);
    return false;
  }
  error_code ec;
  socket_.shutdown(Socket::shutdown_send, ec);
  used_ = 0;
  if (large_) server_.return_buffer(std::move(large_));
  enter(Phase::lingering);
  set_deadline(server_.limits.linger);
  return true;
}

void Connection::next_request() {
  const std::span<char> rest = buffer().subspan(head_end_, used_ - head_end_);
  std::memmove(buffer().data(), rest.data(), rest.size());
  used_ = rest.size();
  pipelined_ = used_ > 0 ? pipelined_ + 1 : 0;
  if (large_ && used_ <= small_.size()) {
    std::ranges::copy(bytes(), small_.begin());
    server_.return_buffer(std::move(large_));
  }
  guard_ = {};
  parser_.reset();
  head_end_ = 0;
  head_only_ = false;
  handler_ = server_.counters.no_handler();
  begun_ = false;
  enter(Phase::reading);
  set_deadline(server_.limits.idle);
}

}  // namespace weir::http
