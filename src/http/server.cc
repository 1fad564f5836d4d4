#include "http/server.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/system/system_error.hpp>
#include <csignal>
#include <ctime>

#include "base/check.h"
#include "base/log.h"
#include "base/readable.h"
#include "http/number.h"
#include "http/server_impl.h"
#include "http/tls_session.h"

namespace weir::http {
namespace {

using boost::system::error_code;

// How long accepting pauses when no descriptor is left.
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr size_t kFewestConnections = 8;
// Between two log lines about the same thing that clients can cause.
constexpr std::chrono::minutes kLogInterval{1};
// How many connections with unread input eviction passes over.
constexpr size_t kMaxSpared = 32;

// Leaves room for the files that the rest of the program opens.
size_t connections_within(size_t wanted) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return wanted;
  const size_t kept = kSpareDescriptors + kFewestConnections;
  const size_t possible = files.rlim_cur > kept ? files.rlim_cur - kept : 0;
  return std::min(wanted, std::max(possible, kFewestConnections));
}

// OpenSSL writes without MSG_NOSIGNAL, which would raise SIGPIPE.
void block_sigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

// A copy of any descriptor: opening a file may be forbidden by the sandbox.
Fd open_reserve(const Fd& any) { return Fd(::fcntl(any.get(), F_DUPFD_CLOEXEC, 0)); }

}  // namespace

Server::Impl::Listener::~Listener() {
  // The socket is closed by its Fd.
  if (descriptor.is_open()) (void)descriptor.release();
  if (!socket.unlink.empty()) ::unlink(socket.unlink.c_str());
}

Server::Impl::Impl(Options o, Handler h) : options(std::move(o)), limits(options.limits), handler(std::move(h)) {}

Server::Impl::~Impl() {
  {
    const std::lock_guard lock(mailbox->mutex);
    mailbox->open = false;
  }
  // Operations of Asio lie in the memory of connections and listeners, so they have to end first.
  stopping = true;
  error_code ec;
  for (const auto& listener : listeners) listener->descriptor.cancel(ec);
  for (const auto& slot : slots) slot->close(CloseReason::shutdown);
  timer.cancel();
  if (mail.is_open()) (void)mail.release();  // the mailbox closes it
  do {
    io.restart();
  } while (io.poll() > 0);
}

Result<> Server::Impl::start() {
  for (const std::string& path : options.handlers) {
    if (counters.handler_of(path) == counters.no_handler()) counters.handlers.push_back(path);
  }
  CHECK(counters.handlers.size() <= kMaxHandlers);
  TRY(load_protection());
  limits.connections = connections_within(limits.connections);
  for (const std::string& address : options.listen) {
    auto sockets = TRY(listen_on(address));
    for (ListeningSocket& socket : sockets) listeners.push_back(std::make_unique<Listener>(io, std::move(socket)));
  }
  for (Fd& fd : options.adopted) {
    auto socket = TRY(http::adopt(std::move(fd)));
    listeners.push_back(std::make_unique<Listener>(io, std::move(socket)));
  }
  mailbox->wake = Fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!mailbox->wake) return fail_errno("cannot make an eventfd");
  mail.assign(mailbox->wake.get());
  reserve = open_reserve(mailbox->wake);
  const size_t most = limits.connections + kRefusalSlots + kAcceptBatch;
  slots.reserve(most);
  free_slots.reserve(most);
  kept_buffers.reserve(kKeptBuffers);
  wait_for_mail();
  for (const auto& listener : listeners) accept_from(*listener);
  return {};
}

// ---- accepting ----

void Server::Impl::accept_from(Listener& listener) {
  listener.descriptor.async_wait(Descriptor::wait_read, with_memory(listener.memory, [this, &listener](error_code ec) {
                                   if (ec || stopping) return;
                                   if (accept_batch(listener)) {
                                     accept_from(listener);
                                   } else {
                                     pause_accepting(listener);
                                   }
                                 }));
}

bool Server::Impl::accept_batch(Listener& listener) {
  for (size_t i = 0; i < kAcceptBatch; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    auto* const general = static_cast<sockaddr*>(static_cast<void*>(&address));
    Fd fd(::accept4(listener.socket.fd.get(), general, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      admit(std::move(fd), Peer(address));
      continue;
    }
    switch (errno) {
      case EAGAIN:
        return true;
      case EMFILE:
      case ENFILE:
        if (!readable(listener.socket.fd.get())) return true;
        if (!out_of_descriptors(listener)) return false;
        break;
      case ENOBUFS:
      case ENOMEM:
        ++counters.accept_errors;
        return false;
      default:
        break;  // this client is gone already (accept(2)): take the next one
    }
  }
  return true;
}

// Makes room by closing the least useful connection. If there is none to close, gives up the reserve descriptor to
// accept the client and close it at once, so that the client knows and the queue empties. False if neither works.
bool Server::Impl::out_of_descriptors(Listener& listener) {
  counters.add(Refusal::no_descriptor);
  if (const auto left_out = descriptor_log.allows(Clock::now(), kLogInterval); left_out && options.log) {
    log::warn("no file descriptor left for a connection on {} ({} more times before): raise LimitNOFILE= or ulimit -n",
              listener.socket.name, *left_out);
  }
  if (evict(nullptr)) return true;
  reserve = Fd();
  Fd unlucky(::accept4(listener.socket.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const bool accepted = static_cast<bool>(unlucky);
  unlucky = Fd();
  reserve = open_reserve(mailbox->wake);
  return accepted;
}

void Server::Impl::pause_accepting(Listener& listener) {
  auto pause = std::make_shared<Timer>(io, kAcceptPause);
  pause->async_wait([this, &listener, pause](error_code ec) {
    if (!ec && !stopping) accept_from(listener);
  });
}

void Server::Impl::admit(Fd fd, const Peer& peer) {
  if (protection) (void)refresh_protection();
  size_t of_peer = 0;
  size_t refused = 0;
  for (const auto& slot : slots) {
    if (!slot->active()) continue;
    if (slot->refused()) ++refused;
    if (!peer.is_unix() && slot->peer().key() == peer.key()) ++of_peer;
  }
  std::optional<Refusal> refusal;
  if (!peer.is_unix() && of_peer >= limits.connections_per_peer && !evict(&peer)) refusal = Refusal::peer_limit;
  if (!refusal && active - refused >= limits.connections && !evict(nullptr)) refusal = Refusal::connection_limit;
  if (refusal) counters.add(*refusal);
  if (refusal && refused >= kRefusalSlots) return;
  Connection* const slot = free_slot();
  if (slot == nullptr) return;
  std::unique_ptr<TlsSession> tls;
  if (protection && protection->tls()) {
    tls = protection->tls()->session(fd.get());
    // A client that waits for TLS is told nothing in the clear.
    if (!tls || refusal) return released(slot->number());
  }
  const bool opened =
      refusal ? slot->open_refused(std::move(fd), peer) : slot->open(std::move(fd), peer, std::move(tls));
  if (!opened) {
    ++counters.accept_errors;
    released(slot->number());
  }
}

Connection* Server::Impl::free_slot() {
  if (free_slots.empty()) {
    if (slots.size() == slots.capacity()) return nullptr;
    const auto number = static_cast<uint32_t>(slots.size());
    slots.push_back(std::make_unique<Connection>(*this, number));
    free_slots.push_back(number);
  }
  Connection* const slot = slots[free_slots.back()].get();
  free_slots.pop_back();
  return slot;
}

void Server::Impl::released(uint32_t slot) {
  free_slots.push_back(slot);
  finish_if_idle();
}

// Makes room for a new connection: closes the least useful one (Connection::Worth), the oldest of equals, of peer
// `only` if that is given. A connection that is being answered is never closed; if all are, returns false.
//
// A connection with unread input may just have sent a whole request. So the search goes on to the next candidate, at
// most kMaxSpared times, and takes the first one that has nothing unread. If all of them have, the first candidate
// goes.
bool Server::Impl::evict(const Peer* only) {
  const Clock::time_point now = Clock::now();
  const auto rank = [now](const Connection& slot) { return std::pair(slot.worth(now), slot.since()); };
  Connection* least = nullptr;
  Connection* last = nullptr;
  for (size_t spared = 0; spared <= kMaxSpared; ++spared) {
    Connection* next = nullptr;
    for (const auto& slot : slots) {
      if (!slot->active() || (only != nullptr && slot->peer().key() != only->key())) continue;
      if (slot->worth(now) == Connection::Worth::busy) continue;
      if (last != nullptr && rank(*slot) <= rank(*last)) continue;
      if (next == nullptr || rank(*slot) < rank(*next)) next = slot.get();
    }
    if (next == nullptr) break;
    if (least == nullptr) least = next;
    last = next;
    if (next->has_unread()) continue;
    least = next;
    break;
  }
  if (least == nullptr) return false;
  least->close_reset(least->worth(now) == Connection::Worth::stalled ? CloseReason::stalled : CloseReason::evicted);
  return true;
}

// ---- memory of connections ----

std::unique_ptr<LargeBuffer> Server::Impl::large_buffer(const Connection& asking) {
  if (large_buffers_in_use >= kLargeBuffers) {
    const Clock::time_point now = Clock::now();
    Connection* oldest = nullptr;
    for (const auto& slot : slots) {
      if (slot.get() == &asking || !slot->active() || !slot->has_large_buffer()) continue;
      if (slot->worth(now) != Connection::Worth::incomplete) continue;
      if (oldest == nullptr || slot->since() < oldest->since()) oldest = slot.get();
    }
    if (oldest == nullptr) return nullptr;
    oldest->close(CloseReason::evicted);
  }
  ++large_buffers_in_use;
  if (kept_buffers.empty()) return std::make_unique_for_overwrite<LargeBuffer>();
  auto buffer = std::move(kept_buffers.back());
  kept_buffers.pop_back();
  return buffer;
}

void Server::Impl::return_buffer(std::unique_ptr<LargeBuffer> buffer) {
  --large_buffers_in_use;
  if (kept_buffers.size() < kKeptBuffers) kept_buffers.push_back(std::move(buffer));
}

void Server::Impl::limit_unread(const Connection& newest) {
  for (;;) {
    // An answer that several connections share counts once.
    size_t bytes = 0;
    Connection* oldest = nullptr;
    for (size_t i = 0; i < slots.size(); ++i) {
      const auto unread = slots[i]->unread_answer();
      if (!unread) continue;
      const bool counted =
          std::any_of(slots.begin(), slots.begin() + static_cast<std::ptrdiff_t>(i), [&](const auto& earlier) {
            const auto other = earlier->unread_answer();
            return other && other->data() == unread->data();
          });
      if (!counted) bytes += unread->size();
      if (slots[i].get() != &newest && (oldest == nullptr || slots[i]->since() < oldest->since()))
        oldest = slots[i].get();
    }
    if (bytes <= limits.unread_answers_bytes || oldest == nullptr) return;
    oldest->close_reset(CloseReason::stalled);
  }
}

std::string_view Server::Impl::date_line() {
  const time_t now = ::time(nullptr);
  if (now != date_second) {
    date_second = now;
    tm utc{};
    ::gmtime_r(&now, &utc);
    // RFC 9110 section 5.6.7. strftime would take the names from the locale.
    constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
    constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const auto name = [](std::string_view names, int i) { return names.substr(static_cast<size_t>(i) * 3, 3); };
    const auto end = fmt::format_to_n(date.data(), date.size(), "Date: {}, {:02} {} {} {:02}:{:02}:{:02} GMT\r\n",
                                      name(kDays, utc.tm_wday), utc.tm_mday, name(kMonths, utc.tm_mon),
                                      utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    date_size = std::min(end.size, date.size());
  }
  return {date.data(), date_size};
}

void Server::Impl::log_handler_failure() {
  if (const auto left_out = handler_log.allows(Clock::now(), kLogInterval); left_out && options.log)
    log::error("a request handler has failed; answered 500 ({} more times before)", *left_out);
}

// ---- the web configuration ----

Result<> Server::Impl::load_protection() {
  if (options.web_config.empty()) return {};
  auto loaded = TRY(Protection::load(options.web_config));
  protection = std::move(loaded);
  if (protection->config().http2 && options.log) {
    log::info("{}: http2 is accepted, but there is no HTTP/2 here: HTTP/1.1 is served", options.web_config);
  }
  use_headers();
  return {};
}

void Server::Impl::use_headers() {
  std::string fields;
  for (const auto& [name, value] : protection->config().headers) fields += fmt::format("{}: {}\r\n", name, value);
  extra_fields = std::make_shared<const std::string>(fields + "\r\n");
}

Result<> Server::Impl::refresh_protection(bool at_once) {
  switch (protection->refresh(Clock::now(), at_once)) {
    case Protection::Change::none:
      if (at_once && !protection->problem().empty()) return fail("{}", protection->problem());
      return {};
    case Protection::Change::refused:
      ++counters.config_reload_failures;
      if (options.log) log::error("{}; the former configuration stays in effect", protection->problem());
      return fail("{}", protection->problem());
    case Protection::Change::applied:
      break;
  }
  ++counters.config_reloads;
  use_headers();
  // No connection goes on under the old rules.
  for (const auto& slot : slots) slot->wind_up();
  if (options.log) log::info("{} has changed and is in effect", options.web_config);
  return {};
}

Authenticator::Done Server::Impl::password_checked(uint32_t slot, uint64_t serial) {
  return [box = mailbox, server = this, slot, serial, authenticator = protection->authenticator().get()](bool allowed) {
    // The mailbox drops this if the server is gone.
    box->post([=]() mutable {
      if (server->protection->authenticator().get() == authenticator) {
        authenticator->finished(serial, allowed);
      } else {
        allowed = false;  // the users have changed meanwhile
      }
      server->slots[slot]->authenticated(serial, allowed);
    });
  };
}

// ---- time ----

void Server::Impl::arm_timer(Clock::time_point deadline) {
  if (deadline >= timer_due) return;  // on_timer() arms it again
  timer_due = deadline;
  timer.expires_at(deadline);
  timer.async_wait(with_memory(timer_memory, [this](error_code ec) {
    if (!ec) on_timer();
  }));
}

void Server::Impl::on_timer() {
  timer_due = Clock::time_point::max();
  const Clock::time_point now = Clock::now();
  if (stopping && now >= stop_by) {
    io.stop();
    return;
  }
  Clock::time_point next = stopping ? stop_by : Clock::time_point::max();
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i]->active() && slots[i]->deadline() <= now) slots[i]->expire();
    if (slots[i]->active()) next = std::min(next, slots[i]->deadline());
  }
  if (next != Clock::time_point::max()) arm_timer(next);
}

// ---- other threads ----

void Server::Impl::wait_for_mail() {
  mail.async_wait(Descriptor::wait_read, with_memory(mail_memory, [this](error_code ec) {
                    if (ec) return;
                    take_mail();
                    wait_for_mail();
                  }));
}

void Server::Impl::take_mail() {
  uint64_t count = 0;
  (void)!::read(mailbox->wake.get(), &count, sizeof(count));
  std::vector<detail::Delivery> deliveries;
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock(mailbox->mutex);
    deliveries.swap(mailbox->deliveries);
    work.swap(mailbox->work);
  }
  for (auto& delivery : deliveries) slots[delivery.slot]->deliver(delivery.serial, std::move(delivery.response));
  for (const auto& function : work) function();
  if (stop_asked && !stopping) begin_shutdown();
}

void Server::Impl::begin_shutdown() {
  stopping = true;
  stop_by = Clock::now() + limits.shutdown;
  for (const auto& listener : listeners) {
    error_code ec;
    listener->descriptor.cancel(ec);
  }
  for (const auto& slot : slots) slot->wind_up();
  arm_timer(stop_by);
  finish_if_idle();
}

void Server::Impl::finish_if_idle() {
  if (stopping && active == 0) io.stop();
}

void Server::Impl::run() {
  block_sigpipe();
  io.run();
  for (const auto& slot : slots) slot->close(CloseReason::shutdown);
}

// ---- Server ----

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::create(Options options, Handler handler) {
  try {
    auto impl = std::make_unique<Impl>(std::move(options), std::move(handler));
    TRY(impl->start());
    return std::unique_ptr<Server>(new Server(std::move(impl)));
  } catch (const std::exception& e) {
    return fail("cannot start the HTTP server: {}", e.what());
  }
}

Result<> Server::run() {
  try {
    impl_->run();
    return {};
  } catch (const std::exception& e) {
    return fail("the HTTP server has ended: {}", e.what());
  }
}

void Server::stop() noexcept {
  impl_->stop_asked = true;
  impl_->mailbox->signal();
}

void Server::post(std::function<void()> work) { impl_->mailbox->post(std::move(work)); }

std::vector<std::string> Server::addresses() const {
  std::vector<std::string> names;
  for (const auto& listener : impl_->listeners) names.push_back(listener->socket.name);
  return names;
}

std::vector<uint16_t> Server::ports() const {
  std::vector<uint16_t> ports;
  for (const auto& listener : impl_->listeners) {
    if (listener->socket.port != 0) ports.push_back(listener->socket.port);
  }
  return ports;
}

const ServerCounters& Server::counters() const { return impl_->counters; }

Result<> Server::reload_web_config() { return impl_->protection ? impl_->refresh_protection(true) : Result<>(); }

void Server::adopt_connection(Fd connection) { impl_->admit(std::move(connection), Peer()); }

void Server::poll() {
  impl_->io.restart();
  impl_->io.poll();
}

}  // namespace weir::http
