// Hashes of what senders choose: addresses, domains, numbers in options records, layouts of templates. A fixed hash
// can be calculated by anybody, who then sends 50,000 values for one place of a table. These have a key of the process,
// which nobody outside knows.
#pragma once

#include <array>
#include <cstdint>

namespace weir {

// Random, set before main() begins. The second one is odd.
extern const std::array<uint64_t, 3> kHashKey;

// The 128 bits of a product, folded: every bit of both factors moves every bit of the result.
inline uint64_t fold_product(uint64_t a, uint64_t b) {
  __extension__ using Product = unsigned __int128;
  const Product product = static_cast<Product>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t keyed_hash(uint64_t value) { return fold_product(value ^ kHashKey[0], kHashKey[1]); }
inline uint64_t keyed_hash(uint64_t first, uint64_t second) {
  return fold_product(fold_product(first ^ kHashKey[0], second ^ kHashKey[1]) ^ kHashKey[2], kHashKey[1]);
}

// Of the keys of hash tables.
struct KeyedHash {
  using is_avalanching = void;  // Boost mixes it no further
  uint64_t operator()(uint64_t value) const { return keyed_hash(value); }
};

}  // namespace weir
