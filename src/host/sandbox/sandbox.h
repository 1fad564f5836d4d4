// Gives up what a scrape does not need, for the rest of the life of the process: system calls (seccomp) and files
// (Landlock). Whoever finds a way into the program can read metrics, and little else: no program is started, no file
// written, nothing outside the folders below opened, no memory made executable.
//
// Both degrade: a kernel that lacks one of them is told of, and the other still holds.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace weir::host {

struct SandboxPaths {
  std::vector<std::string> read;    // files, and folders with all that is in them; what does not exist is left out
  std::vector<std::string> remove;  // folders in which files may be removed at the end (unix sockets)
};

// What holds from now on, for the log: "system calls (seccomp), files (Landlock 7)". Call it before a thread is
// started: Landlock holds for the calling thread and those that it starts. Fails if neither holds.
Result<std::string> enter_sandbox(const SandboxPaths& paths);

// Its two halves.
Result<> restrict_system_calls(bool may_remove_files);
// The version of Landlock that holds.
Result<int> restrict_files(const SandboxPaths& paths);

}  // namespace weir::host
