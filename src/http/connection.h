// One connection, and its requests one after the other. Runs on the server's thread.
//
//   handshake -> reading -> [body] -> [authenticating] -> answering -> writing -> reading ...
//                   \__________________ what is wrong ________________/     \-> lingering -> closed
//
// A request is read into a small buffer, or a large one if it needs that. HeadGuard checks the head while it arrives,
// Beast parses it when it is complete, and the body is thrown away. Nothing is read while a request is being answered,
// so TCP slows down a client that sends faster than we answer.
#pragma once

#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/counters.h"
#include "http/handler_memory.h"
#include "http/head_guard.h"
#include "http/io.h"
#include "http/limits.h"
#include "http/peer.h"
#include "http/request_parser.h"
#include "http/response.h"
#include "http/server.h"
#include "http/target.h"

struct iovec;

namespace weir::http {

class TlsSession;
struct LargeBuffer {
  std::array<char, kLargeBuffer> bytes;
};

class Connection {
 public:
  using Clock = std::chrono::steady_clock;
  using Socket =
      boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, boost::asio::io_context::executor_type>;

  Connection(Server::Impl& server, uint32_t slot);
  ~Connection();

  // Begins to serve a connected, non-blocking socket. Returns false, and closes it, if epoll does not take it.
  bool open(Fd fd, const Peer& peer, std::unique_ptr<TlsSession> tls);
  // Tells the client that there are too many connections.
  bool open_refused(Fd fd, const Peer& peer);
  void close(CloseReason reason);
  // Closes with RST, which frees what the client has not read yet.
  void close_reset(CloseReason reason);
  // Called by a responder.
  void deliver(uint64_t serial, Response response);
  // Called for the authenticator.
  void authenticated(uint64_t serial, bool allowed);
  // Called when its deadline has passed.
  void expire();
  // Takes no further request. Closes at once, unless a request is being answered.
  void wind_up();

  uint32_t number() const { return slot_; }
  bool active() const { return phase_ != Phase::closed; }
  Clock::time_point deadline() const { return deadline_; }
  const Peer& peer() const { return peer_; }
  // The order in which connections are closed to make room. Busy ones never are.
  enum class Worth : uint8_t { lingering, incomplete, idle, stalled, busy };
  Worth worth(Clock::time_point now) const;
  Clock::time_point since() const { return since_; }
  bool refused() const { return refused_; }
  // Whether its client has sent something that was not read yet.
  bool has_unread();
  bool has_large_buffer() const { return large_ != nullptr; }
  // The answer that it waits for its client to read, if any.
  std::optional<std::string_view> unread_answer() const;

 private:
  enum class Phase : uint8_t { closed, handshake, reading, body, authenticating, answering, writing, lingering };

  bool begin(Fd fd, const Peer& peer);
  // Takes steps until there is something to wait for.
  void advance();
  // One step of a phase. True if the phase may have changed, false if it waits or is closed.
  bool step_handshake();
  bool step_reading();
  bool step_body();
  bool step_writing();
  bool step_lingering();

  bool head_complete();
  void dispatch();
  void dispatch_allowed();
  void answer_denied();
  void answer_limited(unsigned retry_after_s);
  void call_handler();
  void refuse(BadRequest reason);
  void answer(Response response);
  void write_head(const Response& response);
  bool answer_sent();
  void next_request();

  // Waits for more bytes, or reads them (TLS). True if some came at once.
  bool receive();
  bool received(size_t bytes);
  bool ended();
  bool reserve_room(size_t wanted);
  void wait_read();
  void wait_write();
  void operation_done();
  IoResult send(std::span<iovec> pieces);

  std::string_view bytes() const { return {buffer().data(), used_}; }
  std::span<char> buffer();
  std::span<const char> buffer() const;
  void enter(Phase phase);
  void set_deadline(std::chrono::milliseconds from_now);
  bool keep_alive_idle() const { return phase_ == Phase::reading && used_ == 0 && requests_ > 0; }

  Server::Impl& server_;
  const uint32_t slot_;
  Phase phase_ = Phase::closed;
  Socket socket_;
  std::unique_ptr<TlsSession> tls_;
  Peer peer_;
  Clock::time_point deadline_{};
  Clock::time_point since_{};
  uint64_t serial_ = 0;
  size_t requests_ = 0;
  size_t pipelined_ = 0;
  unsigned operations_ = 0;  // under way in asio
  bool in_advance_ = false;
  bool begun_ = false;  // the first byte of the request has come, its deadline runs
  bool refused_ = false;

  HeadGuard guard_;
  std::optional<RequestParser> parser_;
  size_t used_ = 0;      // bytes in the buffer
  size_t head_end_ = 0;  // of the request's head in the buffer
  bool unread_body_ = false;

  Response response_;
  std::shared_ptr<const std::string> extra_fields_;  // and the empty line, behind the head
  size_t handler_ = 0;                               // of the request that is answered, for the counters
  bool head_only_ = false;
  bool keep_ = false;
  bool waits_for_client_ = false;  // to read its answer
  CloseReason close_reason_ = CloseReason::as_agreed;
  std::array<char, kAnswerHead> answer_head_;
  size_t answer_head_size_ = 0;
  size_t sent_ = 0;
  size_t lingered_ = 0;

  std::array<char, kSmallBuffer> small_;
  std::unique_ptr<LargeBuffer> large_;
  HandlerMemory read_memory_;
  HandlerMemory write_memory_;
};

// Answers the request at once if its handler runs on this thread. Otherwise false: the mailbox has to deliver it.
bool deliver_directly(const detail::Mailbox* mailbox, uint64_t serial, Response& response);

}  // namespace weir::http
