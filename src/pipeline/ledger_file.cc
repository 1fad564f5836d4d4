#include "pipeline/ledger_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>

namespace weir::pipeline {

Result<LedgerReport> read_ledger(const std::filesystem::path& store) {
  const std::filesystem::path path = store / "ledger.json";
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::error_code error;
    if (!std::filesystem::is_directory(store, error)) {
      return fail("there is no store at {}: choose one with --store", store.string());
    }
    return fail("there is no ledger in {} yet: weir collect writes it every few seconds, weir replay at its end",
                store.string());
  }
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto report = ledger_from_json(text);
  if (!report) return fail("{}: {}", path.string(), report.error().message);
  return report;
}

bool store_is_in_use(const std::filesystem::path& store) {
  const int fd = ::open((store / "lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool free = ::flock(fd, LOCK_SH | LOCK_NB) == 0;
  const bool in_use = !free && errno == EWOULDBLOCK;
  ::close(fd);  // and with it the shared lock
  return in_use;
}

}  // namespace weir::pipeline
