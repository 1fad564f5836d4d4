// Failures of the world (files, sockets, configuration, the database), as values.
//
//   Result<Segment> write(...) {
//     auto file = open(path);
//     if (!file) return fail("cannot write segment: {}", file.error().message);   // context is added as it rises
//     TRY(check_name(path));                  // an error is returned as it is; a Result<> has no value
//     const Footer footer = TRY(read_footer(*file));
//     ...
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

namespace internal {

template <class T, class E>
T take_value(std::expected<T, E>&& result) {
  return *std::move(result);
}
template <class E>
void take_value(std::expected<void, E>&& /*result*/) {}

}  // namespace internal

// The value of a Result; if it holds an error instead, the function around TRY returns that error. One TRY does not
// stand inside another: their order would be hard to read.
#define TRY(...)                                                            \
  __extension__({                                                           \
    auto try_result = (__VA_ARGS__);                                        \
    if (!try_result) return std::unexpected(std::move(try_result).error()); \
    ::weir::internal::take_value(std::move(try_result));                    \
  })

// "text: No such file or directory", from errno as it is now.
std::unexpected<Error> fail_errno(std::string what);

}  // namespace weir
