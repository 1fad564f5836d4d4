// How other threads reach the server's thread. Outlives the server while a Responder is left.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "base/fd.h"
#include "http/response.h"

namespace weir::http::detail {

struct Delivery {
  uint32_t slot = 0;
  uint64_t serial = 0;
  Response response;
};

struct Mailbox {
  std::mutex mutex;
  bool open = true;  // false: the server is gone
  std::vector<Delivery> deliveries;
  std::vector<std::function<void()>> work;
  Fd wake;  // eventfd

  void deliver(Delivery delivery);
  void post(std::function<void()> function);
  void signal() noexcept;  // async-signal-safe
};

}  // namespace weir::http::detail
