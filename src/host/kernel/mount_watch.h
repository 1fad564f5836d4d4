// Asks file systems for their sizes that may not answer: those of other machines (nfs, cifs, ceph) and of processes
// (fuse, 9p). A thread asks for each; whoever wants the answer never waits longer than he says.
//
// A mount that does not answer holds one thread until it does, or the machine restarts: nothing can end a thread within
// statfs. Threads are therefore bounded; when all are held, what waits for one is told as unanswered.
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

// An errno in its place.
struct StatfsAnswer {
  FileSystemSizes sizes;
  int error = 0;
};
using Statfs = std::function<StatfsAnswer(const std::string& path)>;
// That of the kernel.
StatfsAnswer kernel_statfs(const std::string& path);

class MountWatch {
 public:
  using Clock = std::chrono::steady_clock;
  // Four of them were enough for node_exporter; a machine with more hung mounts than this has other troubles.
  static constexpr size_t kMaxThreads = 8;

  struct Answer {
    std::optional<FileSystemSizes> sizes;  // the last that it ever gave
    Clock::time_point answered_at{};       // when
    int error = 0;                         // of the last answer
    // Set while it is asked: since when.
    std::optional<Clock::time_point> asked_at;
  };

  explicit MountWatch(Statfs statfs = kernel_statfs);
  // Does not wait for threads that are within statfs: they end when it does.
  ~MountWatch();
  MountWatch(const MountWatch&) = delete;
  MountWatch& operator=(const MountWatch&) = delete;

  // Asks for all of them anew, except those that have not answered yet, waits until all that were asked now have
  // answered, `patience` at most, and gives what is known, in the order of the paths. What is not among the paths any
  // more is forgotten. Allocates only when the paths change.
  std::span<const Answer> ask(std::span<const std::string> paths, std::chrono::milliseconds patience);

  // That have been started and are not ended.
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
    std::vector<std::shared_ptr<Watched>> queue;  // in the order of asking
    size_t threads = 0;
    size_t idle = 0;  // of them: wait for work, or will when they have begun
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
