#include "pipeline/redis_connection.h"

#include <hiredis/hiredis.h>

#include <cerrno>

#include "base/check.h"

namespace weir::pipeline {
namespace {

// An answer is at most a list of some events, each with one session (kMostValue in redis_sharing.cc).
constexpr size_t kMostReplyBytes = size_t{32} << 20;

timeval to_timeval(std::chrono::milliseconds timeout) {
  return {.tv_sec = timeout.count() / 1000, .tv_usec = timeout.count() % 1000 * 1000};
}

struct CloseContext {
  void operator()(redisContext* context) const { redisFree(context); }
};

const redisReply& as_reply(const void* reply) { return *static_cast<const redisReply*>(reply); }

std::string lower_first(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

}  // namespace

struct RedisConnection::Impl {
  std::unique_ptr<redisContext, CloseContext> context;
  std::string where;
};

RedisConnection::RedisConnection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RedisConnection::RedisConnection(RedisConnection&&) noexcept = default;
RedisConnection& RedisConnection::operator=(RedisConnection&&) noexcept = default;
RedisConnection::~RedisConnection() = default;

Result<RedisConnection> RedisConnection::open(const RedisUrl& url, std::chrono::milliseconds timeout) {
  auto impl = std::make_unique<Impl>();
  impl->where = url.to_string();
  impl->context.reset(redisConnectWithTimeout(url.host.c_str(), url.port, to_timeval(timeout)));
  if (!impl->context) return fail("cannot connect to {}: out of memory", impl->where);
  if (impl->context->err != 0)
    return fail("cannot connect to {}: {}", impl->where, std::string_view(impl->context->errstr));
  if (redisSetTimeout(impl->context.get(), to_timeval(timeout)) != REDIS_OK) {
    return fail("cannot connect to {}: {}", impl->where, std::string_view(impl->context->errstr));
  }
  RedisConnection connection(std::move(impl));
  if (!url.password.empty()) {
    const auto reply = TRY(url.user.empty() ? connection.run({"AUTH", url.password})
                                            : connection.run({"AUTH", url.user, url.password}));
    if (reply.error()) return fail("{} refuses the login: {}", url.to_string(), *reply.error());
  }
  const auto reply = TRY(connection.run({"SELECT", std::to_string(url.database)}));
  if (reply.error()) return fail("{} refuses the database: {}", url.to_string(), *reply.error());
  return connection;
}

void RedisConnection::add(std::initializer_list<Argument> command) {
  std::vector<const char*> arguments;
  std::vector<size_t> lengths;
  for (const Argument& argument : command) {
    arguments.push_back(argument.data());
    lengths.push_back(argument.size());
  }
  // An error stays in the context, and read() finds it.
  redisAppendCommandArgv(impl_->context.get(), static_cast<int>(arguments.size()), arguments.data(), lengths.data());
}

Result<RedisConnection::Reply> RedisConnection::read() {
  redisContext* context = impl_->context.get();
  const auto broken = [&] {
    const bool timeout = context->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
    return fail("{}: {}", impl_->where, timeout ? "no answer in time" : lower_first(context->errstr));
  };
  int sent = 0;
  while (sent == 0) {
    if (redisBufferWrite(context, &sent) != REDIS_OK) return broken();
  }
  size_t bytes = 0;
  while (true) {
    void* reply = nullptr;
    if (redisGetReplyFromReader(context, &reply) != REDIS_OK) return broken();
    if (reply != nullptr) return Reply(std::shared_ptr<void>(reply, freeReplyObject), reply);
    const size_t before = context->reader->len;
    if (redisBufferRead(context) != REDIS_OK) return broken();
    bytes += context->reader->len - before;
    if (bytes > kMostReplyBytes) return fail("{}: an answer of more than {} bytes", impl_->where, kMostReplyBytes);
  }
}

Result<RedisConnection::Reply> RedisConnection::run(std::initializer_list<Argument> command) {
  add(command);
  return read();
}

std::optional<std::string> RedisConnection::Reply::error() const {
  const redisReply& reply = as_reply(reply_);
  if (reply.type != REDIS_REPLY_ERROR) return std::nullopt;
  return std::string(reply.str, reply.len);
}

std::string_view RedisConnection::Reply::text() const {
  const redisReply& reply = as_reply(reply_);
  const bool text = reply.type == REDIS_REPLY_STRING || reply.type == REDIS_REPLY_STATUS;
  return text ? std::string_view(reply.str, reply.len) : std::string_view();
}

ByteView RedisConnection::Reply::bytes() const {
  const std::string_view content = text();
  return {reinterpret_cast<const uint8_t*>(content.data()), content.size()};
}

size_t RedisConnection::Reply::size() const {
  const redisReply& reply = as_reply(reply_);
  return reply.type == REDIS_REPLY_ARRAY ? reply.elements : 0;
}

RedisConnection::Reply RedisConnection::Reply::at(size_t index) const {
  CHECK(index < size());
  const redisReply& reply = as_reply(reply_);
  return Reply(owner_, std::span(reply.element, reply.elements)[index]);
}

}  // namespace weir::pipeline
