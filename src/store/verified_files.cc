#include "store/verified_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include "base/fd.h"
#include "base/file_access.h"
#include "base/time.h"
#include "store/files.h"
#include "store/layout.h"
#include "store/parquet/compression.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;
static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kMagic = "weirver1";
constexpr size_t kEntryBytes = sizeof(FileIdentity::words);
constexpr size_t kHeadBytes = 16;
constexpr size_t kCrcBytes = 4;
constexpr uint64_t kMostBytes = uint64_t{256} << 20;
constexpr uint64_t kSpare = 4096;  // entries of files that are gone, before they are looked for
constexpr uint64_t kSettleNs = 2'000'000'000;

uint64_t nanoseconds(const timespec& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

// FNV-1a: nobody who may write here gains anything by a collision.
uint64_t hash_of(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

// A file for each store, by the folder's device and inode; empty without a home.
fs::path user_file(const fs::path& store) {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  struct stat status{};
  if (::stat(store.c_str(), &status) != 0) return {};
  const std::string name = fmt::format("verified-{:x}-{:x}", status.st_dev, status.st_ino);
  if (cache != nullptr && *cache == '/') return fs::path(cache) / "weir" / name;
  if (home != nullptr && *home == '/') return fs::path(home) / ".cache/weir" / name;
  return {};
}

}  // namespace

std::optional<FileIdentity> FileIdentity::of(const Segment& segment) {
  struct stat status{};
  if (::stat(segment.path.c_str(), &status) != 0) return std::nullopt;
  return FileIdentity{{status.st_dev, status.st_ino, static_cast<uint64_t>(status.st_size), nanoseconds(status.st_mtim),
                       nanoseconds(status.st_ctim), hash_of(segment.path.filename().string())}};
}

bool FileIdentity::settled() const {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const uint64_t before = nanoseconds(now) - kSettleNs;
  return words[3] < before && words[4] < before;
}

size_t VerifiedFiles::Hash::operator()(const FileIdentity& file) const {
  uint64_t hash = 0;
  for (const uint64_t word : file.words) hash = (std::rotl(hash, 5) ^ word) * 0x9e3779b97f4a7c15;
  return hash;
}

VerifiedFiles::VerifiedFiles(fs::path store) : store_(std::move(store)) {
  read(store_ / kVerifiedFile);
  if (const fs::path own = user_file(store_); !own.empty()) read(own);
}

void VerifiedFiles::read(const fs::path& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size > kMostBytes || size < kHeadBytes + kCrcBytes || (size - kHeadBytes - kCrcBytes) % kEntryBytes != 0) return;
  std::vector<uint8_t> bytes(size);
  if (!read_at(file, path, 0, bytes) || std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) return;
  uint32_t stored;
  std::memcpy(&stored, bytes.data() + size - kCrcBytes, kCrcBytes);
  if (stored != parquet::crc32(std::span(bytes).first(size - kCrcBytes))) return;
  uint64_t kept;
  std::memcpy(&kept, bytes.data() + kMagic.size(), sizeof kept);
  kept_ = std::max(kept_, kept);
  known_.reserve(known_.size() + size / kEntryBytes);
  for (size_t at = kHeadBytes; at + kCrcBytes < size; at += kEntryBytes) {
    FileIdentity entry;
    std::memcpy(entry.words.data(), bytes.data() + at, kEntryBytes);
    known_.insert(entry);
  }
}

void VerifiedFiles::add(const FileIdentity& file) { changed_ |= known_.insert(file).second; }

// Leaves out what is gone. Asks for the names of all segments, so it is done seldom.
void VerifiedFiles::tidy() {
  std::unordered_set<uint64_t> names;
  for (const flow::Table table : flow::kTables) {
    const auto hours = list_hours(store_, table);
    if (!hours) return;
    for (const HourFolder& hour : *hours) {
      const auto segments = scan_hour(hour);
      if (!segments) return;
      for (const Segment& segment : *segments) names.insert(hash_of(segment.path.filename().string()));
    }
  }
  std::erase_if(known_, [&](const FileIdentity& file) { return !names.contains(file.words.back()); });
  kept_ = known_.size();
}

void VerifiedFiles::save() {
  if (!changed_) return;
  changed_ = false;
  read(store_ / kVerifiedFile);  // what others have found meanwhile
  if (known_.size() > 2 * kept_ + kSpare) tidy();
  std::string content(kMagic);
  const auto append = [&](const auto& value) { content.append(reinterpret_cast<const char*>(&value), sizeof value); };
  append(kept_);
  for (const FileIdentity& file : known_) append(file.words);
  append(parquet::crc32({reinterpret_cast<const uint8_t*>(content.data()), content.size()}));
  if (content.size() > kMostBytes || replace_quickly(store_ / kVerifiedFile, content)) return;
  const fs::path own = user_file(store_);
  if (own.empty()) return;
  (void)create_folders(own.parent_path(), kOwnFolder);
  replace_quickly(own, content);
}

}  // namespace weir::store
