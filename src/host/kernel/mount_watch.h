// Asks for the sizes of file systems that may never answer: those of other machines (nfs, cifs, ceph) and of processes
// (fuse, 9p). Threads ask, so that the caller waits no longer than it wants to.
//
// A mount that does not answer holds a thread until it does, or until the machine restarts: nothing ends a thread
// within statfs. So the number of threads is limited. While all of them are held, the other mounts count as unanswered.
#pragma once

#include <sys/vfs.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir::host {

// What statfs(2) says of a mount.
struct FileSystemSizes {
  double size_bytes = 0;
  double free_bytes = 0;
  double available_bytes = 0;
  double files = 0;
  double files_free = 0;
  bool readonly = false;
};

// The sizes, or an errno.
struct StatfsAnswer {
  FileSystemSizes sizes;
  int error = 0;
};
using Statfs = std::function<StatfsAnswer(const std::string& path)>;
// statfs(2).
StatfsAnswer kernel_statfs(const std::string& path);

class MountWatch {
 public:
  using Clock = std::chrono::steady_clock;
  // node_exporter has four.
  static constexpr size_t kMaxThreads = 8;

  struct Answer {
    std::optional<FileSystemSizes> sizes;       // the last ones that it reported
    Clock::time_point answered_at{};            // when it did
    int error = 0;                              // of the last answer
    std::optional<Clock::time_point> asked_at;  // while there is no answer: when it was asked
  };

  explicit MountWatch(Statfs statfs = kernel_statfs);
  // Does not wait for threads that are within statfs.
  ~MountWatch();
  MountWatch(const MountWatch&) = delete;
  MountWatch& operator=(const MountWatch&) = delete;

  // Asks each path, except those whose last request is still unanswered. Waits until all that were asked now have
  // answered, at most for `patience`. Returns what is known, in the order of the paths, and forgets any other path.
  // Allocates only when the paths change.
  std::span<const Answer> ask(std::span<const std::string> paths, std::chrono::milliseconds patience);

  // How many are running.
  size_t threads() const;

 private:
  struct Watched {
    std::string path;
    Answer answer;
    bool queued = false;
    bool running = false;
    bool forgotten = false;
  };
  // Shared with the threads, which may live longer than the watch.
  struct Shared {
    explicit Shared(Statfs function) : statfs(std::move(function)) {}
    const Statfs statfs;
    mutable std::mutex mutex;
    std::condition_variable work;
    std::condition_variable answered;
    std::vector<std::shared_ptr<Watched>> queue;  // oldest first
    size_t threads = 0;
    size_t idle = 0;  // of `threads`: waiting for work, or about to
    bool stopping = false;
  };
  static void run(const std::shared_ptr<Shared>& shared);
  void rebuild(std::span<const std::string> paths);
  void start_threads();

  std::shared_ptr<Shared> shared_;
  std::vector<std::shared_ptr<Watched>> watched_;
  std::vector<Answer> answers_;
};

}  // namespace weir::host
