// The table of mounts (/proc/PID/mountinfo, proc(5)).
//
//   36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
//   id  parent major:minor root mount-point options optional-fields... - type source super-options
//
// Spaces, tabs, line feeds, backslashes and '#' within a field are written as a backslash and three octal digits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/kept_file.h"
#include "base/result.h"

namespace weir::host {

struct Mount {
  std::string device;  // with these numbers:
  uint32_t major = 0;
  uint32_t minor = 0;
  std::string point;
  std::string type;
  std::string options;        // of this mount
  std::string super_options;  // of the file system
};

// Undoes the escapes.
std::string unescaped(std::string_view field);

// One line of the table; nothing if it is damaged.
std::optional<Mount> parse_mount(std::string_view line);

// "rw,ro,noatime" has "ro".
bool has_option(std::string_view options, std::string_view option);

// Whether a file system of this type answers statfs without asking another machine or process. Unknown types do not.
bool answers_at_once(std::string_view type);

// The table, read again only when the kernel says that something was mounted or unmounted.
class MountTable {
 public:
  // The table of process 1 if we may read it, else our own.
  explicit MountTable(const std::string& procfs)
      : of_init_(procfs + "/1/mountinfo"), own_(procfs + "/self/mountinfo") {}

  // True if mounts() has changed. Damaged lines are left out and counted.
  Result<bool> refresh();
  const std::vector<Mount>& mounts() const { return mounts_; }
  size_t damaged() const { return damaged_; }

 private:
  Result<std::string_view> read();

  std::string of_init_;
  std::string own_;
  Fd fd_;
  std::string buffer_;
  std::vector<Mount> mounts_;
  size_t damaged_ = 0;
};

}  // namespace weir::host
