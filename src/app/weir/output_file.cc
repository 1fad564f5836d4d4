#include "app/weir/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

namespace weir::app {

Result<OutputFile> OutputFile::create(const std::string& path) {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::weakly_canonical(path, error);
  const std::filesystem::path named = error ? std::filesystem::path(path) : target;
  if (std::filesystem::exists(named, error) && !std::filesystem::is_regular_file(named, error)) {
    return fail("--output {}: it is there, and not a file", path);
  }
  std::string partial = (named.parent_path() / ("." + named.filename().string() + ".XXXXXX")).string();
  const int file = ::mkostemp(partial.data(), O_CLOEXEC);
  if (file < 0) return fail_errno("--output " + path);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  std::FILE* stream = ::fchmod(file, 0666 & ~mask) == 0 ? ::fdopen(file, "wb") : nullptr;
  if (stream == nullptr) {
    const auto failure = fail_errno("--output " + path);
    ::close(file);
    ::unlink(partial.c_str());
    return failure;
  }
  return OutputFile(named.string(), std::move(partial), stream);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)), partial_(std::exchange(other.partial_, {})), stream_(std::move(other.stream_)) {}

OutputFile::~OutputFile() {
  if (!partial_.empty()) ::unlink(partial_.c_str());
}

Result<> OutputFile::finish() {
  if (std::fflush(stream_.get()) != 0 || ::fsync(::fileno(stream_.get())) != 0) return fail_errno("--output " + path_);
  if (std::rename(partial_.c_str(), path_.c_str()) != 0) return fail_errno("--output " + path_);
  partial_.clear();
  return {};
}

}  // namespace weir::app
