// The inside of the server, shared with its connections.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log_limit.h"
#include "http/connection.h"
#include "http/listen.h"
#include "http/mailbox.h"
#include "http/protection.h"
#include "http/server.h"
#include "http/target.h"

namespace weir::http {

struct Server::Impl {
  using Clock = Connection::Clock;
  using Executor = boost::asio::io_context::executor_type;
  using Descriptor = boost::asio::posix::basic_stream_descriptor<Executor>;
  using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;

  struct Listener {
    Listener(boost::asio::io_context& io, ListeningSocket s) : socket(std::move(s)), descriptor(io, socket.fd.get()) {}
    ~Listener();
    ListeningSocket socket;
    Descriptor descriptor;
    HandlerMemory memory;
  };

  Impl(Options options, Handler handler);
  ~Impl();
  Result<> start();
  void run();

  void accept_from(Listener& listener);
  // False if accepting has to pause.
  bool accept_batch(Listener& listener);
  bool out_of_descriptors(Listener& listener);
  void pause_accepting(Listener& listener);
  void admit(Fd fd, const Peer& peer);
  Connection* free_slot();
  bool evict(const Peer* only);

  void wait_for_mail();
  void take_mail();
  void arm_timer(Clock::time_point deadline);
  void on_timer();
  void begin_shutdown();
  void finish_if_idle();

  // For connections.
  std::unique_ptr<LargeBuffer> large_buffer(const Connection& asking);
  void return_buffer(std::unique_ptr<LargeBuffer> buffer);
  void released(uint32_t slot);
  // Keeps the answers that clients do not read within limits. Called when a connection begins to wait for its client.
  void limit_unread(const Connection& newest);
  std::string_view date_line();
  void log_handler_failure();
  // Puts a changed web configuration into effect, also for open connections.
  Result<> refresh_protection(bool at_once = false);
  Result<> load_protection();
  void use_headers();
  // What the authenticator calls with its result: it goes on with the request of that serial.
  Authenticator::Done password_checked(uint32_t slot, uint64_t serial);

  Options options;
  ServerLimits limits;
  Handler handler;
  ServerCounters counters;
  boost::asio::io_context io{1};
  std::shared_ptr<detail::Mailbox> mailbox = std::make_shared<detail::Mailbox>();
  Descriptor mail{io};
  HandlerMemory mail_memory;
  Timer timer{io};
  HandlerMemory timer_memory;
  Clock::time_point timer_due = Clock::time_point::max();
  std::vector<std::unique_ptr<Listener>> listeners;
  std::vector<std::unique_ptr<Connection>> slots;
  std::vector<uint32_t> free_slots;
  size_t active = 0;
  uint64_t next_serial = 1;
  std::vector<std::unique_ptr<LargeBuffer>> kept_buffers;
  size_t large_buffers_in_use = 0;
  Fd reserve;  // closed to accept a connection when no other descriptor is left
  std::atomic<bool> stop_asked{false};
  bool stopping = false;
  Clock::time_point stop_by{};
  LogLimit descriptor_log;
  LogLimit handler_log;

  // Scratch space for the request that is being dispatched.
  DecodedTarget decoded;
  std::string joined_accept;
  std::string joined_encoding;
  // The header fields of the web configuration, and the empty line that ends a head.
  std::shared_ptr<const std::string> extra_fields = std::make_shared<const std::string>("\r\n");
  std::unique_ptr<Protection> protection;  // none without a web configuration
  std::array<char, 48> date{};
  size_t date_size = 0;
  time_t date_second = 0;
};

}  // namespace weir::http
