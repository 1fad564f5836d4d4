// An operator new that counts, for tests of code that must not allocate. Only one source file of a test program may
// include this header, since it defines the operators; all of the program is counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

// Sanitizers have operators of their own, which must not be replaced. Nothing is counted there.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WEIR_ALLOCATIONS_COUNTED false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEIR_ALLOCATIONS_COUNTED false
#endif
#endif
#ifndef WEIR_ALLOCATIONS_COUNTED
#define WEIR_ALLOCATIONS_COUNTED true
#endif

namespace weir::test {

inline constexpr bool kAllocationsCounted = WEIR_ALLOCATIONS_COUNTED;
inline thread_local uint64_t allocations_of_thread = 0;  // of the one that asks
inline std::atomic<uint64_t> allocations_of_all_threads = 0;

}  // namespace weir::test

#if WEIR_ALLOCATIONS_COUNTED
// Those for arrays call these.
[[gnu::noinline]] void* operator new(size_t size) {
  ++weir::test::allocations_of_thread;
  weir::test::allocations_of_all_threads.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }
#endif
