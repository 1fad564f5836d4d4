// Asks the processor to fetch memory that will be needed soon. Changes nothing.
#pragma once

#include <cstddef>
#include <span>

namespace weir {

template <class T>
void prefetch(std::span<const T> objects) {
  constexpr size_t kCacheLine = 64;
  const auto bytes = std::as_bytes(objects);
  for (size_t i = 0; i < bytes.size(); i += kCacheLine) __builtin_prefetch(&bytes[i]);
}
template <class T>
void prefetch(const T& object) {
  prefetch(std::span<const T>(&object, 1));
}

}  // namespace weir
