// A queue between threads, with a fixed capacity, for any number of producers and consumers. A producer that must not
// wait uses try_push and counts what did not fit.
//
// The capacity is a number of items and, with a Weigh, what they may weigh together. An empty queue takes one item
// whatever it weighs.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace weir {

struct WeighsNothing {
  uint64_t operator()(const auto& /*item*/) const { return 0; }
};

// Weigh: what an item weighs; the same at every call.
template <class T, class Weigh = WeighsNothing>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity, uint64_t most_weight = UINT64_MAX)
      : capacity_(capacity), most_weight_(most_weight) {}

  // Takes the value. False, and `value` untouched, if the queue is full or closed.
  bool try_push(T&& value) { return try_push(value); }
  bool try_push(T& value) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || !fits(value)) return false;
      put(std::move(value));
    }
    not_empty_.notify_one();
    return true;
  }

  // Waits for room: for producers that may wait (a replay, never a receiver). Takes the value; false, and `value`
  // untouched, if closed.
  bool push(T&& value) { return push(value); }
  bool push(T& value) {
    {
      std::unique_lock lock(mutex_);
      not_full_.wait(lock, [&] { return closed_ || fits(value); });
      if (closed_) return false;
      put(std::move(value));
    }
    not_empty_.notify_one();
    return true;
  }

  // The oldest item; nothing after `timeout`, or when the queue is closed and empty.
  std::optional<T> pop(std::chrono::milliseconds timeout) {
    std::optional<T> item;
    {
      std::unique_lock lock(mutex_);
      not_empty_.wait_for(lock, timeout, [&] { return closed_ || !items_.empty(); });
      if (items_.empty()) return std::nullopt;
      item = std::move(items_.front());
      items_.pop_front();
      weight_ -= Weigh{}(*item);
    }
    not_full_.notify_one();
    return item;
  }

  // Refuses further pushes; what is inside can still be popped.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    not_empty_.notify_all();
    not_full_.notify_all();
  }

  // Whether it is closed and empty, so that a consumer may end.
  bool finished() const {
    const std::lock_guard lock(mutex_);
    return closed_ && items_.empty();
  }

  size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

  // Of what is inside.
  uint64_t weight() const {
    const std::lock_guard lock(mutex_);
    return weight_;
  }

 private:
  bool fits(const T& value) const {
    return items_.empty() ||
           (items_.size() < capacity_ && weight_ <= most_weight_ && Weigh{}(value) <= most_weight_ - weight_);
  }
  void put(T&& value) {
    weight_ += Weigh{}(value);
    items_.push_back(std::move(value));
  }

  const size_t capacity_;
  const uint64_t most_weight_;
  mutable std::mutex mutex_;
  std::condition_variable not_empty_;
  std::condition_variable not_full_;
  std::deque<T> items_;
  uint64_t weight_ = 0;
  bool closed_ = false;
};

}  // namespace weir
