#include "pipeline/redis_connection.h"

#include <hiredis/hiredis.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <future>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/fd.h"
#include "net/socket_address.h"

namespace weir::pipeline {

// One value of an answer, and for a list those in it.
struct RedisConnection::Reply::Value {
  int type = REDIS_REPLY_NIL;
  std::string text;
  std::vector<std::shared_ptr<const Value>> list;
};

namespace {

constexpr size_t kReadBytes = size_t{64} << 10;
constexpr std::string_view kClosed = "the server closed the connection";

std::string lower_first(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

// What hiredis makes values with as it reads: it counts them, and makes none beyond the limit, whatever a list claims
// to hold. A value is owned by its list from the beginning, the outermost one by the maker, then by who reads.
template <class Value>
struct ValueMaker {
  size_t made = 0;  // of the answer that is being read

  static void* make(const redisReadTask* task, std::string_view text) {
    ValueMaker& self = *static_cast<ValueMaker*>(task->privdata);
    if (self.made >= RedisConnection::kMostReplyValues) return nullptr;
    ++self.made;
    auto value = std::make_shared<Value>();
    value->type = task->type;
    value->text = text;
    Value* const raw = value.get();
    if (task->parent == nullptr) {
      self.outermost = std::move(value);
    } else {
      static_cast<Value*>(task->parent->obj)->list.push_back(std::move(value));
    }
    return raw;
  }
  static void* make_text(const redisReadTask* task, char* text, size_t length) { return make(task, {text, length}); }
  static void* make_list(const redisReadTask* task, int) { return make(task, {}); }
  static void* make_number(const redisReadTask* task, long long) { return make(task, {}); }
  static void* make_nil(const redisReadTask* task) { return make(task, {}); }
  static void forget(void*) {}

  std::shared_ptr<Value> outermost;
  redisReplyObjectFunctions functions{make_text, make_list, make_number, make_nil, forget};
};

using Addresses = Result<std::vector<net::SocketAddress>>;

// The resolver cannot be told to stop: where a name server does not answer, its thread is left behind, and ends some
// seconds later.
Addresses resolve(const std::string& host, uint16_t port, Patience::Clock::time_point deadline,
                  const Patience& patience) {
  if (IpAddress::parse(host)) return net::SocketAddress::resolve(host, port);
  struct Question {
    Fd answered{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::promise<Addresses> answer;  // there before `answered` says so
  };
  const auto question = std::make_shared<Question>();
  if (!question->answered) return fail_errno("cannot ask the resolver");
  std::future<Addresses> answer = question->answer.get_future();
  try {
    std::thread([question, host, port] {
      question->answer.set_value(net::SocketAddress::resolve(host, port));
      eventfd_write(question->answered.get(), 1);
    }).detach();
  } catch (const std::system_error& e) {
    return fail("cannot ask the resolver: {}", std::string_view(e.what()));
  }
  if (patience.wait(question->answered.get(), POLLIN, deadline) == 0)
    return fail("no answer from the resolver in time");
  return answer.get();
}

struct FreeReader {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};

}  // namespace

struct RedisConnection::Impl {
  using Clock = Patience::Clock;

  Impl(const RedisUrl& url, std::chrono::milliseconds wait, const Patience& with)
      : where(url.to_string()), timeout(wait), patience(with) {
    reader.reset(redisReaderCreateWithFunctions(&values.functions));
    CHECK(reader != nullptr);
    reader->privdata = &values;
  }

  Result<> connect(const RedisUrl& url);
  Result<> secure(const RedisTls& with);
  Result<> log_in(const RedisUrl& url, RedisConnection& connection);
  // What is asked of the socket: to send what is unsent, and to receive.
  short events() const { return static_cast<short>(receive_event | (unsent.empty() ? 0 : send_event)); }
  // What can be done of both; bytes that came. 0: none yet.
  Result<size_t> exchange(short ready);
  Result<net::Io> send_some();
  Result<net::Io> receive_some();
  std::unexpected<Error> broken(std::string_view why) const { return fail("{}: {}", where, why); }
  std::unexpected<Error> broken_by_errno() const { return fail_errno(where); }
  std::unexpected<Error> late() const {
    return broken(patience.ended() ? "no answer before the end" : "no answer in time");
  }

  const std::string where;
  const std::chrono::milliseconds timeout;
  const Patience& patience;
  Fd socket;
  std::optional<net::TlsChannel> tls;
  // What each waits for: TLS may have to send before it can receive, and the other way round.
  short send_event = POLLOUT;
  short receive_event = POLLIN;
  bool more = false;  // may be there to be received, whatever the socket says: TLS reads ahead
  std::string unsent;
  size_t sent = 0;  // of `unsent`
  ValueMaker<Reply::Value> values;
  std::unique_ptr<redisReader, FreeReader> reader;
  std::array<char, kReadBytes> buffer;
};

// The first address of the name that takes a connection.
Result<> RedisConnection::Impl::connect(const RedisUrl& url) {
  const auto cannot = [&](std::string_view why) { return fail("cannot connect to {}: {}", where, why); };
  const Clock::time_point deadline = Clock::now() + timeout;
  const auto addresses = resolve(url.host, url.port, deadline, patience);
  if (!addresses) return cannot(addresses.error().message);
  std::string last;
  for (const net::SocketAddress& address : *addresses) {
    socket = Fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    int error = 0;
    if (!socket) {
      error = errno;
    } else if (::connect(socket.get(), address.get(), address.size()) != 0) {
      error = errno;
      if (error == EINPROGRESS) {
        if (patience.wait(socket.get(), POLLOUT, deadline) == 0) return cannot("no answer in time");
        socklen_t size = sizeof error;
        getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
      }
    }
    if (error == 0) {
      const int on = 1;
      setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return {};
    }
    last = lower_first(std::string(std::strerror(error)));
  }
  return cannot(last);
}

// The handshake has as long as a connection.
Result<> RedisConnection::Impl::secure(const RedisTls& with) {
  net::block_sigpipe();
  const Clock::time_point deadline = Clock::now() + timeout;
  tls.emplace(net::TlsChannel::client(with.context, socket.get(), with.server_name));
  while (true) {
    const net::Io io = tls->handshake();
    if (io.status == net::IoStatus::done) return {};
    if (io.status == net::IoStatus::end) return fail("cannot connect to {}: {}", where, kClosed);
    if (io.status == net::IoStatus::failed) return fail("cannot connect to {}: TLS: {}", where, tls->error());
    const short event = io.status == net::IoStatus::want_write ? POLLOUT : POLLIN;
    if (patience.wait(socket.get(), event, deadline) == 0)
      return fail("cannot connect to {}: no TLS handshake in time", where);
  }
}

Result<> RedisConnection::Impl::log_in(const RedisUrl& url, RedisConnection& connection) {
  if (!url.password.empty()) {
    const Reply reply = TRY(url.user.empty() ? connection.run({"AUTH", url.password})
                                             : connection.run({"AUTH", url.user, url.password}));
    if (reply.error()) return fail("{} refuses the login: {}", where, *reply.error());
  }
  const Reply reply = TRY(connection.run({"SELECT", std::to_string(url.database)}));
  if (reply.error()) return fail("{} refuses the database: {}", where, *reply.error());
  return {};
}

Result<net::Io> RedisConnection::Impl::send_some() {
  const std::string_view rest = std::string_view(unsent).substr(sent);
  if (tls) return tls->write({reinterpret_cast<const uint8_t*>(rest.data()), rest.size()});
  const ssize_t taken = ::send(socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
  if (taken >= 0) return net::Io{net::IoStatus::done, static_cast<size_t>(taken)};
  if (errno == EAGAIN || errno == EINTR) return net::Io{net::IoStatus::want_write, 0};
  return broken_by_errno();
}

Result<net::Io> RedisConnection::Impl::receive_some() {
  if (tls) return tls->read({reinterpret_cast<uint8_t*>(buffer.data()), buffer.size()});
  const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
  if (got > 0) return net::Io{net::IoStatus::done, static_cast<size_t>(got)};
  if (got == 0) return net::Io{net::IoStatus::end, 0};
  if (errno == EAGAIN || errno == EINTR) return net::Io{net::IoStatus::want_read, 0};
  return broken_by_errno();
}

Result<size_t> RedisConnection::Impl::exchange(short ready) {
  const auto wanted = [](const net::Io& io, short usual) {
    return io.status == net::IoStatus::want_read    ? short{POLLIN}
           : io.status == net::IoStatus::want_write ? short{POLLOUT}
                                                    : usual;
  };
  const short broken_off = static_cast<short>(ready & ~(POLLIN | POLLOUT));
  if (!unsent.empty() && (ready & send_event) != 0) {
    const net::Io io = TRY(send_some());
    if (io.status == net::IoStatus::end) return broken(kClosed);
    if (io.status == net::IoStatus::failed) return broken(tls->error());
    send_event = wanted(io, POLLOUT);
    sent += io.bytes;
    if (sent == unsent.size()) {
      unsent = {};
      sent = 0;
    }
  }
  if (!more && (ready & receive_event) == 0 && broken_off == 0) return 0;
  const net::Io io = TRY(receive_some());
  if (io.status == net::IoStatus::end) return broken(kClosed);
  if (io.status == net::IoStatus::failed) return broken(tls->error());
  receive_event = wanted(io, POLLIN);
  more = tls && io.status == net::IoStatus::done;
  if (io.bytes > 0 && redisReaderFeed(reader.get(), buffer.data(), io.bytes) != REDIS_OK)
    return broken(lower_first(reader->errstr));
  return io.bytes;
}

RedisConnection::RedisConnection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RedisConnection::RedisConnection(RedisConnection&&) noexcept = default;
RedisConnection& RedisConnection::operator=(RedisConnection&&) noexcept = default;
RedisConnection::~RedisConnection() = default;

Result<RedisConnection> RedisConnection::open(const RedisUrl& url, std::chrono::milliseconds timeout,
                                              const Patience& patience, const std::optional<RedisTls>& tls) {
  CHECK(url.tls == tls.has_value());
  RedisConnection connection(std::make_unique<Impl>(url, timeout, patience));
  TRY(connection.impl_->connect(url));
  if (tls) TRY(connection.impl_->secure(*tls));
  TRY(connection.impl_->log_in(url, connection));
  return connection;
}

void RedisConnection::add(std::initializer_list<Argument> command) {
  std::vector<const char*> arguments;
  std::vector<size_t> lengths;
  for (const Argument& argument : command) {
    arguments.push_back(argument.data());
    lengths.push_back(argument.size());
  }
  char* text = nullptr;
  const int length =
      redisFormatCommandArgv(&text, static_cast<int>(arguments.size()), arguments.data(), lengths.data());
  CHECK(length >= 0);  // out of memory
  impl_->unsent.append(text, static_cast<size_t>(length));
  redisFreeCommand(text);
}

// One deadline for the whole answer: a server that sends a byte now and then does not put it off.
Result<RedisConnection::Reply> RedisConnection::read() {
  Impl& impl = *impl_;
  const Patience::Clock::time_point deadline = Patience::Clock::now() + impl.timeout;
  impl.values.made = 0;
  for (size_t bytes = 0; bytes <= kMostReplyBytes;) {
    void* reply = nullptr;
    if (redisReaderGetReply(impl.reader.get(), &reply) != REDIS_OK) {
      impl.values.outermost.reset();
      if (impl.values.made >= kMostReplyValues)
        return fail("{}: an answer of more than {} values", impl.where, kMostReplyValues);
      return impl.broken(lower_first(impl.reader->errstr));
    }
    if (reply != nullptr) return Reply(std::exchange(impl.values.outermost, nullptr));
    const short ready = impl.more ? short{0} : impl.patience.wait(impl.socket.get(), impl.events(), deadline);
    if ((ready == 0 && !impl.more) || Patience::Clock::now() >= deadline) return impl.late();
    bytes += TRY(impl.exchange(ready));
  }
  return fail("{}: an answer of more than {} bytes", impl.where, kMostReplyBytes);
}

Result<RedisConnection::Reply> RedisConnection::run(std::initializer_list<Argument> command) {
  add(command);
  return read();
}

std::optional<std::string> RedisConnection::Reply::error() const {
  if (value_->type != REDIS_REPLY_ERROR) return std::nullopt;
  return value_->text;
}

std::string_view RedisConnection::Reply::text() const {
  const bool text = value_->type == REDIS_REPLY_STRING || value_->type == REDIS_REPLY_STATUS;
  return text ? std::string_view(value_->text) : std::string_view();
}

ByteView RedisConnection::Reply::bytes() const {
  const std::string_view content = text();
  return {reinterpret_cast<const uint8_t*>(content.data()), content.size()};
}

size_t RedisConnection::Reply::size() const { return value_->type == REDIS_REPLY_ARRAY ? value_->list.size() : 0; }

RedisConnection::Reply RedisConnection::Reply::at(size_t index) const {
  CHECK(index < size());
  return Reply(value_->list[index]);
}

}  // namespace weir::pipeline
