#include "base/file_access.h"

#include <fmt/format.h>
#include <sys/stat.h>

namespace weir {

std::optional<std::string> key_too_open(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  const mode_t open_to_others = status.st_mode & 077;
  if (open_to_others == 0 || (status.st_uid == 0 && (open_to_others & ~mode_t{040}) == 0)) return std::nullopt;
  return fmt::format(
      "permissions 0{:o} for {} are too open: a private key is to be accessible by its owner only (chmod 600), or by a "
      "group, too, if root owns it (chmod 640)",
      status.st_mode & 0777, path);
}

}  // namespace weir
