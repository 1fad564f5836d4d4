#include "flow/batch_memory.h"

#include <sanitizer/asan_interface.h>  // its macros do nothing elsewhere
#include <sys/mman.h>

#include <algorithm>

#include "base/check.h"

namespace weir::flow {
void BatchMemory::Unmap::operator()(uint64_t* words) const {
  ASAN_UNPOISON_MEMORY_REGION(words, bytes);
  munmap(words, bytes);
}

BatchMemory::Chunk BatchMemory::map(size_t bytes) {
  const size_t length = (bytes + kChunkBytes - 1) / kChunkBytes * kChunkBytes;
  void* memory = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  const std::span<uint64_t> chunk(static_cast<uint64_t*>(memory), length / sizeof(uint64_t));
  ASAN_POISON_MEMORY_REGION(memory, length);
  return {{chunk.data(), Unmap{length}}, chunk};
}

std::span<uint64_t> BatchMemory::allocate(size_t words) {
  constexpr size_t kGap = kGapBytes / sizeof(uint64_t);
  constexpr size_t kLine = 64 / sizeof(uint64_t);
  const size_t taken = (words + kLine - 1) / kLine * kLine + kGap;
  auto chunk = std::ranges::find_if(chunks_, [&](const Chunk& c) { return c.free.size() >= taken; });
  if (chunk == chunks_.end()) {
    chunk = chunks_.insert(chunks_.end(), map(taken * sizeof(uint64_t)));
    bytes_ += chunk->memory.get_deleter().bytes;
  }
  const std::span<uint64_t> memory = chunk->free.first(words);
  chunk->free = chunk->free.subspan(taken);
  ASAN_UNPOISON_MEMORY_REGION(memory.data(), memory.size_bytes());
  return memory;
}

}  // namespace weir::flow
