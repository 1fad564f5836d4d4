#include "host/collectors/processes.h"

#include <fcntl.h>

#include <array>
#include <cerrno>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"
#include "host/kernel/directory.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

// By the state's letter.
using Counts = std::array<uint64_t, 128>;

bool is_number(std::string_view name) {
  return !name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos;
}

class Processes : public Collector {
 public:
  explicit Processes(const Options& options)
      : procfs_(options.procfs),
        max_threads_(options.procfs + "/sys/kernel/threads-max", Shape::one_record),
        max_pids_(options.procfs + "/sys/kernel/pid_max", Shape::one_record) {}

  Result<> collect(telemetry::Exposition& out) override {
    Directory processes(procfs_);
    if (!processes) return fail("{} cannot be read", procfs_);
    pids_ = threads_ = 0;
    states_ = thread_states_ = {};
    processes.each([&](std::string_view name) {
      if (is_number(name)) count(processes.fd(), name);
    });
    const auto max_pids = TRY(number(max_pids_));
    const auto max_threads = TRY(number(max_threads_));
    out.single("node_processes_max_processes", gauge, "Number of max PIDs limit", max_pids);
    out.single("node_processes_max_threads", gauge, "Limit of threads in the system", max_threads);
    out.single("node_processes_pids", gauge, "Number of PIDs", pids_);
    write(out, "node_processes_state", "Number of processes in each state.", "state", states_);
    out.single("node_processes_threads", gauge, "Allocated threads in system", threads_);
    write(out, "node_processes_threads_state", "Number of threads in each state.", "thread_state", thread_states_);
    return {};
  }

 private:
  static Result<uint64_t> number(KeptFile& file) {
    const auto text = TRY(file.read());
    const auto value = parse_number<uint64_t>(trimmed(text));
    if (!value) return fail("{} is not a number", file.path());
    return *value;
  }

  static void write(telemetry::Exposition& out, std::string_view name, std::string_view help, std::string_view label,
                    const Counts& counts) {
    out.family(name, gauge, help);
    for (size_t letter = 0; letter < counts.size(); ++letter) {
      const char text = static_cast<char>(letter);
      if (counts[letter] != 0) out.sample({{label, {&text, 1}}}, counts[letter]);
    }
  }

  // A process may end at any time; it is not counted then.
  void count(int directory, std::string_view pid) {
    path_.assign(pid).append("/stat");
    const auto process = read_stat(directory);
    if (!process) return;
    ++pids_;
    threads_ += process->threads;
    ++states_[static_cast<size_t>(process->state)];
    if (process->threads <= 1) {
      ++thread_states_[static_cast<size_t>(process->state)];
      return;
    }
    path_.assign(procfs_).append("/").append(pid).append("/task");
    Directory tasks(path_);
    tasks.each([&](std::string_view name) {
      path_.assign(name).append("/stat");
      if (const auto thread = read_stat(tasks.fd())) ++thread_states_[static_cast<size_t>(thread->state)];
    });
  }

  std::optional<TaskStat> read_stat(int directory) {
    const Fd file(::openat(directory, path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return std::nullopt;
    const ssize_t got = ::read(file.get(), buffer_.data(), buffer_.size());
    if (got <= 0) return std::nullopt;
    return parse_task_stat(std::string_view(buffer_.data(), static_cast<size_t>(got)));
  }

  std::string procfs_;
  KeptFile max_threads_;
  KeptFile max_pids_;
  std::string path_;
  // A line of about 300 bytes.
  std::array<char, 2048> buffer_;
  uint64_t pids_ = 0;
  uint64_t threads_ = 0;
  Counts states_{};
  Counts thread_states_{};
};

}  // namespace

std::optional<TaskStat> parse_task_stat(std::string_view text) {
  const size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  text.remove_prefix(name_end + 1);
  const std::string_view state = next_word(text);
  if (state.size() != 1 || state[0] < 'A' || state[0] > 'z') return std::nullopt;
  constexpr int kBetween = 16;  // fields 4 to 19 of proc(5)
  for (int i = 0; i < kBetween; ++i) next_word(text);
  const auto threads = parse_number<uint64_t>(next_word(text));
  if (!threads) return std::nullopt;
  return TaskStat{state[0], *threads};
}

Result<std::unique_ptr<Collector>> make_processes(const Options& options) {
  return std::make_unique<Processes>(options);
}

}  // namespace weir::host
