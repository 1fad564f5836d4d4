// Counters of the NFS client and server (/proc/net/rpc/nfs, nfsd): lines of a keyword and numbers.
//
//   net 18628 0 18628 6
//   proc3 22 1 4084749 29200 ...     (how many, then one for each procedure)
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace weir::host {

// The numbers behind a keyword, up to the first word that is not a number. Those that the kernel lacks are 0.
class RpcLine {
 public:
  // NFS 4.2 has about 80 operations.
  static constexpr size_t kMaxNumbers = 128;

  uint64_t at(size_t position) const { return position < count_ ? numbers_[position] : 0; }
  size_t size() const { return count_; }
  void add(uint64_t number) {
    if (count_ < kMaxNumbers) numbers_[count_++] = number;
  }

 private:
  std::array<uint64_t, kMaxNumbers> numbers_;
  size_t count_ = 0;
};

// The line of this keyword; nothing if there is none. With `counted`, its first number tells how many follow: nothing
// either if that is wrong.
std::optional<RpcLine> find_rpc_line(std::string_view text, std::string_view keyword, bool counted = false);

}  // namespace weir::host
