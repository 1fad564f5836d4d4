// Failures of the world (files, sockets, configuration, the database), as values.
//
//   Result<Segment> write(...) {
//     auto file = open(path);
//     if (!file) return fail("cannot write segment: {}", file.error().message);   // context is added as it rises
//
// Untrusted input never makes an Error: it makes a counted Anomaly (flow/anomaly.h). Bugs are CHECK (base/check.h).
// An Error is printed once, at the top; its message says what happened, where, and what to do.
#pragma once

#include <fmt/format.h>

#include <expected>
#include <string>
#include <utility>

namespace weir {

struct Error {
  std::string message;
};

template <class T = void>
using Result = std::expected<T, Error>;

template <class... Args>
std::unexpected<Error> fail(fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Error{fmt::format(format, std::forward<Args>(args)...)});
}

// "text: No such file or directory", from errno as it is now.
std::unexpected<Error> fail_errno(std::string what);

}  // namespace weir
