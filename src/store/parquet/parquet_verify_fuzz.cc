// Any octets are a whole file, a damaged one or another program's; and no file is whole any more with one bit changed.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "base/check.h"
#include "store/files.h"
#include "store/parquet/checksum.h"

namespace weir::store::parquet {
namespace {

Wholeness wholeness_of(std::string_view octets) {
  const Descriptor file(::memfd_create("weir", MFD_CLOEXEC));
  CHECK(file && ::write(file.get(), octets.data(), octets.size()) == static_cast<ssize_t>(octets.size()));
  const auto verdict = verify_file("/proc/self/fd/" + std::to_string(file.get()));
  CHECK(verdict.has_value());
  CHECK((verdict->wholeness == Wholeness::damaged) == !verdict->reason.empty());
  return verdict->wholeness;
}

}  // namespace
}  // namespace weir::store::parquet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::store::parquet;
  std::string octets(data, data + size);
  if (wholeness_of(octets) != Wholeness::whole) return 0;
  for (size_t bit = 0; bit < 8 * octets.size(); bit += 1 + octets.size() / 64) {
    octets[bit / 8] = static_cast<char>(octets[bit / 8] ^ 1 << bit % 8);
    CHECK(wholeness_of(octets) != Wholeness::whole);
    octets[bit / 8] = static_cast<char>(octets[bit / 8] ^ 1 << bit % 8);
  }
  return 0;
}
