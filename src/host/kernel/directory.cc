#include "host/kernel/directory.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/kept_file.h"

namespace weir::host {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// FNV-1a.
uint64_t hash_of(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace

// struct linux_dirent64: u64 inode, s64 offset, u16 length of the record, u8 type, name up to a zero byte.
std::string_view next_name(std::span<const char>& records) {
  constexpr size_t kLengthAt = 16;
  constexpr size_t kNameAt = 19;
  uint16_t length = 0;
  if (records.size() > kNameAt) std::memcpy(&length, &records[kLengthAt], sizeof length);
  if (length <= kNameAt || length > records.size()) {
    records = {};
    return {};
  }
  const auto name = records.subspan(kNameAt, length - kNameAt);
  records = records.subspan(length);
  return std::string_view(name.data(), name.size()).substr(0, std::ranges::find(name, '\0') - name.begin());
}

Directory::Directory(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

bool Directory::fill() {
  if (!fd_) return false;
  const ssize_t got = ::getdents64(fd_.get(), records_.data(), records_.size());
  filled_ = got > 0 ? static_cast<size_t>(got) : 0;
  return filled_ > 0;
}

bool natural_less(std::string_view left, std::string_view right) {
  while (!left.empty() && !right.empty()) {
    if (is_digit(left[0]) && is_digit(right[0])) {
      const auto cut = [](std::string_view& text) {
        const size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
        std::string_view digits = text.substr(0, end);
        text.remove_prefix(end);
        digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
        return digits;
      };
      const std::string_view a = cut(left);
      const std::string_view b = cut(right);
      if (a.size() != b.size()) return a.size() < b.size();
      if (a != b) return a < b;
    } else {
      if (left[0] != right[0]) return static_cast<unsigned char>(left[0]) < static_cast<unsigned char>(right[0]);
      left.remove_prefix(1);
      right.remove_prefix(1);
    }
  }
  return left.size() < right.size();
}

std::vector<std::string> list_directory(const std::string& path, std::string_view prefix) {
  std::vector<std::string> names;
  Directory(path).each([&](std::string_view name) {
    if (name.starts_with(prefix) && names.size() < kMaxNames) names.emplace_back(name);
  });
  std::ranges::sort(names, [](const std::string& a, const std::string& b) {
    if (natural_less(a, b)) return true;
    return !natural_less(b, a) && a < b;  // "md0" and "md00"
  });
  return names;
}

std::string real_path(const std::string& path) {
  std::error_code error;
  return std::filesystem::canonical(path, error).string();
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool DirectoryWatch::changed() {
  if (skip_ > 0) {
    --skip_;
    return false;
  }
  Directory directory(path_);
  there_ = static_cast<bool>(directory);
  skip_ = (there_ ? kCallsUntilLook : kReadsUntilRecheck) - 1;
  uint64_t digest = there_ ? 1 : 0;
  // The sum, since the kernel gives the names in any order.
  directory.each([&](std::string_view name) {
    if (name.starts_with(prefix_)) digest += hash_of(name);
  });
  if (!first_ && digest == digest_) return false;
  first_ = false;
  digest_ = digest;
  return true;
}

}  // namespace weir::host
