#include "journal/stream_writer.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/file_access.h"
#include "base/log.h"

namespace weir::journal {
namespace {

constexpr std::chrono::seconds kRetryEvery{1};

template <class Wire>
iovec part_of(const Wire& wire) {
  return {.iov_base = const_cast<Wire*>(&wire), .iov_len = sizeof(Wire)};
}

iovec part_of(ByteView bytes) {
  return {.iov_base = const_cast<uint8_t*>(bytes.data()),  // NOLINT(cppcoreguidelines-pro-type-const-cast): only read
          .iov_len = bytes.size()};
}

// All parts, from `offset` on. parts: is used up.
bool write_all(int fd, std::span<iovec> parts, uint64_t offset) {
  while (!parts.empty()) {
    const int count = static_cast<int>(std::min<size_t>(parts.size(), IOV_MAX));
    ssize_t taken = ::pwritev(fd, parts.data(), count, static_cast<off_t>(offset));
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0) return false;
    offset += static_cast<uint64_t>(taken);
    while (!parts.empty() && static_cast<size_t>(taken) >= parts.front().iov_len) {
      taken -= static_cast<ssize_t>(parts.front().iov_len);
      parts = parts.subspan(1);
    }
    if (taken == 0) continue;
    parts.front().iov_base = static_cast<uint8_t*>(parts.front().iov_base) + taken;
    parts.front().iov_len -= static_cast<size_t>(taken);
  }
  return true;
}

}  // namespace

std::string file_name(uint64_t stream, uint64_t file) { return fmt::format("{:016x}-{:06}.journal", stream, file); }

StreamWriter::StreamWriter(std::filesystem::path folder, FileHeader stream, uint64_t first_file, uint64_t file_bytes,
                           DiskBudget& budget)
    : folder_(std::move(folder)), header_(stream), file_bytes_(file_bytes), budget_(budget) {
  header_.file = first_file;
}

uint64_t StreamWriter::append(std::span<const Datagram> datagrams) {
  const uint64_t first = next_;
  if (datagrams.empty()) return first;
  // They have their numbers even if they are not written: some of them may be.
  next_ += datagrams.size();
  uint64_t bytes = 0;
  for (const Datagram& datagram : datagrams) bytes += sizeof(DatagramHead) + datagram.bytes.size();
  if (!make_room(bytes, first)) {
    const std::lock_guard lock(mutex_);
    counters_.not_written += datagrams.size();
    return first;
  }
  heads_.clear();
  parts_.clear();
  for (size_t i = 0; i < datagrams.size(); ++i) heads_.push_back(encode_head(datagrams[i], first + i));
  for (size_t i = 0; i < datagrams.size(); ++i) {
    parts_.push_back(part_of(heads_[i]));
    parts_.push_back(part_of(datagrams[i].bytes));
  }
  const bool written = write(bytes);
  const std::lock_guard lock(mutex_);
  (written ? counters_.records : counters_.not_written) += datagrams.size();
  return first;
}

void StreamWriter::append_held(std::span<const flow::SetPlace> places) {
  std::vector<HeldRecord> records;
  for (const flow::SetPlace place : places) records.push_back(encode_held(place));
  const uint64_t bytes = records.size() * sizeof(HeldRecord);
  if (records.empty() || !make_room(bytes, next_)) return;
  parts_.assign(1, {.iov_base = records.data(), .iov_len = bytes});
  write(bytes);
}

void StreamWriter::append_connection(RecordKind kind, uint64_t connection) {
  const ConnectionRecord record = encode_connection(kind, connection, next_);
  if (!make_room(sizeof record, next_)) return;
  parts_.assign(1, part_of(record));
  write(sizeof record);
}

// False while the journal cannot be written. current_ changes in this thread only, so reading it takes no lock.
bool StreamWriter::make_room(uint64_t bytes, uint64_t first) {
  if (current_ && current_->bytes - current_->written >= bytes) return true;
  if (current_) {
    const std::lock_guard lock(mutex_);
    end_ = current_->end;
    closed_.push_back(std::exchange(current_, nullptr));
  } else if (Clock::now() < retry_at_) {
    return false;
  }
  Result<FilePtr> file = open_next(std::max(file_bytes_, bytes + sizeof(FileHeaderBytes)), first);
  if (!file) {
    stop(file.error().message);
    return false;
  }
  const std::lock_guard lock(mutex_);
  current_ = *std::move(file);
  folder_changed_ = true;
  counters_.writing = true;
  if (!counters_.last_error.empty()) log::info("the journal is written again");
  counters_.last_error.clear();
  return true;
}

Result<StreamWriter::FilePtr> StreamWriter::open_next(uint64_t bytes, uint64_t first) {
  auto file = std::make_shared<File>();
  file->path = folder_ / file_name(header_.stream, header_.file);
  file->bytes = bytes;
  file->first = file->end = first;
  while (!budget_.take(bytes)) {
    if (!give_up_oldest()) return fail("the journal has no room left within store.journal_size");
  }
  const auto make = [&]() -> Result<> {
    file->fd = Fd(::open(file->path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kOwnFile));
    if (!file->fd) return fail_errno("cannot make a file of the journal, " + file->path.string());
    if (const int error = ::posix_fallocate(file->fd.get(), 0, static_cast<off_t>(bytes)); error != 0) {
      errno = error;
      return fail_errno(fmt::format("there is no room for {} bytes of the journal in {}", bytes, folder_.string()));
    }
    const FileHeaderBytes header = encode(header_);
    iovec part = part_of(header);
    if (!write_all(file->fd.get(), {&part, 1}, 0)) return fail_errno("cannot write " + file->path.string());
    file->written = sizeof header;
    return {};
  };
  if (Result<> made = make(); !made) {
    if (file->fd) ::unlink(file->path.c_str());
    budget_.give_back(bytes);
    return std::unexpected(std::move(made).error());
  }
  ++header_.file;
  return file;
}

// parts_, which take so many bytes.
bool StreamWriter::write(uint64_t bytes) {
  if (!write_all(current_->fd.get(), parts_, current_->written)) {
    const auto failed = fail_errno("cannot write " + current_->path.string());
    current_->end = next_;
    {
      const std::lock_guard lock(mutex_);
      end_ = current_->end;
      closed_.push_back(std::exchange(current_, nullptr));
    }
    stop(failed.error().message);
    return false;
  }
  const std::lock_guard lock(mutex_);
  current_->written += bytes;
  current_->end = next_;
  counters_.bytes += bytes;
  return true;
}

void StreamWriter::stop(const std::string& reason) {
  retry_at_ = Clock::now() + kRetryEvery;
  const std::lock_guard lock(mutex_);
  if (counters_.last_error.empty()) {
    log::warn("{}; receiving goes on without a journal: what is not stored yet would be lost if the process was killed",
              reason);
  }
  counters_.writing = false;
  counters_.last_error = reason;
}

Result<> StreamWriter::sync() {
  std::vector<FilePtr> files;
  bool folder_changed = false;
  {
    const std::lock_guard lock(mutex_);
    for (const FilePtr& file : closed_) {
      if (file->fd) files.push_back(file);
    }
    if (current_) files.push_back(current_);
    folder_changed = std::exchange(folder_changed_, false);
  }
  for (const FilePtr& file : files) {
    if (::fdatasync(file->fd.get()) != 0) return fail_errno("cannot sync " + file->path.string() + " to the disk");
  }
  if (folder_changed) {
    const Fd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || ::fsync(folder.get()) != 0) return fail_errno("cannot sync " + folder_.string() + " to the disk");
  }
  const std::lock_guard lock(mutex_);
  for (const FilePtr& file : files) {
    if (file != current_) file->fd = Fd();
  }
  return {};
}

bool StreamWriter::remove_before(uint64_t number, bool current) {
  std::vector<FilePtr> old;
  {
    const std::lock_guard lock(mutex_);
    while (!closed_.empty() && closed_.front()->end <= number) {
      old.push_back(closed_.front());
      closed_.erase(closed_.begin());
    }
    if (current && closed_.empty() && current_ && current_->end <= number)
      old.push_back(std::exchange(current_, nullptr));
  }
  for (const FilePtr& file : old) remove(*file);
  return !old.empty();
}

bool StreamWriter::give_up_oldest() {
  FilePtr oldest;
  {
    const std::lock_guard lock(mutex_);
    if (closed_.empty()) return false;
    oldest = closed_.front();
    closed_.erase(closed_.begin());
    if (counters_.given_up == 0) {
      log::warn("the journal takes store.journal_size: its oldest file goes though its flows are not stored yet");
    }
    counters_.given_up += oldest->end - oldest->first;
  }
  remove(*oldest);
  return true;
}

void StreamWriter::remove(const File& file) {
  if (::unlink(file.path.c_str()) != 0 && errno != ENOENT)
    log::warn("{}", fail_errno("cannot remove " + file.path.string()).error().message);
  budget_.give_back(file.bytes);
}

uint64_t StreamWriter::oldest() const {
  const std::lock_guard lock(mutex_);
  if (!closed_.empty()) return closed_.front()->first;
  return current_ ? current_->first : end_;
}

StreamCounters StreamWriter::counters() const {
  const std::lock_guard lock(mutex_);
  StreamCounters counters = counters_;
  counters.files = closed_.size() + (current_ ? 1 : 0);
  return counters;
}

}  // namespace weir::journal
