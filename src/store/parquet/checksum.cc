#include "store/parquet/checksum.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "store/files.h"
#include "store/parquet/compression.h"
#include "store/parquet/format.h"

namespace weir::store::parquet {
namespace {

constexpr size_t kTailBytes = 8;  // length of the footer, magic

Result<> read_at(const Descriptor& file, const std::filesystem::path& path, uint64_t offset, std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t taken = ::pread(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0) return fail_errno("cannot read " + path.string());
    if (taken == 0) return fail("{} became shorter while it was read", path.string());
    bytes = bytes.subspan(static_cast<size_t>(taken));
    offset += static_cast<uint64_t>(taken);
  }
  return {};
}

}  // namespace

std::string checksum_text(uint32_t before_footer, uint32_t footer) {
  return fmt::format("{:08x}{:08x}", before_footer, footer);
}

Result<bool> verify_file(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return fail_errno("cannot read " + path.string());
  const auto size = static_cast<uint64_t>(status.st_size);
  const auto damaged = [&](std::string_view what) { return fail("{} is damaged: {}", path.string(), what); };
  if (size < kMagic.size() + kTailBytes) return damaged("it is too short for a Parquet file");

  std::array<uint8_t, kTailBytes> tail{};
  if (const auto read = read_at(file, path, size - kTailBytes, tail); !read) return std::unexpected(read.error());
  uint32_t length;
  std::memcpy(&length, tail.data(), sizeof length);
  if (!std::ranges::equal(std::span(tail).subspan(4), kMagic)) return damaged("it does not end as a Parquet file");
  if (length > size - kTailBytes - kMagic.size()) return damaged("its footer would begin before the file");

  const uint64_t body = size - kTailBytes - length;
  std::vector<uint8_t> footer(length);
  if (const auto read = read_at(file, path, body, footer); !read) return std::unexpected(read.error());
  // The key, one octet for the next field, one for the length of its text, the text.
  const auto key = std::ranges::find_end(footer, kChecksumKey);
  if (key.empty()) return false;
  const auto digits_at = static_cast<size_t>(key.end() - footer.begin()) + 2;
  if (footer.size() < digits_at + kNoChecksum.size()) return damaged("its checksum is cut off");
  const std::span<uint8_t> digits = std::span(footer).subspan(digits_at, kNoChecksum.size());
  const std::string stored(digits.begin(), digits.end());
  std::ranges::copy(kNoChecksum, digits.begin());

  uint32_t crc = 0;
  std::vector<uint8_t> block(size_t{1} << 18);
  for (uint64_t at = 0; at < body;) {
    const std::span<uint8_t> part = std::span(block).first(std::min<uint64_t>(block.size(), body - at));
    if (const auto read = read_at(file, path, at, part); !read) return std::unexpected(read.error());
    crc = crc32(part, crc);
    at += part.size();
  }
  if (stored != checksum_text(crc, crc32(footer))) return damaged("its checksum is wrong");
  return true;
}

}  // namespace weir::store::parquet
