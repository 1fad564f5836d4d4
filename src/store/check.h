// A look at everything in a store: every file of every generation is read and held against its checksum and its name,
// and what a reader would pass over in silence is told. With `repair`, what can be put right is.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::store {

enum class Trouble : uint8_t {
  damaged,     // its bytes, its counts or its name are wrong; repair: set aside as NAME.corrupt
  unreadable,  // a file or folder that the system does not let us read
  set_aside,   // NAME.corrupt, whose rows no other segment has; repair: gets its name back if it is whole
  missing,     // numbers of segments that are nowhere; repair: none, but `accept_gaps` ends the complaint
  twice,       // two segments with the same numbers: rows may count twice
  // From here on no answer is wrong.
  covered,     // merged into another one that is whole; repair: deleted
  half,        // a crash left it half written, or a writer writes it now; repair: deleted
  replaced,    // NAME.corrupt, whose rows another segment has
  unverified,  // written by another program, without a checksum; every value could be read
  foreign,     // not a name of ours: readers pass it over
};
std::string_view name(Trouble trouble);
constexpr bool is_harmless(Trouble trouble) { return trouble >= Trouble::covered; }

struct Finding {
  Trouble trouble;
  std::filesystem::path path;
  std::string text;
  bool repaired = false;
};

struct CheckReport {
  std::vector<Finding> findings;
  uint64_t files = 0;  // that were read
  uint64_t bytes = 0;
  uint64_t whole = 0;
  // True if something that changes answers is still there.
  bool bad() const;
};

struct CheckOptions {
  std::filesystem::path store;
  bool repair = false;       // takes the lock of the store: there must be no writer
  bool accept_gaps = false;  // numbers that are nowhere count as expired from now on; takes the lock, too
  unsigned threads = 1;
};

// Fails if there is no store, if another process writes where it is to be repaired, or after `stop` has become true.
Result<CheckReport> check_store(const CheckOptions& options, const std::atomic<bool>& stop);

}  // namespace weir::store
