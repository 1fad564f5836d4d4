// Whatever SQL says, a caged engine opens nothing outside the store and its temporary folder, makes no socket and
// starts no program. The kernel tells of each such call (seccomp) in the thread that the engine lives in; one that is
// not for the engine ends the process.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/check.h"
#include "query/engine.h"
#include "query/text.h"

namespace weir::query {
namespace {

namespace fs = std::filesystem;

#if defined(__x86_64__)

// Where files may be opened: read by the signal handler, which must not allocate.
struct {
  char folder[256];
} reachable;

[[noreturn]] void outside(const char* what) {
  constexpr char kText[] = "the cage is open: ";
  (void)!::write(STDERR_FILENO, kText, sizeof kText - 1);
  (void)!::write(STDERR_FILENO, what, std::strlen(what));
  (void)!::write(STDERR_FILENO, "\n", 1);
  ::abort();
}

bool may_open(const char* path) {
  // What DuckDB and the C library ask about memory, processors and the time zone when a database begins.
  for (const char* start :
       {static_cast<const char*>(reachable.folder), "/proc/self/", "/proc/sys/vm/", "/proc/meminfo", "/proc/cpuinfo",
        "/sys/fs/cgroup/", "/sys/devices/system/cpu/", "/etc/localtime", "/usr/share/zoneinfo/"}) {
    if (std::strncmp(path, start, std::strlen(start)) == 0) return std::strstr(path, "/../") == nullptr;
  }
  return false;
}

// A call that the filter below holds. What may be opened is opened by openat2, which it does not hold.
void judge(int, siginfo_t* info, void* context) {
  const int error = errno;
  greg_t* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const bool open = info->si_syscall == SYS_open;
  if (!open && info->si_syscall != SYS_openat) outside("a socket, a program or another name for a file");
  const auto* path = reinterpret_cast<const char*>(registers[open ? REG_RDI : REG_RSI]);
  if (!may_open(path)) outside(path);
  open_how how{};
  how.flags = static_cast<uint64_t>(registers[open ? REG_RSI : REG_RDX]) & 0xffffffff;
  if ((how.flags & O_CREAT) != 0 || (how.flags & O_TMPFILE) == O_TMPFILE) how.mode = 0600;
  const long result = ::syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
  registers[REG_RAX] = result < 0 ? -errno : result;
  errno = error;
}

// Of this thread and those that it starts.
bool watch_calls() {
  struct sigaction action{};
  action.sa_sigaction = judge;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  if (::sigaction(SIGSYS, &action, nullptr) != 0) return false;
  constexpr auto kHeld = std::to_array<uint32_t>({SYS_open, SYS_openat, SYS_creat, SYS_socket, SYS_connect, SYS_execve,
                                                  SYS_execveat, SYS_link, SYS_linkat, SYS_symlink, SYS_symlinkat});
  std::vector<sock_filter> filter = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (const uint32_t call : kHeld) {
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP));
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

#else
bool watch_calls() { return false; }
#endif

struct Nothing final : RowSink {
  Result<> begin(std::span<const ResultColumn>) override { return {}; }
  Result<> row(std::span<const Value> values) override {
    for (const Value& value : values) CHECK(plain_text(value).find("hunter2") == std::string::npos);
    return ++rows < 10'000 ? Result<>() : Result<>(fail("enough"));
  }
  Result<> end() override { return {}; }
  size_t rows = 0;
};

// A thread with an engine, which gets one text after the other.
class Caged {
 public:
  Caged() {
    std::string name = (fs::temp_directory_path() / "weir-cage-fuzz-XXXXXX").string();
    CHECK(mkdtemp(name.data()) != nullptr);
    folder_ = name;
    fs::create_directories(folder_ / "store/flows");
    fs::create_directories(folder_ / "spill");
    surveyor_ = make_surveyor(folder_ / "store", 1);
#if defined(__x86_64__)
    std::snprintf(reachable.folder, sizeof reachable.folder, "%s/", name.c_str());
#endif
    thread_ = std::thread([this] { serve(); });
  }
  ~Caged() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    thread_.join();
    fs::remove_all(folder_);
  }

  void ask(std::string text) {
    std::unique_lock lock(mutex_);
    text_ = std::move(text);
    changed_.notify_all();
    // A question that takes long is no finding.
    while (!changed_.wait_for(lock, std::chrono::milliseconds(500), [&] { return !text_; })) {
      if (engine_) engine_->interrupt();
    }
  }

 private:
  void serve() {
    if (!watch_calls()) std::fprintf(stderr, "no seccomp here: only answers are looked at\n");
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return text_ || ended_; });
      if (!text_) break;
      if (!engine_) open();
      lock.unlock();
      const bool usable = run_all(*text_);
      lock.lock();
      if (!usable) engine_.reset();
      text_.reset();
      changed_.notify_all();
    }
    engine_.reset();
  }

  void open() {
    EngineOptions options;
    options.store = folder_ / "store";
    options.threads = 1;
    options.memory_bytes = uint64_t{128} << 20;
    options.counters = true;
    options.caged = true;
    options.spill_folder = folder_ / "spill";
    options.surveyor = surveyor_;
    auto opened = Engine::open(options);
    if (!opened) std::fprintf(stderr, "%s\n", opened.error().message.c_str());
    CHECK(opened.has_value());
    engine_.emplace(*std::move(opened));
  }

  // False if DuckDB has had enough of this database.
  bool run_all(const std::string& text) {
    const auto statements = engine_->split(text);
    if (!statements) return usable(statements.error().message);
    for (const std::string& statement : *statements) {
      Nothing sink;
      const Result<> ran = engine_->run(statement, sink);
      if (!ran && !usable(ran.error().message)) return false;
    }
    return true;
  }
  static bool usable(const std::string& message) {
    return message.find("FATAL") == std::string::npos && message.find("INTERNAL") == std::string::npos &&
           message.find("invalidated") == std::string::npos;
  }

  fs::path folder_;
  std::shared_ptr<store::Surveyor> surveyor_;  // reads what its user verified before, which is outside
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::string> text_;  // until it is answered
  bool ended_ = false;
  std::optional<Engine> engine_;
  std::thread thread_;
};

}  // namespace
}  // namespace weir::query

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static weir::query::Caged caged;
  if (size > 4096) return 0;  // DuckDB's parser is not what is looked at
  caged.ask(std::string(data, data + size));
  return 0;
}
