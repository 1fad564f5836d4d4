// Sessions of IPFIX.
#include "decode/fuzz_session.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint16_t kVersions[] = {10};
  return weir::decode::fuzz::run({data, size}, kVersions);
}
