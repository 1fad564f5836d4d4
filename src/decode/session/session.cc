#include "decode/session/session.h"

#include <algorithm>

namespace weir::decode {

Stream& Streams::at(StreamOrigin origin) {
  ++uses;
  auto found = std::ranges::find(all, origin, &Stream::origin);
  if (found == all.end()) {
    if (all.size() < kMost) {
      all.emplace_back();
      found = all.end() - 1;
    } else {
      found = std::ranges::min_element(all, {}, &Stream::last_used);
      *found = {};
    }
    found->origin = origin;
  }
  found->last_used = uses;
  return *found;
}

}  // namespace weir::decode
