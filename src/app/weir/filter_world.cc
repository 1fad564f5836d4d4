#include "app/weir/filter_world.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/fd.h"

namespace weir::app {
namespace {

std::optional<IpAddress> address_of(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    return IpAddress::from_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6;
  std::memcpy(&v6, &address, sizeof v6);
  IpAddress result;
  std::memcpy(result.bytes.data(), &v6.sin6_addr, result.bytes.size());
  return result;
}

std::expected<std::vector<IpAddress>, std::string> resolve(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;  // each address once
  addrinfo* first = nullptr;
  const int error = getaddrinfo(name.c_str(), nullptr, &hints, &first);
  if (error != 0) return std::unexpected(fmt::format("cannot look up '{}': {}", name, gai_strerror(error)));
  std::vector<IpAddress> addresses;
  for (const addrinfo* info = first; info != nullptr; info = info->ai_next) {
    const std::optional<IpAddress> address = address_of(*info->ai_addr);
    if (address && std::ranges::find(addresses, *address) == addresses.end()) addresses.push_back(*address);
  }
  freeaddrinfo(first);
  return addresses;
}

// Regular files only: anything else may have no end, or wait for somebody.
std::expected<std::string, std::string> read_file(const std::string& path, size_t most) {
  const auto failed = [&] { return std::unexpected(fmt::format("cannot read {}: {}", path, std::strerror(errno))); };
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status;
  if (!file || fstat(file.get(), &status) != 0) return failed();
  if (!S_ISREG(status.st_mode)) return std::unexpected(fmt::format("cannot read {}: not a regular file", path));
  std::string text(most + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = read(file.get(), text.data() + size, text.size() - size);
    if (count < 0) return failed();
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  text.resize(size);
  return text;  // of more than `most` bytes if the file has more: the caller says so
}

}  // namespace

filter::World filter_world(std::function<std::optional<flow::ColumnType>(std::string_view name)> more) {
  return {std::move(more), resolve, read_file};
}

}  // namespace weir::app
