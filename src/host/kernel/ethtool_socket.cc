#include "host/kernel/ethtool_socket.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace weir::host {
namespace {

// A large adapter has about 5,000 statistics.
constexpr uint32_t kMaxStatistics = 65'536;

template <size_t Size>
std::string text_of(const char (&text)[Size]) {
  return {text, ::strnlen(text, Size)};
}

}  // namespace

Result<> EthtoolSocket::open() {
  if (fd_) return {};
  fd_ = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd_) fd_ = Fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd_) return fail_errno("cannot open a socket for ethtool");
  return {};
}

ByteView EthtoolSocket::bytes() const {
  return {reinterpret_cast<const uint8_t*>(buffer_.data()), buffer_.size() * sizeof(uint64_t)};
}

bool EthtoolSocket::ask(std::string_view device, void* command) {
  ifreq request{};
  if (device.size() >= sizeof(request.ifr_name)) return false;
  std::ranges::copy(device, request.ifr_name);
  request.ifr_data = static_cast<char*>(command);
  return ::ioctl(fd_.get(), SIOCETHTOOL, &request) == 0;
}

std::optional<EthtoolDriver> EthtoolSocket::driver(std::string_view device) {
  ethtool_drvinfo command{};
  command.cmd = ETHTOOL_GDRVINFO;
  if (!ask(device, &command)) return std::nullopt;
  return EthtoolDriver{.driver = text_of(command.driver),
                       .version = text_of(command.version),
                       .firmware_version = text_of(command.fw_version),
                       .bus_info = text_of(command.bus_info),
                       .expansion_rom_version = text_of(command.erom_version)};
}

std::optional<EthtoolLink> EthtoolSocket::link(std::string_view device) {
  // Three masks follow the header: supported, advertised, those of the link partner. The kernel tells their length
  // first.
  constexpr size_t kMaxWords = 127;
  buffer_.assign((sizeof(ethtool_link_settings) + 3 * kMaxWords * sizeof(uint32_t)) / sizeof(uint64_t) + 1, 0);
  auto* command = reinterpret_cast<ethtool_link_settings*>(buffer_.data());
  command->cmd = ETHTOOL_GLINKSETTINGS;
  if (!ask(device, command) || command->link_mode_masks_nwords >= 0) return std::nullopt;
  const auto words = static_cast<size_t>(-command->link_mode_masks_nwords);
  if (words > kMaxWords) return std::nullopt;
  command->cmd = ETHTOOL_GLINKSETTINGS;
  command->link_mode_masks_nwords = static_cast<int8_t>(words);
  if (!ask(device, command) || command->link_mode_masks_nwords != static_cast<int8_t>(words)) return std::nullopt;
  EthtoolLink link;
  link.autonegotiation = command->autoneg != 0;
  const ByteView masks = bytes().subspan(offsetof(ethtool_link_settings, link_mode_masks));
  const size_t taken = std::min(words, link.supported.size()) * sizeof(uint32_t);
  std::memcpy(link.supported.data(), masks.data(), taken);
  std::memcpy(link.advertised.data(), masks.subspan(words * sizeof(uint32_t)).data(), taken);
  return link;
}

std::optional<uint32_t> EthtoolSocket::statistic_count(std::string_view device) {
  // One bit of the mask is set, so one number follows the header.
  constexpr size_t kSize = sizeof(ethtool_sset_info) + sizeof(uint32_t);
  buffer_.assign(kSize / sizeof(uint64_t) + 1, 0);
  auto* sizes = reinterpret_cast<ethtool_sset_info*>(buffer_.data());
  sizes->cmd = ETHTOOL_GSSET_INFO;
  sizes->sset_mask = uint64_t{1} << ETH_SS_STATS;
  if (!ask(device, sizes) || sizes->sset_mask == 0) return std::nullopt;
  uint32_t count = 0;
  std::memcpy(&count, bytes().subspan(offsetof(ethtool_sset_info, data)).data(), sizeof(count));
  return count;
}

std::optional<ByteView> EthtoolSocket::statistic_names(std::string_view device) {
  const auto count = statistic_count(device);
  if (!count || *count == 0 || *count > kMaxStatistics) return std::nullopt;
  buffer_.assign((sizeof(ethtool_gstrings) + size_t{*count} * ETH_GSTRING_LEN) / sizeof(uint64_t) + 1, 0);
  auto* names = reinterpret_cast<ethtool_gstrings*>(buffer_.data());
  names->cmd = ETHTOOL_GSTRINGS;
  names->string_set = ETH_SS_STATS;
  names->len = *count;
  if (!ask(device, names) || names->len > *count) return std::nullopt;
  return bytes().subspan(sizeof(ethtool_gstrings), size_t{names->len} * ETH_GSTRING_LEN);
}

bool EthtoolSocket::statistics(std::string_view device, size_t count, std::vector<uint64_t>& values) {
  static_assert(sizeof(ethtool_stats) == sizeof(uint64_t));
  // The kernel writes as many numbers as there are, whatever room the reader has.
  if (statistic_count(device) != count) return false;
  // Room for twice as many: their number may have grown since it was asked for.
  buffer_.assign(1 + 2 * count, 0);
  auto* command = reinterpret_cast<ethtool_stats*>(buffer_.data());
  command->cmd = ETHTOOL_GSTATS;
  command->n_stats = static_cast<uint32_t>(count);
  if (!ask(device, command) || command->n_stats != count) return false;
  values.assign(buffer_.begin() + 1, buffer_.begin() + 1 + static_cast<std::ptrdiff_t>(count));
  return true;
}

}  // namespace weir::host
