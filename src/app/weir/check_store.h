// weir check --store: a store looked through, and put right where that can be.
#pragma once

#include <string>

namespace weir::app {

struct StoreCheck {
  std::string directory;
  bool repair = false;
  bool accept_gaps = false;
};

// The exit status: 0 if no answer is wrong or incomplete; 3 if one may be; 1 if it could not be looked through.
int run_store_check(const StoreCheck& check);

}  // namespace weir::app
