// Whether a descriptor can be read, without waiting.
#pragma once

#include <poll.h>

namespace weir {

// True if something can be read now; of a listening socket, if a connection waits. accept(2) cannot tell: it reports
// that no descriptor is left before it looks.
inline bool readable(int fd) {
  pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, 0) == 1;
}

}  // namespace weir
