// Memory for the operations of Asio, which allocates a little for each one. A connection has at most one operation of a
// kind at a time, so that its memory can lie in the connection.
#pragma once

#include <array>
#include <cstddef>
#include <new>
#include <utility>

namespace weir::http {

class HandlerMemory {
 public:
  HandlerMemory() = default;
  HandlerMemory(const HandlerMemory&) = delete;
  HandlerMemory& operator=(const HandlerMemory&) = delete;

  void* allocate(size_t size) {
    if (used_ || size > memory_.size()) return ::operator new(size);
    used_ = true;
    return memory_.data();
  }
  void release(void* memory) {
    if (memory == memory_.data()) {
      used_ = false;
    } else {
      ::operator delete(memory);
    }
  }

 private:
  alignas(std::max_align_t) std::array<std::byte, 192> memory_;
  bool used_ = false;
};

// The allocator that Asio asks a handler for.
template <class T>
class HandlerAllocator {
 public:
  using value_type = T;
  explicit HandlerAllocator(HandlerMemory& memory) : memory_(&memory) {}
  template <class U>
  // NOLINTNEXTLINE(google-explicit-constructor): as allocators are rebound
  HandlerAllocator(const HandlerAllocator<U>& other) : memory_(other.memory_) {}
  T* allocate(size_t count) { return static_cast<T*>(memory_->allocate(count * sizeof(T))); }
  void deallocate(T* memory, size_t) { memory_->release(memory); }
  template <class U>
  bool operator==(const HandlerAllocator<U>& other) const {
    return memory_ == other.memory_;
  }

 private:
  template <class U>
  friend class HandlerAllocator;
  HandlerMemory* memory_;
};

// A handler that uses this memory.
template <class Function>
struct WithMemory {
  HandlerMemory* memory;
  Function function;
  using allocator_type = HandlerAllocator<void>;
  allocator_type get_allocator() const noexcept { return allocator_type(*memory); }
  template <class... Args>
  void operator()(Args&&... args) {
    function(std::forward<Args>(args)...);
  }
};
template <class Function>
WithMemory<Function> with_memory(HandlerMemory& memory, Function function) {
  return {&memory, std::move(function)};
}

}  // namespace weir::http
