#include "pipeline/patience.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>

namespace weir::pipeline {

// Without an eventfd, waiting ends with its deadline only.
Patience::Patience() : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Patience::end_within(Clock::duration time) {
  end_ = (Clock::now() + time).time_since_epoch().count();
  if (wake_) eventfd_write(wake_.get(), 1);
}

short Patience::wait(int fd, short events, Clock::time_point deadline) const {
  while (true) {
    const Clock::time_point end = this->end();
    const Clock::duration left = std::max(std::min(deadline, end) - Clock::now(), Clock::duration::zero());
    // Once there is an end the eventfd stays readable, and is of no more use. poll() leaves out what is negative.
    std::array<pollfd, 2> polled{pollfd{fd, events, 0},
                                 pollfd{end == Clock::time_point::max() ? wake_.get() : -1, POLLIN, 0}};
    const auto left_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
    const timespec timeout{left_ns / 1'000'000'000, left_ns % 1'000'000'000};
    if (ppoll(polled.data(), polled.size(), &timeout, nullptr) > 0 && polled[0].revents != 0) return polled[0].revents;
    if (left == Clock::duration::zero()) return 0;
  }
}

}  // namespace weir::pipeline
