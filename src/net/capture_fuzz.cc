// A whole capture file from an attacker: it is read to its end or to an error, and every frame is accounted for.
#include "base/check.h"
#include "net/capture.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto reader = weir::net::CaptureReader::open_bytes({data, size});
  if (!reader) return 0;
  uint64_t datagrams = 0;
  uint64_t sum = 0;
  while (true) {
    const auto next = reader->next();
    if (!next || !*next) break;
    ++datagrams;
    for (const uint8_t byte : (*next)->datagram.bytes) sum += byte;
    CHECK((*next)->datagram.bytes.size() <= 65535);
  }
  const weir::net::CaptureCounts& counts = reader->counts();
  CHECK(counts.datagrams == datagrams);
  CHECK(counts.frames == counts.datagrams + counts.other_frames + counts.damaged_frames + counts.fragment_frames);
  CHECK(sum <= datagrams * 65535 * 255);
  return 0;
}
