// A thread that does the same work again and again until it is stopped.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "pipeline/thread_name.h"

namespace weir::pipeline {

class Periodic {
 public:
  // Does `work` every `interval`, first after one interval.
  Periodic(const char* name, std::chrono::milliseconds interval, std::function<void()> work)
      : thread_([this, name, interval, work = std::move(work)] {
          name_this_thread(name);
          std::unique_lock lock(mutex_);
          while (!wake_.wait_for(lock, interval, [this] { return stopping_; })) {
            lock.unlock();
            work();
            lock.lock();
          }
        }) {}
  ~Periodic() { stop(); }
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

  // Returns when the round that runs now is over; no other follows.
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace weir::pipeline
