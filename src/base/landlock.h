// Gives up files (Landlock, landlock(7)): what is not named cannot be opened, made, changed or removed any more, and
// there are no TCP connections, where the kernel's version of Landlock knows of them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace weir {

// Folders stand for all that is in them. Those that do not exist are ignored.
struct ReachablePaths {
  std::vector<std::string> read = {};    // files and folders
  std::vector<std::string> remove = {};  // folders in which files may be removed
  std::vector<std::string> write = {};   // files that may be read and written, folders in which files may be made, too
};

// Holds for the calling thread and those that it starts from now on, until they end; what is open stays open. Returns
// the version of Landlock. Fails, and changes nothing, if the kernel has none.
Result<int> restrict_files(const ReachablePaths& paths);

}  // namespace weir
