#include "http/connection.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "http/number.h"
#include "http/server_impl.h"
#include "http/status.h"
#include "http/tls_session.h"

namespace weir::http {
namespace {

using boost::system::error_code;

constexpr std::string_view kAllow = "GET, HEAD";
// Answers shorter than this are not worth compressing: a segment of TCP holds them anyway.
constexpr size_t kMinCompressed = 1024;
// Room for a body behind its head: a chunk's line and some octets.
constexpr size_t kBodyRoom = 2 * kMaxChunkLine;

Response short_answer(unsigned status, std::string_view text) {
  return {.status = status, .body = Body::literal(text)};
}

// The values of a field that may be repeated, as one (RFC 9110 section 5.3).
std::string_view joined(const RepeatedField& field, std::string& scratch) {
  if (field.count == 0) return {};
  if (field.count == 1) return field.values[0];
  scratch.clear();
  for (size_t i = 0; i < field.count; ++i) {
    if (i > 0) scratch.push_back(',');
    scratch.append(field.values[i]);
  }
  return scratch;
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
}

}  // namespace

Connection::Connection(Server::Impl& server, uint32_t slot) : server_(server), slot_(slot), socket_(server.io) {}

Connection::~Connection() = default;

std::span<char> Connection::buffer() { return large_ ? std::span<char>(large_->octets) : std::span<char>(small_); }
std::span<const char> Connection::buffer() const {
  return large_ ? std::span<const char>(large_->octets) : std::span<const char>(small_);
}

void Connection::enter(Phase phase) {
  phase_ = phase;
  since_ = Clock::now();
}

void Connection::set_deadline(std::chrono::milliseconds from_now) {
  deadline_ = Clock::now() + from_now;
  server_.arm_timer(deadline_);
}

// ---- beginning and ending ----

bool Connection::begin(Fd fd, const Peer& peer) {
  CHECK(phase_ == Phase::closed && operations_ == 0);
  peer_ = peer;
  requests_ = pipelined_ = used_ = lingered_ = 0;
  guard_ = {};
  keep_ = begun_ = refused_ = unread_body_ = head_only_ = waits_for_client_ = false;
  close_reason_ = Close::as_agreed;
  error_code ec;
  socket_.assign(boost::asio::generic::stream_protocol(peer.is_unix() ? AF_UNIX : AF_INET, 0), fd.get(), ec);
  if (ec) return false;
  (void)fd.release();  // the socket has it now
  ++server_.counters.accepted;
  ++server_.counters.open;
  ++server_.active;
  return true;
}

bool Connection::open(Fd fd, const Peer& peer, std::unique_ptr<TlsSession> tls) {
  if (!begin(std::move(fd), peer)) return false;
  tls_ = std::move(tls);
  enter(tls_ ? Phase::handshake : Phase::reading);
  set_deadline(tls_ ? server_.limits.handshake : server_.limits.header);
  advance();
  return true;
}

bool Connection::open_refused(Fd fd, const Peer& peer) {
  if (!begin(std::move(fd), peer)) return false;
  refused_ = true;
  close_reason_ = Close::refused;
  Response response = short_answer(503, "too many connections\n");
  response.retry_after_s = 1;
  answer(std::move(response));
  advance();
  return true;
}

void Connection::close(Close reason) {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  deadline_ = Clock::time_point::max();
  error_code ec;
  socket_.close(ec);
  tls_.reset();
  response_ = {};
  parser_.reset();
  if (large_) server_.return_buffer(std::move(large_));
  server_.counters.add(reason);
  --server_.counters.open;
  --server_.active;
  if (operations_ == 0 && !in_advance_) server_.released(slot_);
}

void Connection::close_reset(Close reason) {
  if (phase_ == Phase::closed) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(reason);
}

void Connection::operation_done() {
  --operations_;
  if (phase_ == Phase::closed && operations_ == 0 && !in_advance_) server_.released(slot_);
}

void Connection::wind_up() {
  keep_ = false;
  switch (phase_) {
    case Phase::closed:
    case Phase::answering:
    case Phase::authenticating:
    case Phase::writing:
      return;
    case Phase::handshake:
    case Phase::reading:
    case Phase::body:
    case Phase::lingering:
      close(Close::shutdown);
  }
}

void Connection::expire() {
  switch (phase_) {
    case Phase::handshake:
      return close(Close::handshake_timeout);
    case Phase::reading:
      if (keep_alive_idle()) return close(Close::idle_timeout);
      if (!begun_) return close(Close::header_timeout);
      close_reason_ = Close::header_timeout;
      refuse(BadRequest::header_timeout);
      return advance();
    case Phase::body:
      close_reason_ = Close::body_timeout;
      refuse(BadRequest::body_timeout);
      return advance();
    case Phase::writing:
      return close_reset(Close::write_timeout);
    case Phase::lingering:
      return close(close_reason_);
    case Phase::authenticating:
    case Phase::answering:
    case Phase::closed:
      deadline_ = Clock::time_point::max();
  }
}

Connection::Worth Connection::worth(Clock::time_point now) const {
  switch (phase_) {
    case Phase::lingering:
      return Worth::lingering;
    case Phase::handshake:
    case Phase::body:
      return Worth::incomplete;
    case Phase::reading:
      return keep_alive_idle() ? Worth::idle : Worth::incomplete;
    case Phase::writing:
      return waits_for_client_ && now - since_ >= server_.limits.stalled ? Worth::stalled : Worth::busy;
    default:
      return Worth::busy;
  }
}

std::optional<std::string_view> Connection::unread_answer() const {
  if (phase_ != Phase::writing || !waits_for_client_) return std::nullopt;
  return response_.body.bytes();
}

// ---- going on ----

void Connection::advance() {
  if (in_advance_) return;
  in_advance_ = true;
  for (bool more = true; more;) {
    switch (phase_) {
      case Phase::handshake:
        more = step_handshake();
        break;
      case Phase::reading:
        more = step_reading();
        break;
      case Phase::body:
        more = step_body();
        break;
      case Phase::writing:
        more = step_writing();
        break;
      case Phase::lingering:
        more = step_lingering();
        break;
      case Phase::authenticating:
      case Phase::answering:
      case Phase::closed:
        more = false;
    }
  }
  in_advance_ = false;
  if (phase_ == Phase::closed && operations_ == 0) server_.released(slot_);
}

bool Connection::step_handshake() {
  const Io io = tls_->handshake();
  switch (io.status) {
    case Io::Status::done:
      enter(Phase::reading);
      set_deadline(server_.limits.header);
      return true;
    case Io::Status::want_read:
      wait_read();
      return false;
    case Io::Status::want_write:
      wait_write();
      return false;
    case Io::Status::end:
    case Io::Status::failed:
      close(Close::handshake_failed);
  }
  return false;
}

bool Connection::step_reading() {
  switch (guard_.look(octets())) {
    case HeadGuard::Verdict::bad:
      refuse(guard_.problem());
      return true;
    case HeadGuard::Verdict::complete:
      return head_complete();
    case HeadGuard::Verdict::more:
      break;
  }
  if (!begun_ && used_ > 0) {
    begun_ = true;
    since_ = Clock::now();
    set_deadline(server_.limits.header);
  }
  return reserve_room(1) && receive();
}

bool Connection::head_complete() {
  if (const auto minor = guard_.newer_minor()) buffer()[*minor] = '1';
  head_end_ = guard_.end();
  const std::string_view head = octets().substr(guard_.begin(), head_end_ - guard_.begin());
  if (const auto problem = parser_.emplace().parse_head(head)) {
    refuse(*problem);
    return true;
  }
  const RequestHead& request = parser_->head();
  ++requests_;
  begun_ = false;
  keep_ = request.keep_alive && pipelined_ < server_.limits.pipelined && !server_.stopping;
  head_only_ = request.method == Method::head;
  if (!request.has_body) {
    dispatch();
    return true;
  }
  const bool answerable = request.method == Method::get || request.method == Method::head;
  if (!answerable || request.expects_continue) {
    // The answer is known without the body.
    unread_body_ = true;
    keep_ = false;
    dispatch();
    return true;
  }
  if (buffer().size() - head_end_ < kBodyRoom) {
    if (!reserve_room(kBodyRoom + used_ - head_end_)) return false;
    // The views of the head point into the former buffer.
    const auto again = parser_.emplace().parse_head(octets().substr(guard_.begin(), head_end_ - guard_.begin()));
    CHECK(!again);
  }
  enter(Phase::body);
  set_deadline(server_.limits.body);
  return true;
}

bool Connection::step_body() {
  const auto step = parser_->parse_body(octets().substr(head_end_));
  if (step.consumed > 0) {
    const std::span<char> rest = buffer().subspan(head_end_, used_ - head_end_);
    std::memmove(rest.data(), rest.subspan(step.consumed).data(), rest.size() - step.consumed);
    used_ -= step.consumed;
  }
  if (step.problem) {
    refuse(*step.problem);
    return true;
  }
  if (step.complete) {
    dispatch();
    return true;
  }
  return receive();
}

bool Connection::step_lingering() {
  lingered_ += used_;
  used_ = 0;
  if (lingered_ > kMaxLinger) {
    close(close_reason_);
    return false;
  }
  return receive();
}

// ---- reading ----

// Makes the buffer large if `wanted` octets more do not fit. False, and closed, if there is no large one to be had.
bool Connection::reserve_room(size_t wanted) {
  if (buffer().size() - used_ >= wanted) return true;
  CHECK(!large_);  // the guard lets no head grow beyond it
  auto larger = server_.large_buffer(*this);
  if (!larger) {
    close(Close::evicted);
    return false;
  }
  std::ranges::copy(octets(), larger->octets.begin());
  large_ = std::move(larger);
  return true;
}

bool Connection::receive() {
  const std::span<char> room = buffer().subspan(used_);
  if (tls_) {
    const Io io = tls_->read(room);
    switch (io.status) {
      case Io::Status::done:
        return received(io.octets);
      case Io::Status::want_read:
        wait_read();
        return false;
      case Io::Status::want_write:
        wait_write();
        return false;
      case Io::Status::end:
        return ended();
      case Io::Status::failed:
        close(Close::failed);
        return false;
    }
  }
  ++operations_;
  socket_.async_receive(boost::asio::buffer(room.data(), room.size()),
                        with_memory(read_memory_, [this](error_code ec, size_t octets) {
                          if (phase_ == Phase::closed || ec == boost::asio::error::operation_aborted)
                            return operation_done();
                          --operations_;
                          if (ec == boost::asio::error::eof) {
                            if (!ended()) return;
                          } else if (ec) {
                            return close(Close::failed);
                          } else {
                            received(octets);
                          }
                          advance();
                        }));
  return false;
}

bool Connection::received(size_t octets) {
  used_ += octets;
  server_.counters.received_bytes += octets;
  return true;
}

// The client sends no more.
bool Connection::ended() {
  if (phase_ == Phase::lingering) {
    close(close_reason_);
  } else if (phase_ == Phase::body || begun_) {
    close_reason_ = Close::within_request;
    refuse(BadRequest::incomplete);
    return true;
  } else {
    close(Close::by_client);
  }
  return false;
}

void Connection::wait_read() {
  ++operations_;
  socket_.async_wait(Socket::wait_read, with_memory(read_memory_, [this](error_code) {
                       operation_done();
                       if (phase_ != Phase::closed) advance();
                     }));
}

void Connection::wait_write() {
  ++operations_;
  socket_.async_wait(Socket::wait_write, with_memory(write_memory_, [this](error_code) {
                       operation_done();
                       if (phase_ != Phase::closed) advance();
                     }));
}

// ---- answering ----

void Connection::refuse(BadRequest reason) {
  server_.counters.add(reason);
  if (close_reason_ == Close::as_agreed) close_reason_ = Close::bad_request;
  keep_ = false;
  const BadRequestInfo& what = info(reason);
  answer(short_answer(what.status, what.text));
}

void Connection::dispatch() {
  const RequestHead& head = parser_->head();
  if (head.method == Method::unknown) return refuse(BadRequest::method_unknown);
  enter(Phase::authenticating);
  deadline_ = Clock::time_point::max();
  if (!server_.protection) return dispatch_allowed();
  server_.refresh_protection();
  const auto now = Clock::now();
  if (const auto retry = server_.protection->over_rate(now)) return answer_limited(*retry);
  Authenticator* const authenticator = server_.protection->authenticator().get();
  if (authenticator == nullptr) return dispatch_allowed();
  serial_ = server_.next_serial++;
  unsigned retry_after_s = 0;
  switch (authenticator->check(head.authorization, peer_, serial_, now, server_.password_checked(slot_, serial_),
                               retry_after_s)) {
    case Authenticator::Verdict::allowed:
      return dispatch_allowed();
    case Authenticator::Verdict::denied:
      return answer_denied();
    case Authenticator::Verdict::limited:
      return answer_limited(retry_after_s);
    case Authenticator::Verdict::pending:
      return;
  }
}

void Connection::answer_denied() {
  server_.counters.add(Refusal::authentication);
  answer(short_answer(401, "user and password, please\n"));
}

void Connection::answer_limited(unsigned retry_after_s) {
  server_.counters.add(Refusal::rate_limit);
  Response response = short_answer(429, "too many requests\n");
  response.retry_after_s = retry_after_s;
  answer(std::move(response));
}

void Connection::authenticated(uint64_t serial, bool allowed) {
  if (phase_ != Phase::authenticating || serial != serial_) return;  // gone meanwhile
  in_advance_ = true;  // an answer that is given at once is not to be sent from within the handler
  allowed ? dispatch_allowed() : answer_denied();
  in_advance_ = false;
  advance();
}

void Connection::dispatch_allowed() {
  const RequestHead& head = parser_->head();
  const Target target = split_target(head.target);
  if (head.method == Method::other) {
    Response response = short_answer(405, "only GET and HEAD\n");
    response.allow = kAllow;
    if (target.form == TargetForm::authority_or_bad) keep_ = false;  // CONNECT: what follows is not HTTP
    return answer(std::move(response));
  }
  if (target.form == TargetForm::authority_or_bad) return refuse(BadRequest::target);
  if (head.method == Method::options) {
    Response response{.status = 204};
    response.allow = kAllow;
    return answer(std::move(response));
  }
  if (target.form == TargetForm::asterisk) return refuse(BadRequest::target);
  switch (server_.decoded.decode(target)) {
    case DecodedTarget::Outcome::bad_encoding:
      return refuse(BadRequest::target);
    case DecodedTarget::Outcome::too_many_parameters:
      return refuse(BadRequest::parameters);
    case DecodedTarget::Outcome::good:
      break;
  }
  if (has_control_character(server_.decoded.path())) return answer(short_answer(404, "not found\n"));
  call_handler();
}

namespace {

// The request whose handler runs on this thread: an answer to it needs no post.
struct Running {
  const detail::Mailbox* mailbox = nullptr;
  Connection* connection = nullptr;
  uint64_t serial = 0;
};
thread_local Running running;

}  // namespace

void Connection::call_handler() {
  const RequestHead& head = parser_->head();
  Request request;
  request.head = head_only_;
  request.path = server_.decoded.path();
  request.query = server_.decoded.query();
  request.accept = joined(head.accept, server_.joined_accept);
  request.accept_encoding = joined(head.accept_encoding, server_.joined_encoding);
  request.scrape_timeout_s = parse_seconds(head.scrape_timeout);
  request.peer = peer_.text();
  accepted_encoding_ = negotiate_encoding(request.accept_encoding);
  enter(Phase::answering);
  deadline_ = Clock::time_point::max();
  serial_ = server_.next_serial++;
  running = {server_.mailbox.get(), this, serial_};
  try {
    server_.handler(request, Responder(server_.mailbox, slot_, serial_));
  } catch (...) {
    // The responder was destroyed on the way, which answered 500.
    server_.log_handler_failure();
  }
  running = {};
}

bool deliver_directly(const detail::Mailbox* mailbox, uint64_t serial, Response& response) {
  if (running.mailbox != mailbox || running.serial != serial || running.connection == nullptr) return false;
  running.connection->deliver(serial, std::move(response));
  return true;
}

void Connection::deliver(uint64_t serial, Response response) {
  if (phase_ != Phase::answering || serial != serial_) return;  // gone meanwhile
  answer(std::move(response));
  advance();
}

void Connection::answer(Response response) {
  if (response.compressible) compress(response);
  if (response.close) keep_ = false;
  if (server_.stopping) keep_ = false;
  server_.counters.add_answer(response.status);
  write_head(response);
  extra_fields_ = server_.extra_fields;
  if (head_only_ || response.status == 204) response.body = {};
  response_ = std::move(response);
  sent_ = 0;
  waits_for_client_ = false;
  enter(Phase::writing);
  deadline_ = Clock::time_point::max();
}

void Connection::compress(Response& response) {
  response.negotiated = true;
  if (response.encoding != Encoding::identity || accepted_encoding_ == Encoding::identity) return;
  if (response.body.bytes().size() < kMinCompressed) return;
  std::string packed;
  if (!server_.compressor.compress(accepted_encoding_, response.body.bytes(), packed)) return;
  response.encoding = accepted_encoding_;
  response.body = Body(std::move(packed));
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

// The pieces of an answer from `skip` on.
Io Connection::send(std::span<iovec> pieces) {
  if (tls_) {
    // One record after the other; the next call goes on.
    const iovec& first = pieces.front();
    return tls_->write({static_cast<const char*>(first.iov_base), first.iov_len});
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  for (;;) {
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return {Io::Status::done, static_cast<size_t>(sent)};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Io::Status::want_write, 0};
    if (errno != EINTR) return {Io::Status::failed, 0};
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
      if (!rest.empty()) pieces[count++] = {const_cast<char*>(rest.data()), rest.size()};  // NOLINT: sendmsg reads only
    }
    if (count == 0) return answer_sent();
    const Io io = send(std::span(pieces).first(count));
    if (io.status == Io::Status::done) {
      sent_ += io.octets;
      server_.counters.sent_bytes += io.octets;
      continue;
    }
    if (io.status != Io::Status::want_read && io.status != Io::Status::want_write) {
      close(Close::failed);
      return false;
    }
    if (!waits_for_client_) {
      waits_for_client_ = true;
      const Limits& limits = server_.limits;
      const size_t more = response_.body.bytes().size() >> 20 << 20;
      set_deadline(limits.write + std::chrono::milliseconds(more * 1000 / limits.write_bytes_per_second));
      server_.limit_unread(*this);
      if (phase_ != Phase::writing) return false;
    }
    io.status == Io::Status::want_read ? wait_read() : wait_write();
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
  const bool unread = close_reason_ != Close::as_agreed || unread_body_ || used_ > head_end_;
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
    std::ranges::copy(octets(), small_.begin());
    server_.return_buffer(std::move(large_));
  }
  guard_ = {};
  parser_.reset();
  head_end_ = 0;
  head_only_ = false;
  begun_ = false;
  enter(Phase::reading);
  set_deadline(server_.limits.idle);
}

}  // namespace weir::http
