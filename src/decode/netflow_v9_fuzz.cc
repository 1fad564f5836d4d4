// Sessions of NetFlow v9.
#include "decode/fuzz_session.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint16_t kVersions[] = {9};
  return weir::decode::fuzz::run({data, size}, kVersions);
}
