#include "journal/journal.h"

#include <sys/random.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/log.h"

namespace weir::journal {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kReachedFile = "reached";
constexpr size_t kStatesKept = 2;
constexpr uint64_t kLeastFileBytes = uint64_t{256} << 10;

uint64_t random_number() {
  uint64_t number = 0;
  while (::getrandom(&number, sizeof number, 0) != sizeof number || number == 0) {
  }
  return number;
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(JournalOptions options) {
  std::error_code error;
  fs::create_directories(options.folder, error);
  if (error) return fail("cannot make the folder of the journal, {}: {}", options.folder.string(), error.message());
  Leftover leftover = TRY(read_leftover(options.folder));
  return std::unique_ptr<Journal>(new Journal(std::move(options), std::move(leftover)));
}

Journal::Journal(JournalOptions options, Leftover leftover)
    : options_(std::move(options)),
      leftover_(std::move(leftover)),
      // Later than those before, whatever the clock says.
      run_(std::max(static_cast<uint64_t>(to_us(options_.started)),
                    leftover_.streams.empty() ? 0 : leftover_.streams.back().header.run + 1)) {
  for (const LeftStream& left : leftover_.streams) {
    Stream& stream = streams_[left.header.stream];
    stream.earlier = true;
    for (const LeftFile& file : left.files) {
      disk_bytes_ += file.bytes;
      left_files_.emplace_back(left.header.stream, file);
    }
    counters_.damaged += left.damaged;
  }
  counters_.damaged += leftover_.unreadable;
}

// A thread has at least two files, and what it needs is seldom in more than a few.
uint64_t Journal::file_bytes() const {
  constexpr uint64_t kStreams = 4;
  return std::clamp(options_.max_bytes / (4 * kStreams), kLeastFileBytes, options_.file_bytes);
}

StreamWriter& Journal::add_stream(uint32_t thread) {
  const FileHeader header{.thread = thread, .stream = random_number(), .run = run_, .file = 0};
  auto writer = std::make_unique<StreamWriter>(options_.folder, header, 1, file_bytes(), *this);
  const std::lock_guard lock(mutex_);
  Stream& stream = streams_[header.stream];
  stream.writer = std::move(writer);
  return *stream.writer;
}

void Journal::note_held(uint64_t stream, const std::vector<flow::SetPlace>& places) {
  StreamWriter* writer = nullptr;
  {
    const std::lock_guard lock(mutex_);
    Stream& known = streams_[stream];
    if (!known.writer) {
      const LeftStream& left = *leftover_.find(stream);
      known.writer =
          std::make_unique<StreamWriter>(options_.folder, left.header, left.next_file, kLeastFileBytes, *this);
    }
    writer = known.writer.get();
  }
  writer->append_held(places);
}

void Journal::sent(const flow::Marks& marks) {
  const std::lock_guard lock(mutex_);
  for (const flow::StreamMarks& of : marks.streams()) streams_[of.stream].under_way.insert(of.oldest());
}

void Journal::answered(const flow::Marks& marks) {
  const std::lock_guard lock(mutex_);
  for (const flow::StreamMarks& of : marks.streams()) {
    std::multiset<uint64_t>& under_way = streams_[of.stream].under_way;
    if (const auto found = under_way.find(of.oldest()); found != under_way.end()) under_way.erase(found);
  }
}

void Journal::set_floor(uint64_t stream, uint64_t rows, uint64_t waiting) {
  const std::lock_guard lock(mutex_);
  streams_[stream].floor = rows;
  streams_[stream].waiting = waiting;
}

bool Journal::is_done(const std::map<uint64_t, uint64_t>& next_numbers) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::all_of(next_numbers, [&](const auto& reached) {
    const auto& [id, next] = reached;
    const auto stream = streams_.find(id);
    return stream == streams_.end() || (stream->second.floor >= next && (stream->second.under_way.empty() ||
                                                                         *stream->second.under_way.begin() >= next));
  });
}

bool Journal::is_earlier(const flow::Marks& marks) const {
  return std::ranges::any_of(marks.streams(),
                             [&](const flow::StreamMarks& of) { return leftover_.find(of.stream) != nullptr; });
}

void Journal::state_reaches(Timestamp saved, const std::map<uint64_t, uint64_t>& next_numbers) {
  const std::lock_guard lock(mutex_);
  reached_[saved] = next_numbers;
  while (reached_.size() > kStatesKept) reached_.erase(reached_.begin());
  const fs::path path = options_.folder / kReachedFile;
  fs::path temporary = path;
  temporary += ".tmp";
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    for (const auto& [time, numbers] : reached_) {
      file << fmt::format("{}", to_us(time));
      for (const auto& [stream, next] : numbers) file << fmt::format(" {:x}:{:x}", stream, next);
      file << '\n';
    }
    if (!file.flush()) return;
  }
  std::error_code ignored;
  fs::rename(temporary, path, ignored);
}

std::map<uint64_t, uint64_t> Journal::reached_by(Timestamp saved) const {
  std::ifstream file(options_.folder / kReachedFile, std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    int64_t time = 0;
    if (!(words >> time) || time != to_us(saved)) continue;
    std::map<uint64_t, uint64_t> reached;
    uint64_t stream = 0;
    uint64_t next = 0;
    char colon = 0;
    while (words >> std::hex >> stream >> colon >> next) reached[stream] = next;
    return reached;
  }
  return {};
}

void Journal::state_saved(const std::map<uint64_t, uint64_t>& next_numbers) {
  const std::lock_guard lock(mutex_);
  for (const auto& [stream, number] : next_numbers) streams_[stream].state = number;
  saved_since_replay_ |= replayed_;
}

void Journal::replayed(const std::map<uint64_t, uint64_t>& waiting) {
  const std::lock_guard lock(mutex_);
  replayed_ = true;
  for (auto& [id, stream] : streams_) {
    if (!stream.earlier) continue;
    const auto first = waiting.find(id);
    stream.floor = UINT64_MAX;
    stream.waiting = first == waiting.end() ? UINT64_MAX : first->second;
  }
}

void Journal::count_replayed(const ReplayCounters& more) {
  const std::lock_guard lock(mutex_);
  ReplayCounters& all = counters_.replayed;
  all.datagrams += more.datagrams;
  all.rows += more.rows;
  all.known_rows += more.known_rows;
  all.not_decoded += more.not_decoded;
}

void Journal::sync() {
  std::vector<StreamWriter*> writers;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, stream] : streams_) {
      if (stream.writer) writers.push_back(stream.writer.get());
    }
  }
  for (StreamWriter* writer : writers) {
    if (const Result<> synced = writer->sync(); !synced) {
      const std::lock_guard lock(mutex_);
      if (counters_.sync_failures++ == 0) log::warn("{}", synced.error().message);
    }
  }
}

void Journal::clean(bool last) {
  clean_earlier(last);
  std::vector<std::pair<StreamWriter*, uint64_t>> needed;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, stream] : streams_) {
      if (stream.earlier || !stream.writer) continue;
      uint64_t first = std::min(stream.floor, stream.waiting);
      if (!stream.under_way.empty()) first = std::min(first, *stream.under_way.begin());
      if (options_.state_file && !last) first = std::min(first, stream.state);
      needed.emplace_back(stream.writer.get(), first);
    }
  }
  for (const auto& [writer, first] : needed) writer->remove_before(first, last);
  std::error_code ignored;
  if (last) fs::remove(options_.folder / kReachedFile, ignored);
}

// Of earlier runs a file goes when everything has been decoded again, and nothing of it or before it is under way.
void Journal::clean_earlier(bool last) {
  std::vector<LeftFile> old;
  std::vector<StreamWriter*> writers;
  {
    const std::lock_guard lock(mutex_);
    if (left_files_.empty() || !replayed_ || (options_.state_file && !saved_since_replay_ && !last)) return;
    for (const auto& [id, stream] : streams_) {
      if (!stream.earlier) continue;
      uint64_t first = stream.waiting;
      if (!stream.under_way.empty()) first = std::min(first, *stream.under_way.begin());
      const auto is_old = [&](const auto& left) { return left.first == id && left.second.end <= first; };
      for (const auto& left : left_files_) {
        if (is_old(left)) old.push_back(left.second);
      }
      std::erase_if(left_files_, is_old);
      const bool has_any = std::ranges::any_of(left_files_, [&](const auto& left) { return left.first == id; });
      if (!has_any && stream.writer) writers.push_back(stream.writer.get());
    }
  }
  // What waited there for the first time is told of only as long as it is needed.
  for (StreamWriter* writer : writers) writer->remove_before(UINT64_MAX, true);
  for (const LeftFile& file : old) {
    std::error_code error;
    if (!fs::remove(file.path, error) && error) log::warn("cannot remove {}: {}", file.path.string(), error.message());
    give_back(file.bytes);
  }
}

// The first datagram in the files of a stream; the lock is held.
uint64_t Journal::first_in_files(uint64_t id) const {
  const auto known = streams_.find(id);
  if (known == streams_.end()) return UINT64_MAX;
  if (!known->second.earlier) return known->second.writer->oldest();
  const bool has_any = std::ranges::any_of(left_files_, [&](const auto& left) { return left.first == id; });
  return has_any ? 0 : UINT64_MAX;
}

void Journal::drop_removed(flow::Marks& marks) const {
  std::vector<std::pair<uint64_t, uint64_t>> before;
  {
    const std::lock_guard lock(mutex_);
    for (const flow::StreamMarks& of : marks.streams()) before.emplace_back(of.stream, first_in_files(of.stream));
  }
  for (const auto& [stream, number] : before) marks.drop_before(stream, number);
}

JournalCounters Journal::counters() const {
  const std::lock_guard lock(mutex_);
  JournalCounters all = counters_;
  all.writing = true;
  all.disk_bytes = disk_bytes_;
  all.files = left_files_.size();
  for (const auto& [id, stream] : streams_) {
    if (!stream.writer) continue;
    const StreamCounters one = stream.writer->counters();
    all.writing = all.writing && (one.writing || one.last_error.empty());
    all.records += one.records;
    all.bytes += one.bytes;
    all.files += one.files;
    all.not_written += one.not_written;
    all.given_up += one.given_up;
    if (!one.last_error.empty()) all.last_error = one.last_error;
  }
  return all;
}

bool Journal::take(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (disk_bytes_ + bytes > options_.max_bytes) return false;
  disk_bytes_ += bytes;
  return true;
}

void Journal::give_back(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  disk_bytes_ -= std::min(disk_bytes_, bytes);
}

}  // namespace weir::journal
