// Puts the addresses of a dictionary in ascending order: neighbours then share most of their bytes, which a compressor
// makes use of, and the least and greatest address of any rows are those of the least and greatest index.
//
// IPv4 addresses lie side by side in ::ffff:0:0/96 and differ in 32 bits, which takes three passes of sort_by_digits;
// all others take twelve. So the two kinds are sorted apart, and the IPv4 ones put in where they belong among the
// others.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ip_address.h"

namespace weir::store::parquet {

// Keeps its memory from one use to the next.
class AddressOrder {
 public:
  // entries: distinct, at most kMostEntries, sorted as bytes; indexes: into them, changed to where each entry went.
  void sort(std::span<IpAddress> entries, std::span<uint16_t> indexes);

 private:
  // Of a v4-mapped address, and where it was.
  struct Mapped {
    uint32_t number;
    uint16_t from;
  };
  struct Other {
    uint64_t high;
    uint64_t low;
    uint16_t from;
  };

  std::vector<Mapped> mapped_;
  std::vector<Mapped> scratch_;
  std::vector<Other> others_;
  std::vector<Other> scratch_others_;
  std::vector<uint16_t> places_;  // by the index of before
};

}  // namespace weir::store::parquet
