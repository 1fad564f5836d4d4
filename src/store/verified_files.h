// Which files were found whole before, so that a checksum is read once and not with every question.
//
// DIR/verified; for who may not write there, a file in the cache folder of the user. Little-endian:
//   "weirver1"
//   kept        8 bytes: how many entries the last tidying left
//   entries     48 bytes each: device, inode, size, modified (ns), changed (ns), hash of the name
//   crc32       4 bytes, of all before
//
// An entry holds for exactly that file: what is written, renamed or restored has other times, and is read again. The
// file is replaced as a whole. Of two processes that write at once one wins, and what the other had found is read
// again. One that is damaged counts as empty.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "store/segments.h"

namespace weir::store {

inline constexpr std::string_view kVerifiedFile = "verified";

struct FileIdentity {
  std::array<uint64_t, 6> words{};
  bool operator==(const FileIdentity&) const = default;
  // Nothing if it is not there.
  static std::optional<FileIdentity> of(const Segment& segment);
  // True if it was last touched so long ago that a change from now on changes its times, however coarse they are.
  bool settled() const;
};

class VerifiedFiles {
  struct Hash {
    size_t operator()(const FileIdentity& file) const;
  };

 public:
  using Set = std::unordered_set<FileIdentity, Hash>;

  explicit VerifiedFiles(std::filesystem::path store);

  bool contains(const FileIdentity& file) const { return known_.contains(file); }
  void add(const FileIdentity& file);
  // Writes what was added. That it cannot costs time later, nothing else.
  void save();

 private:
  void read(const std::filesystem::path& path);
  void tidy();

  std::filesystem::path store_;
  Set known_;
  uint64_t kept_ = 0;
  bool changed_ = false;
};

}  // namespace weir::store
