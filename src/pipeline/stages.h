// Stages: the parts of a program that have threads, as a list. They are started in order and stopped in reverse, so
// that what a stage hands its data to starts before it and stops after it.
#pragma once

#include <functional>
#include <utility>
#include <vector>

namespace weir::pipeline {

class Stages {
 public:
  Stages() = default;
  ~Stages() { stop(); }
  Stages(const Stages&) = delete;
  Stages& operator=(const Stages&) = delete;

  // stop: returns when the stage has ended; called only if `start` did not throw.
  void add(std::function<void()> start, std::function<void()> stop) {
    stages_.push_back({std::move(start), std::move(stop)});
  }

  // What a stage throws goes on to the caller; those that were started before it can still be stopped.
  void start() {
    for (; started_ < stages_.size(); ++started_) stages_[started_].start();
  }
  // A second call does nothing.
  void stop() {
    while (started_ > 0) stages_[--started_].stop();
  }

 private:
  struct Stage {
    std::function<void()> start;
    std::function<void()> stop;
  };
  std::vector<Stage> stages_;
  size_t started_ = 0;
};

}  // namespace weir::pipeline
