#include "store/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <random>
#include <ranges>
#include <string>
#include <vector>

#include "store/layout.h"

namespace weir::store {
namespace {

Result<> write_all(int fd, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("cannot write " + path.string());
    content.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

}  // namespace

Result<> read_at(const Fd& file, const std::filesystem::path& path, uint64_t offset, std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t taken = ::pread(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0) return fail_errno("cannot read " + path.string());
    if (taken == 0) return fail("cannot read {}: it became shorter meanwhile", path.string());
    bytes = bytes.subspan(static_cast<size_t>(taken));
    offset += static_cast<uint64_t>(taken);
  }
  return {};
}

Result<uint64_t> sync_file(const std::filesystem::path& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return fail_errno("cannot open " + path.string());
  if (::fsync(file.get()) != 0) return fail_errno("cannot sync " + path.string() + " to the disk");
  return static_cast<uint64_t>(status.st_size);
}

Result<> sync_folder(const std::filesystem::path& path) {
  const Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return fail_errno("cannot open the folder " + path.string());
  if (::fsync(folder.get()) != 0) return fail_errno("cannot sync the folder " + path.string() + " to the disk");
  return {};
}

Result<> create_folders(const std::filesystem::path& path, mode_t mode) {
  std::error_code error;
  std::vector<std::filesystem::path> missing;
  for (auto at = path; !at.empty() && !std::filesystem::exists(at, error); at = at.parent_path()) missing.push_back(at);
  for (const auto& folder : std::views::reverse(missing)) {
    // Another process may make the same one; "a/" is made as "a".
    if (::mkdir(folder.c_str(), mode) != 0 && errno != EEXIST)
      return fail_errno("cannot create the folder " + path.string());
  }
  if (!std::filesystem::is_directory(path, error))
    return fail("cannot create the folder {}: {}", path.string(), std::strerror(error ? error.value() : ENOTDIR));
  for (const auto& folder : missing) {
    const auto parent = folder.parent_path();
    if (const auto synced = sync_folder(parent.empty() ? "." : parent); !synced) return synced;
  }
  return {};
}

Result<> replace_file(const std::filesystem::path& path, std::string_view content, mode_t mode) {
  return replace_file(path, [content](const TextOut& out) { return out(content); }, mode);
}

Result<> replace_file(const std::filesystem::path& path, const TextSource& content, mode_t mode) {
  auto temporary = path;
  temporary += ".tmp";
  ::unlink(temporary.c_str());  // of a crash, with a mode of its own
  const auto write = [&]() -> Result<> {
    const Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!file) return fail_errno("cannot write " + temporary.string());
    TRY(content([&](std::string_view piece) { return write_all(file.get(), piece, temporary); }));
    if (::fsync(file.get()) != 0) return fail_errno("cannot sync " + temporary.string() + " to the disk");
    if (::rename(temporary.c_str(), path.c_str()) != 0) return fail_errno("cannot replace " + path.string());
    return {};
  };
  if (const auto written = write(); !written) {
    ::unlink(temporary.c_str());
    return written;
  }
  const auto parent = path.parent_path();
  return sync_folder(parent.empty() ? "." : parent);
}

bool replace_quickly(const std::filesystem::path& path, std::string_view content) {
  std::random_device random;
  const std::string temporary = fmt::format("{}-{:08x}{:08x}{}", path.string(), random(), random(), kTemporarySuffix);
  const Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kGroupFile));
  if (!file) return false;
  const bool written = ::write(file.get(), content.data(), content.size()) == static_cast<ssize_t>(content.size()) &&
                       ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!written) ::unlink(temporary.c_str());
  return written;
}

}  // namespace weir::store
