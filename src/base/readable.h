// Looks without waiting.
#pragma once

#include <poll.h>

namespace weir {

// Something can be read from it now; of a socket that listens: somebody waits to be accepted. accept(2) does not tell:
// it says that no descriptor is left before it looks.
inline bool readable(int fd) {
  pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, 0) == 1;
}

}  // namespace weir
