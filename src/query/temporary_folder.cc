#include "query/temporary_folder.h"

#include <cstdlib>
#include <string>
#include <utility>

namespace weir::query {

Result<TemporaryFolder> TemporaryFolder::create() {
  const char* named = std::getenv("TMPDIR");
  std::string error;
  for (const char* parent : {named, "/var/tmp", "/tmp"}) {
    if (parent == nullptr || *parent == '\0') continue;
    std::string path = std::string(parent) + "/weir-query-XXXXXX";
    if (mkdtemp(path.data()) != nullptr) return TemporaryFolder(path);
    if (error.empty()) error = fail_errno("cannot create a folder below " + std::string(parent)).error().message;
  }
  return fail("{}; set TMPDIR to a folder with room for intermediate results", error);
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace weir::query
