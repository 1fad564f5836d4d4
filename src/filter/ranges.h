// Lists of networks in order.
#pragma once

#include <algorithm>
#include <vector>

#include "base/ip_address.h"

namespace weir::filter {

// Ordered, and without those inside others: prefixes lie inside each other or apart.
inline std::vector<IpPrefix> in_order(std::vector<IpPrefix> ranges) {
  const auto before = [](const IpPrefix& a, const IpPrefix& b) {
    return a.first != b.first ? a.first < b.first : a.last > b.last;
  };
  std::ranges::sort(ranges, before);
  std::vector<IpPrefix> apart;
  for (const IpPrefix& range : ranges) {
    if (apart.empty() || range.first > apart.back().last) apart.push_back(range);
  }
  return apart;
}

}  // namespace weir::filter
