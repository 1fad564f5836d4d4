#include "pipeline/state_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "base/log.h"
#include "store/files.h"

namespace weir::pipeline {
namespace {

// A file of ours that large would hold some millions of templates: more than the limits allow.
constexpr size_t kMaxFileBytes = size_t{1} << 30;

// nullopt if there is no file.
Result<std::optional<std::vector<uint8_t>>> read_file(const std::filesystem::path& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return std::nullopt;
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return fail_errno("cannot read the state file " + path.string());
  if (!S_ISREG(status.st_mode)) return fail("the state file {} is not a file", path.string());
  std::vector<uint8_t> bytes(std::min(static_cast<size_t>(status.st_size), kMaxFileBytes));
  for (size_t at = 0; at < bytes.size();) {
    const auto room = std::span(bytes).subspan(at);
    const ssize_t n = ::read(file.get(), room.data(), room.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("cannot read the state file " + path.string());
    if (n == 0) bytes.resize(at);
    at += static_cast<size_t>(n);
  }
  return bytes;
}

std::filesystem::path with_suffix(std::filesystem::path path, const std::string& suffix) {
  path += suffix;
  return path;
}

}  // namespace

Result<decode::DecodedState> read_state_file(const std::filesystem::path& path, const decode::Limits& limits) {
  const auto bytes = TRY(read_file(path));
  if (!bytes) return fail("there is no state file {}", path.string());
  auto state = decode::decode_state(*bytes, limits);
  if (!state) return fail("the state file {} is of no use: {}", path.string(), state.error().text);
  return *std::move(state);
}

void StateFile::load(Timestamp now, const decode::Limits& limits) {
  std::error_code ignored;
  std::filesystem::remove(with_suffix(path_, ".tmp"), ignored);
  const auto bytes = read_file(path_);
  if (!bytes) return log::error("{}; exporters have to announce their templates again", bytes.error().message);
  if (!*bytes) return;
  const auto state = decode::decode_state(**bytes, limits);
  if (!state) return set_aside(state.error());
  std::vector<decode::SessionStatePtr> fresh;
  uint64_t templates = 0;
  for (const decode::SessionStatePtr& known : state->sessions) {
    auto left = std::make_shared<decode::SessionState>(*known);
    if (!decode::drop_expired(*left, now, limits.template_lifetime)) continue;
    templates += left->templates.size();
    fresh.push_back(std::move(left));
  }
  state_.load(fresh);
  log::info("{} templates of {} sessions restored from {}, saved {}", templates, fresh.size(), path_.string(),
            to_rfc3339(state->saved));
  if (state->left_out > 0) {
    log::warn("{} templates or names in {} are beyond the limits of this configuration and left out", state->left_out,
              path_.string());
  }
  const std::lock_guard lock(mutex_);
  counters_.sessions_restored = fresh.size();
  counters_.templates_restored = templates;
}

void StateFile::set_aside(const decode::StateProblem& problem) {
  const auto aside =
      with_suffix(path_, problem.other_version ? fmt::format(".version-{}", problem.version) : std::string(".corrupt"));
  std::error_code error;
  std::filesystem::rename(path_, aside, error);
  log::error("the state file {} is of no use: {}; {}; exporters have to announce their templates again", path_.string(),
             problem.text, error ? "it could not be set aside: " + error.message() : "set aside as " + aside.string());
}

void StateFile::save(Timestamp now, std::chrono::seconds lifetime) {
  state_.expire(now, lifetime);
  const uint64_t version = state_.version();
  if (saved_version_ == version || (!saved_version_ && version == 0)) return;
  const std::vector<uint8_t> bytes = decode::encode_state(state_.all(), now);
  std::string content(bytes.begin(), bytes.end());
  const Result<> written = store::replace_file(path_, content);
  const std::lock_guard lock(mutex_);
  if (written) {
    saved_version_ = version;
    ++counters_.saves;
    if (!counters_.last_error.empty()) log::info("the state file {} can be written again", path_.string());
    counters_.last_error.clear();
    return;
  }
  ++counters_.save_failures;
  if (counters_.last_error != written.error().message) {
    log::error("{}; a restart now would have to wait for templates", written.error().message);
  }
  counters_.last_error = written.error().message;
}

StateFileCounters StateFile::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

}  // namespace weir::pipeline
