// The requests of ioctl SIOCETHTOOL that collectors use.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"

namespace weir::host {

struct EthtoolDriver {
  std::string driver;
  std::string version;
  std::string firmware_version;
  std::string bus_info;
  std::string expansion_rom_version;
};

struct EthtoolLink {
  // Bits ETHTOOL_LINK_MODE_*_BIT.
  std::array<uint32_t, 4> supported{};
  std::array<uint32_t, 4> advertised{};
  bool autonegotiation = false;

  static bool has(const std::array<uint32_t, 4>& bits, unsigned bit) {
    return bit < 128 && (bits[bit / 32] >> (bit % 32) & 1) != 0;
  }
};

// One thread. A request that a driver does not support returns nothing.
class EthtoolSocket {
 public:
  Result<> open();
  std::optional<EthtoolDriver> driver(std::string_view device);
  std::optional<EthtoolLink> link(std::string_view device);
  // The names of its statistics, for parse_ethtool_strings; valid until the next request.
  std::optional<ByteView> statistic_names(std::string_view device);
  // The values of its `count` statistics; false if there are fewer.
  bool statistics(std::string_view device, size_t count, std::vector<uint64_t>& values);

 private:
  std::optional<uint32_t> statistic_count(std::string_view device);
  ByteView bytes() const;
  bool ask(std::string_view device, void* command);

  Fd fd_;
  // Aligned for the structs that the kernel reads and writes.
  std::vector<uint64_t> buffer_;
};

}  // namespace weir::host
