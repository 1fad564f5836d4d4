// Gives up, until the process ends, all that a scrape does not need: system calls (seccomp) and files (Landlock). An
// attacker who gets into the process can read metrics and little else: it cannot start a program, write a file, open
// anything outside the given folders, or make memory executable.
//
// A kernel may lack one of the two. The other one then holds alone, and the log says so.
#pragma once

#include <string>

#include "base/landlock.h"
#include "base/result.h"

namespace weir::host {

// Returns what holds from now on, for the log: "system calls (seccomp), files (Landlock 7)". Call it before a thread is
// started: Landlock holds for the calling thread and those that it starts. Fails if neither holds.
Result<std::string> enter_sandbox(const ReachablePaths& paths);

// The half of enter_sandbox that is not Landlock.
Result<> restrict_system_calls(bool may_remove_files);

}  // namespace weir::host
