// Gives up, until the process ends, all that a scrape does not need: system calls (seccomp) and files (Landlock). An
// attacker who gets into the process can read metrics and little else: it cannot start a program, write a file, open
// anything outside the given folders, or make memory executable.
//
// A kernel may lack one of the two. The other one then holds alone, and the log says so.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace weir::host {

struct SandboxPaths {
  std::vector<std::string> read;    // files, and folders with all that is in them; those that do not exist are ignored
  std::vector<std::string> remove;  // folders in which files may be removed (unix sockets, at the end)
};

// Returns what holds from now on, for the log: "system calls (seccomp), files (Landlock 7)". Call it before a thread is
// started: Landlock holds for the calling thread and those that it starts. Fails if neither holds.
Result<std::string> enter_sandbox(const SandboxPaths& paths);

// The two halves of enter_sandbox.
Result<> restrict_system_calls(bool may_remove_files);
// Returns the version of Landlock that holds.
Result<int> restrict_files(const SandboxPaths& paths);

}  // namespace weir::host
