// The result of a non-blocking read or write.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::http {

struct IoResult {
  enum class Status : uint8_t { done, want_read, want_write, end, failed };
  Status status = Status::failed;
  size_t bytes = 0;  // when done
};

}  // namespace weir::http
