#include "host/sandbox/sandbox.h"

#include <sys/prctl.h>

namespace weir::host {

Result<std::string> enter_sandbox(const ReachablePaths& paths) {
  // seccomp and Landlock need it. It also takes effect away from set-uid programs.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("no_new_privs");
  const Result<int> files = restrict_files(paths);
  const Result<> calls = restrict_system_calls(!paths.remove.empty());
  if (!files && !calls) return fail("{}; {}", calls.error().message, files.error().message);
  return fmt::format("{}, {}", calls ? "system calls (seccomp)" : calls.error().message,
                     files ? fmt::format("files (Landlock {})", *files) : files.error().message);
}

}  // namespace weir::host
