#include "host/sandbox.h"

#include <sys/prctl.h>

namespace weir::host {
namespace {

// The folder that a glob looks into: what stands before its first wildcard, up to a "/".
std::string folder_of_glob(const std::string& glob) {
  const size_t wildcard = glob.find_first_of("*?[");
  if (wildcard == std::string::npos) return glob;
  return glob.substr(0, glob.rfind('/', wildcard) + 1);
}

}  // namespace

SandboxPaths paths_of_collectors(const Options& options) {
  const std::string& root = options.rootfs;
  SandboxPaths paths;
  paths.read = {options.procfs, options.sysfs, options.udev_data,
                "/proc",  // process_*
                // os: /etc/os-release is a link into /usr/lib on most systems
                root + "/etc/os-release", root + "/usr/lib", root + "/etc/selinux",
                // time: the zone
                "/etc/localtime", "/usr/share/zoneinfo",
                // http: what is kept open against EMFILE
                "/dev/null"};
  for (const std::string& folder : options.textfile_directories) paths.read.push_back(folder_of_glob(folder));
  return paths;
}

Result<std::string> enter_sandbox(const SandboxPaths& paths) {
  // Both need it; it also makes set-uid programs ordinary ones.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("no_new_privs");
  const Result<int> files = restrict_files(paths);
  const Result<> calls = restrict_system_calls(!paths.remove.empty());
  if (!files && !calls) return fail("{}; {}", calls.error().message, files.error().message);
  return fmt::format("{}, {}", calls ? "system calls (seccomp)" : calls.error().message,
                     files ? fmt::format("files (Landlock {})", *files) : files.error().message);
}

}  // namespace weir::host
