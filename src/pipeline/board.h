// Where decoding threads leave reports, each its latest, for a thread that puts them together for people. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace weir::pipeline {

template <class Report>
class Board {
 public:
  // Replaces what the thread left before.
  void publish(size_t thread, Report report) {
    const std::lock_guard lock(mutex_);
    reports_[thread] = std::move(report);
    ++version_;
  }
  // Counts publications.
  uint64_t version() const {
    const std::lock_guard lock(mutex_);
    return version_;
  }

 protected:
  ~Board() = default;
  std::vector<Report> reports() const {
    const std::lock_guard lock(mutex_);
    std::vector<Report> all;
    for (const auto& [thread, report] : reports_) all.push_back(report);
    return all;
  }

 private:
  mutable std::mutex mutex_;
  std::map<size_t, Report> reports_;
  uint64_t version_ = 0;
};

}  // namespace weir::pipeline
