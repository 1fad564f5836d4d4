#include "http/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cstring>

#include "base/check.h"
#include "http/server_impl.h"
#include "http/tls_session.h"

namespace weir::http {
namespace {

using boost::system::error_code;

// Room for a body behind its head: the line of a chunk and some bytes.
constexpr size_t kBodyRoom = 2 * kMaxChunkLine;

}  // namespace

Connection::Connection(Server::Impl& server, uint32_t slot) : server_(server), slot_(slot), socket_(server.io) {}

Connection::~Connection() = default;

std::span<char> Connection::buffer() { return large_ ? std::span<char>(large_->bytes) : std::span<char>(small_); }
std::span<const char> Connection::buffer() const {
  return large_ ? std::span<const char>(large_->bytes) : std::span<const char>(small_);
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
  handler_ = server_.counters.no_handler();
  keep_ = begun_ = refused_ = unread_body_ = head_only_ = waits_for_client_ = false;
  close_reason_ = CloseReason::as_agreed;
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
  close_reason_ = CloseReason::refused;
  Response response = short_answer(503, "too many connections\n");
  response.retry_after_s = 1;
  answer(std::move(response));
  advance();
  return true;
}

void Connection::close(CloseReason reason) {
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

void Connection::close_reset(CloseReason reason) {
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
      close(CloseReason::shutdown);
  }
}

void Connection::expire() {
  switch (phase_) {
    case Phase::handshake:
      return close(CloseReason::handshake_timeout);
    case Phase::reading:
      if (keep_alive_idle()) return close(CloseReason::idle_timeout);
      if (!begun_) return close(CloseReason::header_timeout);
      close_reason_ = CloseReason::header_timeout;
      refuse(BadRequest::header_timeout);
      return advance();
    case Phase::body:
      close_reason_ = CloseReason::body_timeout;
      refuse(BadRequest::body_timeout);
      return advance();
    case Phase::writing:
      return close_reset(CloseReason::write_timeout);
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

bool Connection::has_unread() {
  char byte = 0;
  return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

std::optional<std::string_view> Connection::unread_answer() const {
  if (phase_ != Phase::writing || !waits_for_client_) return std::nullopt;
  return response_.body.bytes();
}

// ---- steps ----

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
  const IoResult io = tls_->handshake();
  switch (io.status) {
    case IoResult::Status::done:
      enter(Phase::reading);
      set_deadline(server_.limits.header);
      return true;
    case IoResult::Status::want_read:
      wait_read();
      return false;
    case IoResult::Status::want_write:
      wait_write();
      return false;
    case IoResult::Status::end:
    case IoResult::Status::failed:
      close(CloseReason::handshake_failed);
  }
  return false;
}

bool Connection::step_reading() {
  switch (guard_.look(bytes())) {
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
  const std::string_view head = bytes().substr(guard_.begin(), head_end_ - guard_.begin());
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
    // The answer does not depend on the body.
    unread_body_ = true;
    keep_ = false;
    dispatch();
    return true;
  }
  if (buffer().size() - head_end_ < kBodyRoom) {
    if (!reserve_room(kBodyRoom + used_ - head_end_)) return false;
    // Parsed again, as the views of the head point into the former buffer.
    const auto again = parser_.emplace().parse_head(bytes().substr(guard_.begin(), head_end_ - guard_.begin()));
    CHECK(!again);
  }
  enter(Phase::body);
  set_deadline(server_.limits.body);
  return true;
}

bool Connection::step_body() {
  const auto step = parser_->parse_body(bytes().substr(head_end_));
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

// Changes to a large buffer if `wanted` more bytes do not fit. False, and closed, if no large one is free.
bool Connection::reserve_room(size_t wanted) {
  if (buffer().size() - used_ >= wanted) return true;
  CHECK(!large_);  // HeadGuard refuses larger heads
  auto larger = server_.large_buffer(*this);
  if (!larger) {
    close(CloseReason::evicted);
    return false;
  }
  std::ranges::copy(bytes(), larger->bytes.begin());
  large_ = std::move(larger);
  return true;
}

bool Connection::receive() {
  const std::span<char> room = buffer().subspan(used_);
  if (tls_) {
    const IoResult io = tls_->read(room);
    switch (io.status) {
      case IoResult::Status::done:
        return received(io.bytes);
      case IoResult::Status::want_read:
        wait_read();
        return false;
      case IoResult::Status::want_write:
        wait_write();
        return false;
      case IoResult::Status::end:
        return ended();
      case IoResult::Status::failed:
        close(CloseReason::failed);
        return false;
    }
  }
  ++operations_;
  socket_.async_receive(boost::asio::buffer(room.data(), room.size()),
                        with_memory(read_memory_, [this](error_code ec, size_t bytes) {
                          if (phase_ == Phase::closed || ec == boost::asio::error::operation_aborted)
                            return operation_done();
                          --operations_;
                          if (ec == boost::asio::error::eof) {
                            if (!ended()) return;
                          } else if (ec) {
                            return close(CloseReason::failed);
                          } else {
                            received(bytes);
                          }
                          advance();
                        }));
  return false;
}

bool Connection::received(size_t bytes) {
  used_ += bytes;
  server_.counters.received_bytes += bytes;
  return true;
}

// The client has ended its side.
bool Connection::ended() {
  if (phase_ == Phase::lingering) {
    close(close_reason_);
  } else if (phase_ == Phase::body || begun_) {
    close_reason_ = CloseReason::within_request;
    refuse(BadRequest::incomplete);
    return true;
  } else {
    close(CloseReason::by_client);
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

}  // namespace weir::http
