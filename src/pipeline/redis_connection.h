// A connection to a Redis server that waits no longer for a whole answer than its timeout, takes no more memory for one
// than it is allowed, and stops waiting when the process ends, whatever the server sends. hiredis writes the commands
// and reads the answers, inside redis_connection.cc; the socket and the waiting are ours.
#pragma once

#include <chrono>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/redis_url.h"
#include "net/tls.h"
#include "pipeline/patience.h"

namespace weir::pipeline {

// Of a rediss:// URL.
struct RedisTls {
  net::TlsContext context;
  std::string server_name;  // that the certificate must have
};

class RedisConnection {
 public:
  // What an answer may have at most: bytes on the wire, and values (texts, numbers, lists, all of them together).
  static constexpr size_t kMostReplyBytes = size_t{20} << 20;
  static constexpr size_t kMostReplyValues = 10'000;

  // An answer; it and its parts own what they show.
  class Reply;
  using Argument = std::string_view;

  // Connects, logs in, chooses the database. timeout: of each step, and of each answer later on. patience has to
  // outlive the connection. With TLS it blocks SIGPIPE in this thread, which alone may use the connection.
  static Result<RedisConnection> open(const RedisUrl& url, std::chrono::milliseconds timeout, const Patience& patience,
                                      const std::optional<RedisTls>& tls = {});
  RedisConnection(RedisConnection&&) noexcept;
  RedisConnection& operator=(RedisConnection&&) noexcept;
  ~RedisConnection();

  // Puts a command behind those not sent yet. Each has one answer, in the same order.
  void add(std::initializer_list<Argument> command);
  // The answer to the oldest command that has none. An error is one of the connection, which is of no use any more.
  Result<Reply> read();
  // One command, when nothing else is under way.
  Result<Reply> run(std::initializer_list<Argument> command);

 private:
  struct Impl;
  explicit RedisConnection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class RedisConnection::Reply {
 public:
  // What the server says is wrong with the command.
  std::optional<std::string> error() const;
  // A text or a status; empty if it is neither.
  std::string_view text() const;
  ByteView bytes() const;
  size_t size() const;           // of a list, else 0
  Reply at(size_t index) const;  // of a list

 private:
  friend class RedisConnection;
  struct Value;
  explicit Reply(std::shared_ptr<const Value> value) : value_(std::move(value)) {}
  std::shared_ptr<const Value> value_;
};

}  // namespace weir::pipeline
