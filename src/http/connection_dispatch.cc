// From a complete request to its answer: refusals, authentication, the handler.
#include <algorithm>

#include "http/connection.h"
#include "http/number.h"
#include "http/server_impl.h"
#include "http/tls_session.h"

namespace weir::http {
namespace {

constexpr std::string_view kAllow = "GET, HEAD";

// Joins the values of a repeated field (RFC 9110 section 5.3).
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

void Connection::refuse(BadRequest reason) {
  server_.counters.add(reason);
  if (close_reason_ == CloseReason::as_agreed) close_reason_ = CloseReason::bad_request;
  keep_ = false;
  const BadRequestInfo& what = info(reason);
  answer(short_answer(what.status, what.text));
}

void Connection::dispatch() {
  const RequestHead& head = parser_->head();
  if (head.method == Method::unknown) return refuse(BadRequest::method_unknown);
  handler_ = server_.counters.handler_of(split_target(head.target).path);
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
  in_advance_ = true;  // an answer that is given at once must not be sent from within the handler
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

// The request whose handler runs on this thread. An answer to it needs no mailbox.
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
  handler_ = server_.counters.handler_of(server_.decoded.path());
  request.path = server_.decoded.path();
  request.query = server_.decoded.query();
  request.accept = joined(head.accept, server_.joined_accept);
  request.accept_encoding = joined(head.accept_encoding, server_.joined_encoding);
  request.scrape_timeout_s = parse_seconds(head.scrape_timeout);
  request.peer = peer_.text();
  enter(Phase::answering);
  deadline_ = Clock::time_point::max();
  serial_ = server_.next_serial++;
  running = {server_.mailbox.get(), this, serial_};
  try {
    server_.handler(request, Responder(server_.mailbox, slot_, serial_));
  } catch (...) {
    // Unwinding destroyed the responder, which answered 500.
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

}  // namespace weir::http
