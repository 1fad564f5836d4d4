#include "pipeline/state_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "base/file_access.h"
#include "base/log.h"
#include "store/files.h"

namespace weir::pipeline {
namespace {

// nullopt if there is no file; of one that is too large, one byte more than there may be.
Result<std::optional<std::vector<uint8_t>>> read_file(const std::filesystem::path& path, size_t max_bytes) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return std::nullopt;
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return fail_errno("cannot read the state file " + path.string());
  if (!S_ISREG(status.st_mode)) return fail("the state file {} is not a file", path.string());
  std::vector<uint8_t> bytes(std::min(static_cast<size_t>(status.st_size), max_bytes + 1));
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

std::expected<decode::DecodedState, decode::StateProblem> decode_file(ByteView bytes, size_t max_bytes,
                                                                      const decode::Limits& limits) {
  if (bytes.size() > max_bytes) {
    return std::unexpected(decode::StateProblem{false, 0, fmt::format("it has more than {} bytes", max_bytes)});
  }
  return decode::decode_state(bytes, limits);
}

std::filesystem::path with_suffix(std::filesystem::path path, const std::string& suffix) {
  path += suffix;
  return path;
}

}  // namespace

Result<decode::DecodedState> read_state_file(const std::filesystem::path& path, const decode::Limits& limits) {
  const auto bytes = TRY(read_file(path, StateFile::kMaxBytes));
  if (!bytes) return fail("there is no state file {}", path.string());
  auto state = decode_file(*bytes, StateFile::kMaxBytes, limits);
  if (!state) return fail("the state file {} is of no use: {}", path.string(), state.error().text);
  return *std::move(state);
}

void StateFile::load(Timestamp now, const decode::Limits& limits) {
  std::error_code ignored;
  std::filesystem::remove(with_suffix(path_, ".tmp"), ignored);
  const auto bytes = read_file(path_, max_bytes_);
  if (!bytes) return log::error("{}; exporters have to announce their templates again", bytes.error().message);
  if (!*bytes) return;
  const auto state = decode_file(**bytes, max_bytes_, limits);
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
  saved_at_ = state->saved;
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

// A session alone takes more than among others, which share layouts with it: so what is chosen here always fits.
std::vector<uint8_t> StateFile::encode(const Snapshot& snapshot, uint64_t& left_out) const {
  const std::vector<decode::SessionStatePtr>& all = snapshot.sessions;
  const Timestamp now = snapshot.taken;
  std::vector<uint8_t> bytes = decode::encode_state(all, now);
  if (bytes.size() <= max_bytes_) return bytes;
  bytes = {};
  struct Sized {
    decode::SessionStatePtr state;
    size_t bytes;
  };
  std::vector<Sized> sized;
  sized.reserve(all.size());
  for (const decode::SessionStatePtr& state : all) {
    sized.push_back({state, decode::encode_state(std::span(&state, 1), now).size()});
  }
  std::ranges::sort(sized, {}, [](const Sized& one) { return std::pair(!one.state->sent_data, one.bytes); });
  std::vector<decode::SessionStatePtr> chosen;
  size_t room = max_bytes_ - decode::encode_state({}, now).size();
  for (const Sized& one : sized) {
    if (one.bytes > room) continue;
    room -= one.bytes;
    chosen.push_back(one.state);
  }
  left_out = all.size() - chosen.size();
  return decode::encode_state(chosen, now);
}

void StateFile::save_now_and_then(Timestamp now, std::chrono::seconds lifetime) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  if (start < next_save_) return;
  const bool written = save(now, lifetime);
  const Clock::time_point end = Clock::now();
  next_save_ = end + 9 * (end - start);
  if (written) next_save_ = std::max(next_save_, start + journal_.every);
}

// What is reached is asked for first: then all of it is in the sessions.
StateFile::Snapshot StateFile::take_snapshot(Timestamp now) const {
  Snapshot snapshot;
  snapshot.reached = state_.all_reached();
  snapshot.version = state_.version();
  snapshot.sessions = state_.all();
  snapshot.taken = now;
  return snapshot;
}

bool StateFile::save(Timestamp now, std::chrono::seconds lifetime) {
  state_.expire(now, lifetime);
  if (!waiting_) waiting_ = take_snapshot(now);
  if (journal_.may_save && !journal_.may_save(waiting_->reached)) return false;
  const Snapshot snapshot = *std::exchange(waiting_, std::nullopt);
  return write(snapshot);
}

void StateFile::save_last(Timestamp now, std::chrono::seconds lifetime) {
  state_.expire(now, lifetime);
  write(take_snapshot(now));
}

bool StateFile::write(const Snapshot& snapshot) {
  const uint64_t version = snapshot.version;
  if (saved_version_ == version || (!saved_version_ && version == 0)) {
    if (journal_.will_reach && saved_at_) journal_.will_reach(*saved_at_, snapshot.reached);
    if (journal_.saved) journal_.saved(snapshot.reached);
    return false;
  }
  uint64_t left_out = 0;
  const std::vector<uint8_t> bytes = encode(snapshot, left_out);
  if (journal_.will_reach) journal_.will_reach(snapshot.taken, snapshot.reached);
  const Result<> written =
      store::replace_file(path_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, kOwnFile);
  if (written) saved_at_ = snapshot.taken;
  if (written && journal_.saved) journal_.saved(snapshot.reached);
  const std::lock_guard lock(mutex_);
  if (written) {
    saved_version_ = version;
    ++counters_.saves;
    if (left_out > 0 && counters_.sessions_left_out == 0) {
      tell(log::Level::warn, fmt::format("the state file {} has no room for {} of the sessions that are known",
                                         path_.string(), left_out));
    }
    counters_.sessions_left_out = left_out;
    if (!counters_.last_error.empty()) {
      tell(log::Level::info, fmt::format("the state file {} can be written again", path_.string()));
    }
    counters_.last_error.clear();
    return true;
  }
  ++counters_.save_failures;
  tell(log::Level::error, fmt::format("{}; a restart now would have to wait for templates", written.error().message));
  counters_.last_error = written.error().message;
  return true;
}

void StateFile::tell(log::Level level, const std::string& line) {
  if (const auto more = log_.allows(line, MessageLimit::Clock::now())) {
    log::log(level, "{}{}", line, more_like_this(*more));
  }
}

StateFileCounters StateFile::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

}  // namespace weir::pipeline
