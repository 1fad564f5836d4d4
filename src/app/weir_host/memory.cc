#include "app/weir_host/memory.h"

#include <malloc.h>
#include <sys/mman.h>

#include <string>

#include "base/kept_file.h"
#include "base/text.h"

namespace weir::app {
namespace {

// Blocks of this size and more are mappings of their own, which end when they are freed.
constexpr int kReturnedBytes = 64 * 1024;

void give_back(const CleanMapping& mapping) {
  // The one place where an address is made of a number: the kernel tells it as text. The pages are a file's, unchanged;
  // reading them again gives the same.
  ::madvise(reinterpret_cast<void*>(mapping.begin), mapping.end - mapping.begin, MADV_DONTNEED);
}

}  // namespace

void keep_memory_small() {
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MMAP_THRESHOLD, kReturnedBytes);
  ::mallopt(M_TRIM_THRESHOLD, kReturnedBytes);
}

// 7f29f7612000-7f29f7768000 r-xp 00026000 fe:00 332835    /usr/lib/x86_64-linux-gnu/libc.so.6
std::optional<CleanMapping> clean_mapping(std::string_view header, std::string_view anonymous) {
  std::string_view rest = header;
  const std::string_view range = next_word(rest);
  const std::string_view rights = next_word(rest);
  for (int skipped = 0; skipped < 3; ++skipped) next_word(rest);
  const std::string_view file = next_word(rest);
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos || !file.starts_with('/')) return std::nullopt;
  // Relocated pages are anonymous: they cannot be had again.
  if ((rights != "r-xp" && rights != "r--p") || anonymous != "0") return std::nullopt;
  const auto begin = parse_number<uint64_t>(range.substr(0, dash), 16);
  const auto end = parse_number<uint64_t>(range.substr(dash + 1), 16);
  if (!begin || !end || *begin >= *end) return std::nullopt;
  return CleanMapping{*begin, *end};
}

void give_back_memory() {
  {
    std::string buffer;
    const auto smaps = read_file("/proc/self/smaps", buffer);
    std::string_view text = smaps ? *smaps : std::string_view();
    std::string_view header;
    while (!text.empty()) {
      std::string_view line = next_line(text);
      const std::string_view whole = line;
      const std::string_view key = next_word(line);
      if (!key.ends_with(':')) header = whole;
      if (key != "Anonymous:") continue;
      if (const auto mapping = clean_mapping(header, next_word(line))) give_back(*mapping);
    }
  }
  ::malloc_trim(0);
}

}  // namespace weir::app
