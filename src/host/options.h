// What a user may choose; src/app/weir_host fills it from the command line. Flags have node_exporter's names.
#pragma once

#include <string>
#include <vector>

namespace weir::host {

// Regular expressions (RE2 syntax as far as POSIX extended and ECMAScript agree) over a name; at most one of both.
struct Selection {
  std::string include;
  std::string exclude;
};

struct Options {
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
  std::string rootfs = "/";
  std::string udev_data = "/run/udev/data";

  // One group of members for each collector that has flags, in the order of the alphabet.
};

}  // namespace weir::host
