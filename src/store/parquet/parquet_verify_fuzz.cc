// Any bytes are a whole file, a damaged one or another program's; and no file is whole any more with one bit changed.
// What footers say of themselves is read without harm, and what lies outside of the file is not.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "base/check.h"
#include "base/fd.h"
#include "store/parquet/checksum.h"
#include "store/parquet/footer_reader.h"

namespace weir::store::parquet {
namespace {

void read_layout(const std::string& path, size_t size) {
  const auto source = SourceFile::open(path);
  CHECK(source.has_value());
  const auto layout = source->layout();
  if (!layout || !*layout) return;
  for (const RowGroup& group : (*layout)->groups) {
    CHECK(group.columns.size() == (*layout)->columns.size());
    for (const ColumnChunk& chunk : group.columns) {
      Buffer bytes;
      const bool inside = chunk.data_offset <= size && size - chunk.data_offset >= chunk.compressed_bytes;
      CHECK(source->read(chunk.data_offset, chunk.compressed_bytes, bytes).has_value() == inside);
    }
  }
}

Wholeness wholeness_of(std::string_view bytes) {
  const Fd file(::memfd_create("weir", MFD_CLOEXEC));
  CHECK(file && ::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  const auto verdict = verify_file(path);
  CHECK(verdict.has_value());
  CHECK((verdict->wholeness == Wholeness::damaged) == !verdict->reason.empty());
  read_layout(path, bytes.size());
  return verdict->wholeness;
}

}  // namespace
}  // namespace weir::store::parquet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::store::parquet;
  std::string bytes(data, data + size);
  if (wholeness_of(bytes) != Wholeness::whole) return 0;
  for (size_t bit = 0; bit < 8 * bytes.size(); bit += 1 + bytes.size() / 64) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    CHECK(wholeness_of(bytes) != Wholeness::whole);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
  }
  return 0;
}
