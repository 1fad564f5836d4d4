// The list of allowed system calls, for libseccomp. Every other call fails with EPERM: a library that tries something
// new has to do without, and does not end the program.
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "host/sandbox/sandbox.h"

namespace weir::host {
namespace {

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

constexpr auto kAllowed = std::to_array<int>({
    // open files, and questions about paths
    SCMP_SYS(read),
    SCMP_SYS(pread64),
    SCMP_SYS(readv),
    SCMP_SYS(preadv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(close),
    SCMP_SYS(lseek),
    SCMP_SYS(dup),
    SCMP_SYS(fcntl),
    SCMP_SYS(getdents64),
    SCMP_SYS(fstat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    // sockets: HTTP, netlink, D-Bus
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(bind),
    SCMP_SYS(connect),
    SCMP_SYS(shutdown),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    // waiting
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(eventfd2),
    SCMP_SYS(pipe),  // the undefined behaviour sanitizer probes memory through one
    SCMP_SYS(pipe2),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(timerfd_gettime),
    SCMP_SYS(futex),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(sched_yield),
    SCMP_SYS(restart_syscall),
    // memory, threads, signals of the process itself
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(membarrier),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(tgkill),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    // what the process may ask about itself and the machine
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getrusage),
    SCMP_SYS(getrlimit),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(capget),
    // collectors: timex (to read; setting the clock needs CAP_SYS_TIME), uname, os, perf
    SCMP_SYS(adjtimex),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(perf_event_open),
});

constexpr auto kFamilies = std::to_array<int>({AF_UNIX, AF_NETLINK, AF_INET, AF_INET6});

// Groups of ioctl requests by their second byte: of network interfaces (SIOC...), of performance counters.
constexpr uint64_t kIoctlGroup = 0xff00;
constexpr auto kIoctlGroups = std::to_array<uint64_t>({0x8900, 0x2400});
// Single requests: make a socket non-blocking, how much can be read, whether this is a terminal.
constexpr auto kIoctls = std::to_array<uint64_t>({0x5421, 0x541b, 0x5401});

// Keeps the first failure of a series of calls.
class Rules {
 public:
  explicit Rules(scmp_filter_ctx filter) : filter_(filter) {}

  void allow(int call) { add(SCMP_ACT_ALLOW, call, nullptr, 0); }
  void allow(int call, scmp_arg_cmp condition) { add(SCMP_ACT_ALLOW, call, &condition, 1); }
  void deny(int call, int error) { add(SCMP_ACT_ERRNO(static_cast<uint32_t>(error)), call, nullptr, 0); }
  int failure() const { return failure_; }

 private:
  void add(uint32_t action, int call, const scmp_arg_cmp* conditions, unsigned count) {
    const int result = seccomp_rule_add_array(filter_, action, call, count, conditions);
    // A call that this architecture lacks cannot be made anyway.
    if (result != 0 && result != -EDOM && failure_ == 0) failure_ = result;
  }

  scmp_filter_ctx filter_;
  int failure_ = 0;
};

scmp_arg_cmp masked(unsigned argument, uint64_t mask, uint64_t value) {
  return {.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}
scmp_arg_cmp equal(unsigned argument, uint64_t value) {
  return {.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};
}

void add_rules(Rules& rules, bool may_remove_files) {
  for (const int call : kAllowed) rules.allow(call);
  // Files may be opened for reading only.
  rules.allow(SCMP_SYS(openat), masked(2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
  rules.allow(SCMP_SYS(open), masked(1, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
  // No memory may be made executable.
  rules.allow(SCMP_SYS(mmap), masked(2, PROT_EXEC, 0));
  rules.allow(SCMP_SYS(mprotect), masked(2, PROT_EXEC, 0));
  // Threads may be started, but no processes. A filter cannot see the flags of clone3; glibc falls back to clone.
  rules.allow(SCMP_SYS(clone), masked(0, CLONE_THREAD, CLONE_THREAD));
  rules.deny(SCMP_SYS(clone3), ENOSYS);
  for (const int family : kFamilies) rules.allow(SCMP_SYS(socket), equal(0, static_cast<uint64_t>(family)));
  for (const uint64_t group : kIoctlGroups) rules.allow(SCMP_SYS(ioctl), masked(1, kIoctlGroup, group));
  for (const uint64_t request : kIoctls) rules.allow(SCMP_SYS(ioctl), equal(1, request));
  // Limits may be read only.
  rules.allow(SCMP_SYS(prlimit64), equal(2, 0));
  if (may_remove_files) {
    rules.allow(SCMP_SYS(unlink));
    rules.allow(SCMP_SYS(unlinkat));
  }
}

}  // namespace

Result<> restrict_system_calls(bool may_remove_files) {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return fail("no seccomp on this machine");
  Rules rules(filter.get());
  add_rules(rules, may_remove_files);
  int failure = rules.failure();
  // Holds for threads that are running already, too.
  if (failure == 0) failure = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  if (failure == 0) failure = seccomp_load(filter.get());
  if (failure != 0) return fail("no seccomp in this kernel ({})", std::strerror(-failure));
  return {};
}

}  // namespace weir::host
