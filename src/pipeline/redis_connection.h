// A connection to a Redis server that never waits longer than its timeout and never takes more memory for an answer
// than it is allowed, whatever the server sends. hiredis stays inside redis_connection.cc.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/redis_url.h"

namespace weir::pipeline {

class RedisConnection {
 public:
  // An answer; views are valid until the next one is read.
  class Reply;
  using Argument = std::string_view;

  // Connects, logs in, chooses the database.
  static Result<RedisConnection> open(const RedisUrl& url, std::chrono::milliseconds timeout);
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
  explicit Reply(std::shared_ptr<void> owner, const void* reply) : owner_(std::move(owner)), reply_(reply) {}
  std::shared_ptr<void> owner_;
  const void* reply_;
};

inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace weir::pipeline
