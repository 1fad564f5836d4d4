#include "store/parquet/checksum.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <variant>
#include <vector>

#include "base/fd.h"
#include "store/files.h"
#include "store/parquet/compression.h"
#include "store/parquet/format.h"

namespace weir::store::parquet {
namespace {

constexpr size_t kTailBytes = 8;  // length of the footer, magic

struct Ends {
  uint64_t size = 0;
  uint64_t footer_bytes = 0;
};

// What is wrong with the two ends, or where the footer is.
Result<std::variant<Ends, std::string_view>> read_ends(const Fd& file, const std::filesystem::path& path) {
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return fail_errno("cannot read " + path.string());
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size < kMagic.size() + kTailBytes) return "it is too short for a Parquet file";
  std::array<uint8_t, 4> head{};
  std::array<uint8_t, kTailBytes> tail{};
  TRY(read_at(file, path, 0, head));
  TRY(read_at(file, path, size - kTailBytes, tail));
  if (!std::ranges::equal(head, kMagic)) return "it does not begin as a Parquet file";
  if (!std::ranges::equal(std::span(tail).subspan(4), kMagic)) return "it does not end as a Parquet file";
  uint32_t length;
  std::memcpy(&length, tail.data(), sizeof length);
  if (length > size - kTailBytes - kMagic.size()) return "its footer would begin before the file";
  return Ends{size, length};
}

// Who wrote the file stands in the last lines of the footer. Whatever the footer's length says: it may be damaged.
Result<bool> ends_as_ours(const Fd& file, const std::filesystem::path& path, uint64_t size) {
  std::vector<uint8_t> end(std::min<uint64_t>(size, 4096));
  TRY(read_at(file, path, size - end.size(), end));
  return !std::ranges::search(end, kCreatedBy).empty();
}

}  // namespace

std::string checksum_text(uint32_t before_footer, uint32_t footer) {
  return fmt::format("{:08x}{:08x}", before_footer, footer);
}

Result<Verdict> verify_file(const std::filesystem::path& path, const ReadPace& pace) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto ends = TRY(read_ends(file, path));
  const auto damaged = [](std::string_view reason) { return Verdict{Wholeness::damaged, std::string(reason), {}}; };
  if (const auto* wrong = std::get_if<std::string_view>(&ends)) return damaged(*wrong);
  const auto [size, length] = std::get<Ends>(ends);

  const uint64_t body = size - kTailBytes - length;
  std::vector<uint8_t> footer(length);
  TRY(read_at(file, path, body, footer));
  // The key, one byte for the next field, one for the length of its text, the text.
  const auto key = std::ranges::find_end(footer, kChecksumKey);
  if (key.empty()) {
    return TRY(ends_as_ours(file, path, size)) ? damaged("its checksum is missing") : Verdict{};
  }
  const auto digits_at = static_cast<size_t>(key.end() - footer.begin()) + 2;
  if (footer.size() < digits_at + kNoChecksum.size()) return damaged("its checksum is cut off");
  const std::span<uint8_t> digits = std::span(footer).subspan(digits_at, kNoChecksum.size());
  const std::string stored(digits.begin(), digits.end());
  std::ranges::copy(kNoChecksum, digits.begin());

  uint32_t crc = 0;
  std::vector<uint8_t> block(size_t{1} << 18);
  for (uint64_t at = 0; at < body;) {
    const std::span<uint8_t> part = std::span(block).first(std::min<uint64_t>(block.size(), body - at));
    TRY(read_at(file, path, at, part));
    crc = crc32(part, crc);
    at += part.size();
    if (pace && !pace(part.size())) return fail("interrupted");
  }
  if (stored != checksum_text(crc, crc32(footer))) return damaged("its checksum is wrong");
  return Verdict{Wholeness::whole, {}, std::move(footer)};
}

}  // namespace weir::store::parquet
