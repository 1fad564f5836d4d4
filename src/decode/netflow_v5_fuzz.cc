// Sessions of NetFlow v1, v5 and v7.
#include "decode/fuzz_session.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint16_t kVersions[] = {1, 5, 7};
  return weir::decode::fuzz::run({data, size}, kVersions);
}
