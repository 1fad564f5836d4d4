#include "journal/leftover.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/fd.h"
#include "base/log.h"
#include "journal/stream_writer.h"

namespace weir::journal {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".journal";

void read_records(ByteView file, LeftStream& stream, LeftFile& left) {
  RecordReader reader(file);
  while (const auto record = reader.next()) {
    left.end = std::max(left.end, record->number + 1);
    if (record->kind == RecordKind::held) stream.held.push_back({record->number, record->set});
    if (record->kind != RecordKind::datagram) continue;
    ++stream.records;
    const Timestamp received = record->datagram.received;
    stream.first = std::min(stream.first.value_or(received), received);
    stream.last = std::max(stream.last.value_or(received), received);
  }
  stream.damaged += reader.damaged();
  left.bytes = reader.end();
}

void set_aside(const fs::path& path) {
  fs::path corrupt = path;
  corrupt += ".corrupt";
  std::error_code error;
  fs::rename(path, corrupt, error);
  log::error("{} is no file of the journal, or damaged; {}", path.string(),
             error ? "it could not be set aside: " + error.message() : "set aside as " + corrupt.string());
}

}  // namespace

Result<MappedFile> MappedFile::open(const fs::path& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return fail_errno("cannot read " + path.string());
  if (!S_ISREG(status.st_mode)) return fail("cannot read {}: it is not a file", path.string());
  const auto size = static_cast<size_t>(status.st_size);
  if (size == 0) return MappedFile(ByteView{});
  void* const bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (bytes == MAP_FAILED) return fail_errno("cannot read " + path.string());
  return MappedFile(ByteView(static_cast<const uint8_t*>(bytes), size));
}

MappedFile::~MappedFile() {
  if (bytes_.empty()) return;
  ::munmap(const_cast<uint8_t*>(bytes_.data()),  // NOLINT(cppcoreguidelines-pro-type-const-cast): it is ours to unmap
           bytes_.size());
}

bool LeftStream::was_held(flow::SetPlace place) const { return std::ranges::binary_search(held, place); }

const LeftStream* Leftover::find(uint64_t stream) const {
  const auto found = std::ranges::find(streams, stream, [](const LeftStream& left) { return left.header.stream; });
  return found == streams.end() ? nullptr : &*found;
}

std::optional<Timestamp> Leftover::first_received() const {
  std::optional<Timestamp> first;
  for (const LeftStream& stream : streams) {
    if (stream.first) first = std::min(first.value_or(*stream.first), *stream.first);
  }
  return first;
}

std::optional<Timestamp> Leftover::last_received() const {
  std::optional<Timestamp> last;
  for (const LeftStream& stream : streams) {
    if (stream.last) last = std::max(last.value_or(*stream.last), *stream.last);
  }
  return last;
}

Result<Leftover> read_leftover(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename().string().ends_with(kSuffix)) paths.push_back(it->path());
  }
  if (error) return fail("cannot read the journal in {}: {}", folder.string(), error.message());
  // Of one stream in the order of their numbers.
  std::ranges::sort(paths);
  Leftover left;
  std::map<uint64_t, LeftStream> streams;
  for (const fs::path& path : paths) {
    const MappedFile file = TRY(MappedFile::open(path));
    const auto header = decode_header(file.bytes());
    if (!header || path.filename() != file_name(header->stream, header->file)) {
      ++left.unreadable;
      set_aside(path);
      continue;
    }
    LeftStream& stream = streams[header->stream];
    if (stream.files.empty()) stream.header = *header;
    stream.next_file = header->file + 1;
    LeftFile& one = stream.files.emplace_back(path);
    const uint64_t before = file.bytes().size();
    read_records(file.bytes(), stream, one);
    if (one.bytes < before) fs::resize_file(path, one.bytes, error);
  }
  for (auto& [id, stream] : streams) {
    std::ranges::sort(stream.held);
    left.streams.push_back(std::move(stream));
  }
  std::ranges::stable_sort(left.streams, {},
                           [](const LeftStream& stream) { return std::pair(stream.header.run, stream.header.thread); });
  return left;
}

void LeftoverReader::advance(Cursor& cursor) {
  const std::vector<LeftFile>& files = leftover_.streams[cursor.stream].files;
  while (true) {
    cursor.record = cursor.reader ? cursor.reader->next() : std::nullopt;
    if (cursor.record) {
      if (cursor.record->kind == RecordKind::datagram) cursor.time = cursor.record->datagram.received;
      return;
    }
    cursor.reader.reset();
    if (cursor.file == files.size()) return;
    auto mapped = MappedFile::open(files[cursor.file++].path);
    if (!mapped) {
      log::error("{}", mapped.error().message);
      continue;
    }
    cursor.mapped.emplace(std::move(*mapped));
    cursor.reader.emplace(cursor.mapped->bytes());
  }
}

void LeftoverReader::open_run() {
  const std::vector<LeftStream>& streams = leftover_.streams;
  if (next_stream_ == streams.size()) return;
  const uint64_t run = streams[next_stream_].header.run;
  cursors_.clear();
  for (; next_stream_ < streams.size() && streams[next_stream_].header.run == run; ++next_stream_) {
    Cursor& cursor = cursors_.emplace_back();
    cursor.stream = next_stream_;
    advance(cursor);
  }
}

std::optional<LeftoverReader::Next> LeftoverReader::next() {
  if (returned_ != nullptr) advance(*returned_);
  returned_ = nullptr;
  while (true) {
    for (Cursor& cursor : cursors_) {
      if (cursor.record && (returned_ == nullptr || cursor.time < returned_->time)) returned_ = &cursor;
    }
    if (returned_ != nullptr) return Next{returned_->stream, *returned_->record};
    if (next_stream_ == leftover_.streams.size()) return std::nullopt;
    open_run();
  }
}

bool Coverage::is_stored(flow::Table table, uint64_t stream, flow::SetPlace place) const {
  const flow::StreamMarks* const stored = stored_[table].find(stream);
  if (stored == nullptr) return false;
  const LeftStream* const left = leftover_.find(stream);
  if (place.set != 0 && left != nullptr && left->was_held(place)) return stored->has_early(place);
  return stored->has(place.datagram);
}

}  // namespace weir::journal
