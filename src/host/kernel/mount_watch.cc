#include "host/kernel/mount_watch.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <thread>

namespace weir::host {

StatfsAnswer kernel_statfs(const std::string& path) {
  struct statfs raw;
  int result;
  do {
    result = ::statfs(path.c_str(), &raw);
  } while (result < 0 && errno == EINTR);
  if (result < 0) return {.sizes = {}, .error = errno};
  const auto block = static_cast<double>(raw.f_bsize);
  return {.sizes = {.size_bytes = static_cast<double>(raw.f_blocks) * block,
                    .free_bytes = static_cast<double>(raw.f_bfree) * block,
                    .available_bytes = static_cast<double>(raw.f_bavail) * block,
                    .files = static_cast<double>(raw.f_files),
                    .files_free = static_cast<double>(raw.f_ffree),
                    .readonly = (static_cast<unsigned long>(raw.f_flags) & ST_RDONLY) != 0},
          .error = 0};
}

MountWatch::MountWatch(Statfs statfs) : shared_(std::make_shared<Shared>(std::move(statfs))) {}

MountWatch::~MountWatch() {
  const std::lock_guard lock(shared_->mutex);
  shared_->stopping = true;
  shared_->queue.clear();
  shared_->work.notify_all();
}

size_t MountWatch::threads() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->threads;
}

void MountWatch::run(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  for (;; ++shared->idle) {
    shared->work.wait(lock, [&] { return shared->stopping || !shared->queue.empty(); });
    --shared->idle;
    if (shared->stopping) break;
    const std::shared_ptr<Watched> watched = shared->queue.front();
    shared->queue.erase(shared->queue.begin());
    watched->queued = false;
    watched->running = true;
    lock.unlock();
    const StatfsAnswer got = shared->statfs(watched->path);  // may never return
    lock.lock();
    watched->running = false;
    watched->answer.asked_at.reset();
    watched->answer.error = got.error;
    if (got.error == 0) {
      watched->answer.sizes = got.sizes;
      watched->answer.answered_at = Clock::now();
    }
    shared->answered.notify_all();
  }
  --shared->threads;
}

// Takes over the paths; those that were there before keep what is known of them. Under the lock.
void MountWatch::rebuild(std::span<const std::string> paths) {
  const auto path_of = [](const std::shared_ptr<Watched>& one) -> const std::string& { return one->path; };
  if (std::ranges::equal(watched_, paths, {}, path_of)) return;
  std::vector<std::shared_ptr<Watched>> next;
  for (const std::string& path : paths) {
    const auto known = std::ranges::find(watched_, path, path_of);
    if (known != watched_.end()) {
      next.push_back(*known);
    } else {
      next.push_back(std::make_shared<Watched>());
      next.back()->path = path;
    }
  }
  for (const auto& one : watched_) one->forgotten = std::ranges::find(next, one) == next.end();
  std::erase_if(shared_->queue, [](const auto& one) { return one->forgotten; });
  watched_ = std::move(next);
}

// Starts a thread for each waiting path, up to the limit. Under the lock.
void MountWatch::start_threads() {
  while (shared_->idle < shared_->queue.size() && shared_->threads < kMaxThreads) {
    try {
      std::thread([shared = shared_] { run(shared); }).detach();
    } catch (const std::system_error&) {
      return;  // no thread to be had: the paths stay unanswered
    }
    ++shared_->threads;
    ++shared_->idle;
  }
}

std::span<const MountWatch::Answer> MountWatch::ask(std::span<const std::string> paths,
                                                    std::chrono::milliseconds patience) {
  std::unique_lock lock(shared_->mutex);
  rebuild(paths);
  const Clock::time_point now = Clock::now();
  bool asked = false;
  for (const auto& one : watched_) {
    if (one->queued || one->running) continue;
    one->queued = true;
    one->answer.asked_at = now;
    shared_->queue.push_back(one);
    asked = true;
  }
  if (asked) {
    start_threads();
    shared_->work.notify_all();
    // Paths that were asked at an earlier call are not waited for.
    shared_->answered.wait_until(lock, now + patience, [&] {
      return std::ranges::none_of(watched_, [&](const auto& one) { return one->answer.asked_at == now; });
    });
  }
  answers_.resize(watched_.size());
  std::ranges::transform(watched_, answers_.begin(), [](const auto& one) { return one->answer; });
  return answers_;
}

}  // namespace weir::host
