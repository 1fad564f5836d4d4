#include "base/landlock.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"

namespace weir {
namespace {

// glibc has no functions for Landlock, and the header of Debian 12 knows its first version only: the layout and the
// bits are written here as the kernel documents them.

struct RulesetAttribute {
  uint64_t files;
  uint64_t network;  // since version 4
  uint64_t scoped;   // since version 6
};
struct [[gnu::packed]] PathBeneath {
  uint64_t allowed;
  int32_t parent;
};
constexpr uint32_t kAskVersion = 1;
constexpr int kRulePathBeneath = 1;

constexpr uint64_t kWriteFile = 1U << 1;
constexpr uint64_t kReadFile = 1U << 2;
constexpr uint64_t kReadFolder = 1U << 3;
constexpr uint64_t kRemoveFolder = 1U << 4;
constexpr uint64_t kRemoveFile = 1U << 5;
constexpr uint64_t kMakeFolder = 1U << 7;
constexpr uint64_t kMakeFile = 1U << 8;
constexpr uint64_t kFirstVersionFiles = (1U << 13) - 1;  // execute, write, read, remove, make
constexpr uint64_t kRefer = 1U << 13;                    // since version 2: link and rename across folders
constexpr uint64_t kTruncate = 1U << 14;                 // 3
constexpr uint64_t kDeviceIoctl = 1U << 15;              // 5
constexpr uint64_t kTcp = 3;                             // 4: bind, connect
constexpr uint64_t kScopes = 3;                          // 6: abstract unix sockets, signals

struct Handled {
  RulesetAttribute attribute;
  size_t size;
};

// Everything that this version of Landlock can forbid.
Handled handled(long version) {
  Handled all{.attribute = {.files = kFirstVersionFiles, .network = 0, .scoped = 0}, .size = sizeof(uint64_t)};
  if (version >= 2) all.attribute.files |= kRefer;
  if (version >= 3) all.attribute.files |= kTruncate;
  if (version >= 4) all = {{all.attribute.files, kTcp, 0}, 2 * sizeof(uint64_t)};
  if (version >= 5) all.attribute.files |= kDeviceIoctl;
  if (version >= 6) all = {{all.attribute.files, kTcp, kScopes}, sizeof(RulesetAttribute)};
  return all;
}

Result<> allow(int ruleset, const std::string& path, uint64_t rights) {
  const Fd target(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!target) return {};  // not on this machine
  struct stat status{};
  if (::fstat(target.get(), &status) != 0) return {};
  if (!S_ISDIR(status.st_mode)) rights &= kReadFile | kWriteFile | kTruncate;
  const PathBeneath rule{.allowed = rights, .parent = target.get()};
  if (::syscall(SYS_landlock_add_rule, ruleset, kRulePathBeneath, &rule, 0) != 0)
    return fail_errno("Landlock: " + path);
  return {};
}

}  // namespace

Result<int> restrict_files(const ReachablePaths& paths) {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
  if (version < 1) return fail("no Landlock in this kernel ({})", std::strerror(errno));
  const Handled all = handled(version);
  const Fd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all.attribute, all.size, 0)));
  if (!ruleset) return fail_errno("Landlock");
  for (const std::string& path : paths.read)
    if (const auto allowed = allow(ruleset.get(), path, kReadFile | kReadFolder); !allowed)
      return std::unexpected(allowed.error());
  for (const std::string& path : paths.remove) TRY(allow(ruleset.get(), path, kRemoveFile));
  constexpr uint64_t kWrite =
      kReadFile | kReadFolder | kWriteFile | kTruncate | kMakeFile | kRemoveFile | kMakeFolder | kRemoveFolder;
  for (const std::string& path : paths.write) TRY(allow(ruleset.get(), path, kWrite & all.attribute.files));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("no_new_privs");
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return fail_errno("Landlock");
  return static_cast<int>(version);
}

}  // namespace weir
