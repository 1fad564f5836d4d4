#include "host/kernel/mounts.h"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace weir::host {
namespace {

// The kernel allows 100,000 mounts in a namespace (fs.mount-max), of about 200 bytes each.
constexpr size_t kMaxTableSize = size_t{64} << 20;

// Overlay is among them because whole machines run on it. One whose lower layer is on another machine may hang.
constexpr auto kLocalTypes = std::to_array<std::string_view>({
    "adfs",      "affs",    "apfs",     "bcachefs",   "befs",      "bfs",     "binfmt_misc", "bpf",      "btrfs",
    "cgroup",    "cgroup2", "configfs", "cramfs",     "debugfs",   "devpts",  "devtmpfs",    "efivarfs", "efs",
    "erofs",     "exfat",   "ext2",     "ext3",       "ext4",      "f2fs",    "hfs",         "hfsplus",  "hpfs",
    "hugetlbfs", "iso9660", "jffs2",    "jfs",        "minix",     "mqueue",  "msdos",       "nilfs2",   "nsfs",
    "ntfs",      "ntfs3",   "omfs",     "overlay",    "proc",      "pstore",  "qnx4",        "qnx6",     "ramfs",
    "reiserfs",  "romfs",   "rootfs",   "securityfs", "selinuxfs", "smackfs", "squashfs",    "sysfs",    "sysv",
    "tmpfs",     "tracefs", "ubifs",    "udf",        "ufs",       "vfat",    "xfs",         "zfs",      "zonefs",
});

bool is_octal(char digit) { return digit >= '0' && digit <= '7'; }

}  // namespace

std::string unescaped(std::string_view field) {
  std::string text;
  text.reserve(field.size());
  for (size_t i = 0; i < field.size(); ++i) {
    const std::string_view digits = field[i] == '\\' ? field.substr(i + 1, 3) : std::string_view();
    if (digits.size() == 3 && digits[0] <= '3' && std::ranges::all_of(digits, is_octal)) {
      text += static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + (digits[2] - '0'));
      i += 3;
    } else {
      text += field[i];
    }
  }
  return text;
}

std::optional<Mount> parse_mount(std::string_view line) {
  Mount mount;
  next_word(line);
  next_word(line);
  const std::string_view numbers = next_word(line);
  const size_t colon = numbers.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto major = parse_number<uint32_t>(numbers.substr(0, colon));
  const auto minor = parse_number<uint32_t>(numbers.substr(colon + 1));
  if (!major || !minor) return std::nullopt;
  mount.major = *major;
  mount.minor = *minor;
  next_word(line);  // the root within the file system
  mount.point = unescaped(next_word(line));
  mount.options = next_word(line);
  std::string_view optional_field = next_word(line);
  while (!optional_field.empty() && optional_field != "-") optional_field = next_word(line);
  mount.type = unescaped(next_word(line));
  // An empty source is written as an empty word between two spaces.
  if (line.starts_with("  ")) {
    line.remove_prefix(1);
  } else {
    mount.device = unescaped(next_word(line));
  }
  mount.super_options = next_word(line);
  if (!mount.point.starts_with('/') || mount.type.empty()) return std::nullopt;
  return mount;
}

bool has_option(std::string_view options, std::string_view option) {
  while (!options.empty()) {
    const size_t comma = std::min(options.find(','), options.size());
    if (options.substr(0, comma) == option) return true;
    options.remove_prefix(std::min(comma + 1, options.size()));
  }
  return false;
}

bool answers_at_once(std::string_view type) { return std::ranges::find(kLocalTypes, type) != kLocalTypes.end(); }

Result<bool> MountTable::refresh() {
  if (fd_) {
    pollfd changed{.fd = fd_.get(), .events = POLLPRI, .revents = 0};
    if (::poll(&changed, 1, 0) == 0) return false;
  }
  std::string_view text = TRY(read());
  mounts_.clear();
  damaged_ = 0;
  while (!text.empty()) {
    if (auto mount = parse_mount(next_line(text))) {
      mounts_.push_back(std::move(*mount));
    } else {
      ++damaged_;
    }
  }
  return true;
}

// The whole table. If it changes during the read, poll() reports that at the next scrape.
Result<std::string_view> MountTable::read() {
  if (!fd_) fd_ = Fd(::open(of_init_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd_) fd_ = Fd(::open(own_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd_) return fail("{}: {}", own_, std::strerror(errno));
  if (buffer_.empty()) buffer_.resize(4096);
  size_t filled = 0;
  while (true) {
    const ssize_t got =
        ::pread(fd_.get(), buffer_.data() + filled, buffer_.size() - filled, static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 || filled > kMaxTableSize) {
      const int error = got < 0 ? errno : EFBIG;
      fd_ = Fd();
      return fail("{}: {}", own_, std::strerror(error));
    }
    if (got == 0) return std::string_view(buffer_).substr(0, filled);
    filled += static_cast<size_t>(got);
    if (filled == buffer_.size()) buffer_.resize(2 * buffer_.size());
  }
}

}  // namespace weir::host
