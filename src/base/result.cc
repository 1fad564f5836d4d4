#include "base/result.h"

#include <cerrno>
#include <system_error>

namespace weir {

std::unexpected<Error> fail_errno(std::string what) {
  const int code = errno;
  return std::unexpected(Error{what + ": " + std::generic_category().message(code)});
}

}  // namespace weir
