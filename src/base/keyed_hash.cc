#include "base/keyed_hash.h"

#include <random>

namespace weir {
namespace {

std::array<uint64_t, 3> random_key() {
  std::random_device device;
  const auto word = [&] { return uint64_t{device()} << 32 | device(); };
  return {word(), word() | 1, word()};
}

}  // namespace

const std::array<uint64_t, 3> kHashKey = random_key();

}  // namespace weir
