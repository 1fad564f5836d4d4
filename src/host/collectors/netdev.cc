#include "host/collectors/netdev.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>

#include <array>
#include <charconv>

#include "host/collectors/options.h"
#include "host/select/remembered_selector.h"

namespace weir::host {
namespace {

using enum LinkCounter;

// A family, and the counters of the kernel that it is the sum of.
struct Family {
  std::string_view name;
  std::string_view help;
  std::array<LinkCounter, 4> counters;
  size_t count;
};

template <class... Counters>
constexpr Family family(std::string_view name, std::string_view help, Counters... counters) {
  return {name, help, {counters...}, sizeof...(counters)};
}

#define WEIR_NETDEV(name, ...) family("node_network_" name "_total", "Network device statistic " name ".", __VA_ARGS__)

// The families of /proc/net/dev, which dashboards use.
constexpr auto kFamilies = std::to_array<Family>({
    WEIR_NETDEV("receive_bytes", rx_bytes),
    WEIR_NETDEV("receive_compressed", rx_compressed),
    WEIR_NETDEV("receive_drop", rx_dropped, rx_missed_errors),
    WEIR_NETDEV("receive_errs", rx_errors),
    WEIR_NETDEV("receive_fifo", rx_fifo_errors),
    WEIR_NETDEV("receive_frame", rx_frame_errors, rx_length_errors, rx_over_errors, rx_crc_errors),
    WEIR_NETDEV("receive_multicast", multicast),
    WEIR_NETDEV("receive_nohandler", rx_nohandler),
    WEIR_NETDEV("receive_packets", rx_packets),
    WEIR_NETDEV("transmit_bytes", tx_bytes),
    WEIR_NETDEV("transmit_carrier", tx_carrier_errors, tx_aborted_errors, tx_heartbeat_errors, tx_window_errors),
    WEIR_NETDEV("transmit_colls", collisions),
    WEIR_NETDEV("transmit_compressed", tx_compressed),
    WEIR_NETDEV("transmit_drop", tx_dropped),
    WEIR_NETDEV("transmit_errs", tx_errors),
    WEIR_NETDEV("transmit_fifo", tx_fifo_errors),
    WEIR_NETDEV("transmit_packets", tx_packets),
});

constexpr auto kDetailedFamilies = std::to_array<Family>({
    WEIR_NETDEV("collisions", collisions),
    WEIR_NETDEV("multicast", multicast),
    WEIR_NETDEV("receive_bytes", rx_bytes),
    WEIR_NETDEV("receive_compressed", rx_compressed),
    WEIR_NETDEV("receive_crc_errors", rx_crc_errors),
    WEIR_NETDEV("receive_dropped", rx_dropped),
    WEIR_NETDEV("receive_errors", rx_errors),
    WEIR_NETDEV("receive_fifo_errors", rx_fifo_errors),
    WEIR_NETDEV("receive_frame_errors", rx_frame_errors),
    WEIR_NETDEV("receive_length_errors", rx_length_errors),
    WEIR_NETDEV("receive_missed_errors", rx_missed_errors),
    WEIR_NETDEV("receive_nohandler", rx_nohandler),
    WEIR_NETDEV("receive_over_errors", rx_over_errors),
    WEIR_NETDEV("receive_packets", rx_packets),
    WEIR_NETDEV("transmit_aborted_errors", tx_aborted_errors),
    WEIR_NETDEV("transmit_bytes", tx_bytes),
    WEIR_NETDEV("transmit_carrier_errors", tx_carrier_errors),
    WEIR_NETDEV("transmit_compressed", tx_compressed),
    WEIR_NETDEV("transmit_dropped", tx_dropped),
    WEIR_NETDEV("transmit_errors", tx_errors),
    WEIR_NETDEV("transmit_fifo_errors", tx_fifo_errors),
    WEIR_NETDEV("transmit_heartbeat_errors", tx_heartbeat_errors),
    WEIR_NETDEV("transmit_packets", tx_packets),
    WEIR_NETDEV("transmit_window_errors", tx_window_errors),
});

#undef WEIR_NETDEV

class Netdev : public Collector {
 public:
  Netdev(const Options& options, Selector selector)
      : links_(options.links),
        selector_(std::move(selector)),
        families_(options.netdev_detailed ? std::span<const Family>(kDetailedFamilies)
                                          : std::span<const Family>(kFamilies)),
        label_alias_(options.netdev_label_alias),
        with_addresses_(options.netdev_address_info) {}

  Result<> collect(telemetry::Exposition& out) override {
    const std::span<const Link> links = TRY(links_->read(seen_));
    selected_.clear();
    size_t position = 0;
    for (const Link& link : links) {
      if (selector_.selects(position++, link.name)) selected_.push_back(&link);
    }
    for (const Family& one : families_) write(one, out);
    return with_addresses_ ? write_addresses(out) : Result<>();
  }

 private:
  void write(const Family& family, telemetry::Exposition& out) const {
    out.family(family.name, telemetry::MetricType::counter, family.help);
    for (const Link* link : selected_) {
      uint64_t sum = 0;
      for (size_t i = 0; i < family.count; ++i) sum += link->counter(family.counters[i]);
      const std::array<telemetry::Label, 2> labels{{{"device", link->name}, {"ifalias", link->alias}}};
      out.sample(std::span(labels).first(label_alias_ ? 2 : 1), sum);
    }
  }

  Result<> write_addresses(telemetry::Exposition& out) {
    addresses_.clear();
    const auto asked = socket_.ask(
        address_request_, [this] { addresses_.clear(); },
        [this](const netlink::Message& message) {
          if (message.type != RTM_NEWADDR) return;
          if (auto address = parse_address(message.payload)) addresses_.push_back(std::move(*address));
        });
    if (!asked) return fail("cannot list the addresses: {}", asked.error().message);
    out.family("node_network_address_info", telemetry::MetricType::gauge, "node network address by device");
    for (const LinkAddress& address : addresses_) {
      const std::string_view name = links_->name_of(address.link_index);
      if (name.empty()) continue;
      std::array<char, 4> digits;
      const auto end = std::to_chars(digits.begin(), digits.end(), address.prefix_length).ptr;
      out.sample({{"device", name},
                  {"address", address.address},
                  {"netmask", {digits.begin(), end}},
                  {"scope", address.scope}},
                 1);
    }
    return {};
  }

  std::shared_ptr<LinkTable> links_;
  uint64_t seen_ = 0;
  RememberedSelector selector_;
  std::span<const Family> families_;
  bool label_alias_;
  bool with_addresses_;
  std::vector<const Link*> selected_;
  netlink::Socket socket_{NETLINK_ROUTE};
  netlink::Request address_request_{RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{}};
  std::vector<LinkAddress> addresses_;
};

std::string_view scope_of(const in_addr& address) {
  const uint32_t host = ntohl(address.s_addr);
  if (host >> 24 == 127 || host >> 16 == 0xA9FE || host >> 8 == 0xE00000) return "link-local";
  return host == 0 || host == 0xFFFFFFFF || host >> 28 == 0xE ? "" : "global";
}

std::string_view scope_of(const in6_addr& address) {
  if (IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_LINKLOCAL(&address) || IN6_IS_ADDR_MC_LINKLOCAL(&address))
    return "link-local";
  if (IN6_IS_ADDR_MC_NODELOCAL(&address)) return "interface-local";
  return IN6_IS_ADDR_UNSPECIFIED(&address) || IN6_IS_ADDR_MULTICAST(&address) ? "" : "global";
}

template <class Address>
bool describe(int family, ByteView value, LinkAddress& into) {
  Address address;
  if (value.size() != sizeof(address)) return false;
  std::memcpy(&address, value.data(), sizeof(address));
  std::array<char, INET6_ADDRSTRLEN> text;
  if (::inet_ntop(family, &address, text.data(), text.size()) == nullptr) return false;
  into.address = text.data();
  into.scope = scope_of(address);
  return true;
}

}  // namespace

std::optional<LinkAddress> parse_address(ByteView payload) {
  const auto message = netlink::framed<ifaddrmsg>(payload);
  if (!message) return std::nullopt;
  LinkAddress parsed;
  parsed.link_index = message->header.ifa_index;
  parsed.prefix_length = message->header.ifa_prefixlen;
  // On a point-to-point link, IFA_ADDRESS is that of the other end. IPv6 on other links has no IFA_LOCAL.
  auto value = message->attributes.find(IFA_LOCAL);
  if (!value) value = message->attributes.find(IFA_ADDRESS);
  if (!value) return std::nullopt;
  const bool described = message->header.ifa_family == AF_INET    ? describe<in_addr>(AF_INET, *value, parsed)
                         : message->header.ifa_family == AF_INET6 ? describe<in6_addr>(AF_INET6, *value, parsed)
                                                                  : false;
  if (!described) return std::nullopt;
  return parsed;
}

Result<std::unique_ptr<Collector>> make_netdev(const Options& options) {
  Selector selector = TRY(Selector::compile(options.netdev_device, "--collector.netdev.device"));
  return std::make_unique<Netdev>(options, std::move(selector));
}

}  // namespace weir::host
